#include "backends/onednn/onednn.h"

#include <algorithm>

#include "backends/onednn/fusion.h"
#include "backends/onednn/machine.h"
#include "backends/onednn/memory_desc.h"
#include "backends/onednn/primitive_kernel.h"
#include "ir/cost.h"

namespace sinter {
namespace onednn {
namespace {

constexpr double call_seconds = 2e-6;
// Of a group's product of matrices: narrower ones take as long. Of 1 and 4 channels on Sapphire Rapids.
constexpr double full_speed_channels = 45;

struct Way {
  Implementation implementation;
  const Recipe* recipe;
  LayoutChoice choice;
};

bool can_hold(const Type& type) {
  return data_type(type.dtype) && is_concrete(type.shape) && element_count(type.shape) > 0 &&
         !type.layout.is_opaque() && type.shape.size() <= DNNL_MAX_NDIMS;
}

std::vector<Port> ports_of(const Graph& graph, const Node& node) {
  std::vector<Port> ports;
  for (const std::vector<ValueId>* ids : {&node.operands, &node.results})
    for (const ValueId id : *ids) {
      const size_t buffer = ports.size();
      ports.push_back({id.valid() ? Type{graph.type(id).dtype, graph.type(id).shape, {}} : Type{}, buffer});
    }
  return ports;
}

OpView view_of(const Node& node, std::span<const Port> ports) {
  OpView view{node.op, node.attributes, {}, {}};
  for (size_t i = 0; i < node.operands.size(); ++i)
    view.operands.push_back(node.operands[i].valid() ? std::optional(ports[i]) : std::nullopt);
  for (size_t i = node.operands.size(); i < ports.size(); ++i) view.results.push_back(ports[i]);
  return view;
}

using RecipeFunction = Recipes (*)(const OpView&, std::span<const Layout>);

struct Entry {
  OpKind op;
  RecipeFunction recipes;
};

// What oneDNN has for each op.
constexpr Entry entries[] = {
    {OpKind::conv2d,
     [](const OpView& op, std::span<const Layout> o) { return convolution_recipes(op, {}, o); }},
    {OpKind::conv2d_backward_data, convolution_backward_data_recipes},
    {OpKind::conv2d_backward_weights,
     [](const OpView& op, std::span<const Layout> o) {
       return convolution_backward_weights_recipes(op, {}, o);
     }},
    {OpKind::linear, [](const OpView& op, std::span<const Layout> o) { return linear_recipes(op, {}, o); }},
    {OpKind::matmul, [](const OpView& op, std::span<const Layout>) { return matmul_recipes(op); }},
    {OpKind::max_pool2d, pooling_recipes},
    {OpKind::max_pool2d_argmax, pooling_recipes},
    {OpKind::max_pool2d_backward, pooling_recipes},
    {OpKind::avg_pool2d, pooling_recipes},
    {OpKind::avg_pool2d_backward, pooling_recipes},
    {OpKind::global_avg_pool2d, pooling_recipes},
    {OpKind::relu, activation_recipes},
    {OpKind::leaky_relu, activation_recipes},
    {OpKind::sigmoid, activation_recipes},
    {OpKind::tanh, activation_recipes},
    {OpKind::exp, activation_recipes},
    {OpKind::log, activation_recipes},
    {OpKind::sqrt, activation_recipes},
    {OpKind::elu, activation_recipes},
    {OpKind::selu, activation_recipes},
    {OpKind::gelu, activation_recipes},
    {OpKind::silu, activation_recipes},
    {OpKind::hard_swish, activation_recipes},
    {OpKind::softplus, activation_recipes},
    {OpKind::prelu, prelu_recipes},
    {OpKind::batch_norm, batch_norm_recipes},
    {OpKind::batch_norm_training, batch_norm_recipes},
    {OpKind::batch_norm_backward, batch_norm_recipes},
    {OpKind::add, binary_recipes},
    {OpKind::sub, binary_recipes},
    {OpKind::mul, binary_recipes},
    {OpKind::div, binary_recipes},
    {OpKind::maximum, binary_recipes},
    {OpKind::minimum, binary_recipes},
    {OpKind::softmax, [](const OpView& op, std::span<const Layout>) { return softmax_recipes(op); }},
    {OpKind::log_softmax, [](const OpView& op, std::span<const Layout>) { return softmax_recipes(op); }},
    {OpKind::sum, [](const OpView& op, std::span<const Layout>) { return reduction_recipes(op); }},
    {OpKind::mean, [](const OpView& op, std::span<const Layout>) { return reduction_recipes(op); }},
    {OpKind::sum_to, [](const OpView& op, std::span<const Layout>) { return reduction_recipes(op); }},
    {OpKind::concat, concat_recipes},
    {OpKind::slice, slice_recipes},
    {OpKind::slice_backward, slice_backward_recipes},
    {OpKind::pad, pad_recipes},
    {OpKind::pad_backward, pad_recipes},
    {OpKind::transpose, [](const OpView& op, std::span<const Layout>) { return transpose_recipes(op); }},
    {OpKind::resize, resampling_recipes},
    {OpKind::resize_backward, resampling_recipes},
    {OpKind::reorder, reorder_recipes},
};

// What computes a value, reorders and slab loops looked through; null: it is given.
const Node* maker_of(const Graph& graph, ValueId value) {
  if (graph.info(value).kind != ValueKind::result) return nullptr;
  const Node& node = graph.node(graph.info(value).node);
  if (node.op == OpKind::reorder) return maker_of(graph, node.operands[0]);
  if (node.op != OpKind::slab_loop) return &node;
  const Graph& body = node.attributes.body();
  const auto position = std::ranges::find(node.results, value) - node.results.begin();
  return maker_of(body, body.results()[static_cast<size_t>(position)].value);
}

// An argmax from elsewhere than a pool could point outside its window; oneDNN does not look.
bool is_from_pool(const Graph& graph, const Node& backward) {
  const Node* found = maker_of(graph, backward.operands[1]);
  if (found == nullptr || found->op != OpKind::max_pool2d_argmax) return false;
  const Node& pool = *found;
  const auto same = [&](std::string_view name) {
    return pool.attributes.ints(name) == backward.attributes.ints(name);
  };
  return same("kernel_size") && same("stride") && same("padding") && same("dilation") &&
         pool.attributes.boolean("ceil_mode") == backward.attributes.boolean("ceil_mode");
}

Recipes recipes_of(const Graph& graph, const Node& node, std::span<const Port> ports,
                   std::span<const Layout> offered) {
  for (size_t i = 0; i < ports.size(); ++i)
    if ((i >= node.operands.size() || node.operands[i].valid()) && !can_hold(ports[i].type)) return {};
  // Arithmetic is in f32; other types are moved only, or are a pool's argmax.
  if (node.op != OpKind::reorder && ports[0].type.dtype != DType::f32) return {};
  if (node.op == OpKind::fusion) return fusion_recipes(node.attributes.body(), ports, offered);
  if (node.op == OpKind::max_pool2d_backward && !is_from_pool(graph, node)) return {};
  const auto* entry = std::ranges::find(entries, node.op, &Entry::op);
  if (entry == std::end(entries)) return {};
  return entry->recipes(view_of(node, ports), offered);
}

// Slices are counted before a layout is chosen, so that the choice does not change them.
int64_t slices_of(const Recipe& recipe) {
  int64_t lane_bytes = 0;
  double bytes = 0;
  for (const Argument& argument : recipe.arguments) {
    const auto own = argument.port.type.bytes();
    bytes += static_cast<double>(own);
    if (argument.cut == Cut::lane) lane_bytes += own;
  }
  lane_bytes += static_cast<int64_t>(recipe.slice_bytes);
  return worthwhile_slices(recipe.flops / flops_per_second() + bytes / bytes_per_second(), lane_bytes);
}

// FLOPs in whole vectors over what the implementation reaches, and bytes over the bandwidth, one after the
// other: on one thread.
double estimate(const Recipe& recipe, const std::vector<Layout>& layouts, std::string_view implementation) {
  const Efficiency efficiency = efficiency_of(implementation);
  double flops = recipe.flops, bytes = 0;
  std::vector<std::vector<int64_t>> sizes_of(layouts.size()), padded_of(layouts.size());
  for (const Argument& argument : recipe.arguments) {
    const size_t buffer = argument.port.buffer;
    sizes_of[buffer] = sizes(argument.port.type.shape);
    padded_of[buffer] = layouts[buffer].padded(sizes_of[buffer]);
    bytes += static_cast<double>(layouts[buffer].bytes(sizes_of[buffer], size_of(argument.port.type.dtype)));
  }
  for (const Channels& channels : recipe.channels) {
    const int64_t size = sizes_of[channels.buffer][channels.dimension];
    int64_t computed = padded_of[channels.buffer][channels.dimension];
    if (channels.in_lanes)
      computed = std::max(computed, (size + efficiency.width - 1) / efficiency.width * efficiency.width);
    flops *= static_cast<double>(computed) / static_cast<double>(size);
  }
  if (recipe.fill) bytes += static_cast<double>(recipe.fill->result.type.bytes());
  if (recipe.statistics) bytes += 2 * static_cast<double>(recipe.statistics->x.type.bytes());  // in f64
  if (recipe.serial) flops *= 2;
  const bool by_columns = efficiency.width == 1;  // written and read again
  if (by_columns) bytes += 2 * recipe.column_bytes;
  if (by_columns && recipe.group_channels > 0)
    flops *= std::max(1.0, full_speed_channels / static_cast<double>(recipe.group_channels));
  if (recipe.slice_bytes > 0) bytes += 2 * recipe.slice_bytes * static_cast<double>(slices_of(recipe));
  return flops / (flops_per_second() * efficiency.share) + bytes / bytes_per_second() + call_seconds;
}

// A recipe in a choice of layouts, those that oneDNN is free to choose included; none where it has no such
// primitive, also when it is asked for the layouts that it chose itself.
std::optional<Way> way_of(const Recipe& recipe, const LayoutChoice& choice) {
  const int64_t slices = slices_of(recipe);
  const SlicedPrimitive primitive(recipe, choice, slices);
  if (!primitive.exists()) return std::nullopt;
  const auto layouts = primitive.layouts();
  if (!layouts) return std::nullopt;
  const LayoutChoice chosen(layouts->begin(), layouts->end());
  if (chosen != choice) return way_of(recipe, chosen);
  const double seconds = estimate(recipe, *layouts, primitive.implementation());
  return Way{{{}, *layouts, seconds, recipe.flops_share}, &recipe, choice};
}

std::vector<Way> ways_of(const Recipes& recipes) {
  std::vector<Way> ways;
  for (const Recipe& recipe : recipes)
    for (const LayoutChoice& choice : recipe.choices)
      if (auto way = way_of(recipe, choice)) ways.push_back(std::move(*way));
  return ways;
}

// Of recipes without a way.
std::string why_none(const Recipes& recipes) {
  return recipes.empty() ? "there is no primitive for it" : "only its own reference code runs it";
}

std::string no_arithmetic(const Type& type) {
  return fmt::format("there is no arithmetic for {}", to_string(type));
}

class OneDnnBackend final : public Backend {
 public:
  std::string_view name() const noexcept override { return "onednn"; }
  std::string description() const override {
    const dnnl::version_t* version = dnnl::version();
    return fmt::format("oneDNN {}.{}.{}, {}", version->major, version->minor, version->patch,
                       instruction_set());
  }
  int vector_width() const override { return onednn::vector_width(); }
  double predicted_seconds(const Graph& graph, NodeId id, const Implementation& way,
                           double core_flops) const override {
    const double moving = std::min(way.seconds, cost(graph, graph.node(id)).bytes / bytes_per_second());
    return moving + (way.seconds - moving) * flops_per_second() / core_flops;
  }

  using Target::implementations;
  std::vector<Implementation> implementations(const Graph& graph, NodeId id,
                                              std::span<const Layout> offered) const override {
    const Node& node = graph.node(id);
    const auto ports = ports_of(graph, node);
    const Recipes recipes = recipes_of(graph, node, ports, offered);
    std::vector<Implementation> implementations;
    for (Way& way : ways_of(recipes)) {
      Implementation& own = way.implementation;
      own.operands.assign(own.results.begin(),
                          own.results.begin() + static_cast<int64_t>(node.operands.size()));
      own.results.erase(own.results.begin(),
                        own.results.begin() + static_cast<int64_t>(node.operands.size()));
      implementations.push_back(std::move(own));
    }
    return implementations;
  }

  double reorder_seconds(const Type& type, const Layout& to) const override {
    const int64_t bytes = type.bytes() + to.bytes(sizes(type.shape), size_of(type.dtype));
    return static_cast<double>(bytes) / bytes_per_second() + call_seconds;
  }

  std::optional<std::string> refuses_fusion(const Graph& body) const override {
    std::vector<Port> ports;
    for (const ValueId id : body.inputs()) ports.push_back({body.type(id), ports.size()});
    for (const GraphResult& result : body.results()) ports.push_back({body.type(result.value), ports.size()});
    for (const Port& port : ports)
      if (!can_hold(port.type) || port.type.dtype != DType::f32) return no_arithmetic(port.type);
    const Recipes recipes = fusion_recipes(body, ports, {});
    if (!ways_of(recipes).empty()) return std::nullopt;
    return why_none(recipes);
  }

  std::optional<std::string> declines(const Graph& graph, NodeId id) const override {
    const Node& node = graph.node(id);
    const auto ports = ports_of(graph, node);
    const Recipes recipes = recipes_of(graph, node, ports, layouts_of(graph, node));
    const auto ways = ways_of(recipes);
    if (best_of(ways, graph, node) != nullptr) return std::nullopt;
    if (!ways.empty()) return "not in these layouts";
    for (const Port& port : ports)
      if (recipes.empty() && is_floating(port.type.dtype) && port.type.dtype != DType::f32)
        return no_arithmetic(port.type);
    return why_none(recipes);
  }

  CompiledNode compile(const Graph& graph, NodeId id) const override {
    const Node& node = graph.node(id);
    const auto ports = ports_of(graph, node);
    const Recipes recipes = recipes_of(graph, node, ports, layouts_of(graph, node));
    const auto ways = ways_of(recipes);
    const Way* best = best_of(ways, graph, node);
    if (best == nullptr)
      fail_input("oneDNN declines {}: {}", describe_node(graph, id), declines(graph, id).value());
    try {
      return SlicedPrimitive(*best->recipe, best->choice, slices_of(*best->recipe)).compile();
    } catch (const dnnl::error& error) {
      fail("oneDNN could not compile {}: {}", describe_node(graph, id), error.message);
    }
  }

 private:
  // The fastest in the layouts of the graph; null: there is none.
  static const Way* best_of(std::span<const Way> ways, const Graph& graph, const Node& node) {
    const Way* best = nullptr;
    for (const Way& way : ways)
      if (has_layouts(graph, node, way.choice) &&
          (best == nullptr || way.implementation.seconds < best->implementation.seconds))
        best = &way;
    return best;
  }

  static bool has_layouts(const Graph& graph, const Node& node, const LayoutChoice& layouts) {
    size_t buffer = 0;
    for (const std::vector<ValueId>* ids : {&node.operands, &node.results})
      for (const ValueId value : *ids) {
        const auto& layout = layouts[buffer++];
        if (value.valid() && layout != graph.type(value).layout) return false;
      }
    return true;
  }
};

}  // namespace
}  // namespace onednn

std::unique_ptr<Backend> make_onednn_backend() { return std::make_unique<onednn::OneDnnBackend>(); }

}  // namespace sinter
