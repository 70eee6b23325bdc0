#include <algorithm>
#include <map>

#include "backends/jit/body.h"
#include "backends/jit/elementwise.h"
#include "backends/jit/lowering.h"
#include "backends/jit/machine.h"
#include "backends/jit/updated_gradient.h"

// Gradients of a convolution's weights, and perhaps of its bias, and the optimizer's updates that read them:
// the kernels of the gradients, whatever their family, with an update in the place of each store.
namespace sinter::jit {
namespace {

// Of an element beside the arithmetic where lanes are samples and results are made one at a time, and where
// sixteen lanes lie apart.
constexpr double element_seconds = 0.1e-9;

// The gradients as a graph of one node, in the layouts of a node of the whole.
Graph gradients_alone(const Graph& graph, const Node& node, const UpdatedGradient& form) {
  Graph alone;
  Node gradients{OpKind::fusion,
                 Attributes(OpKind::fusion, {{"body", std::make_shared<const Graph>(form.gradients)}}),
                 {},
                 {},
                 node.source};
  for (const size_t input : form.inputs)
    gradients.operands.push_back(
        alone.input(fmt::format("x{}", input), graph.type(node.operands[input])).id());
  std::vector<Type> types;
  for (const UpdatedGradient::Update& update : form.updates)
    types.push_back(graph.type(node.results[update.first_result]));
  for (const Value& value : alone.append_typed(std::move(gradients), types)) alone.add_result(value);
  return alone;
}

class UpdateWriter {
 public:
  UpdateWriter(const Graph& graph, const Node& node, const UpdatedGradient& form, Kernel kernel)
      : graph_(graph),
        node_(node),
        body_(node.attributes.body()),
        form_(form),
        stored_(form.updates.size(), -1),
        k_(moved(std::move(kernel))) {}

  Kernel write() {
    for (size_t i = 0; i < stored_.size(); ++i)
      if (stored_[i] >= 0)
        k_.replace_stores(stored_[i], [&](const Access& to, const Expr& gradient) {
          write_update(form_.updates[i], to, gradient);
        });
    Kernel kernel = k_.finish();
    kernel.name = kernel_name(node_);
    kernel.scratch_argument = static_cast<int64_t>(node_.operands.size() + node_.results.size());
    return kernel;
  }

 private:
  // The memory of a gradient becomes that of its update's first result, which lies as it would.
  Kernel moved(Kernel kernel) {
    const auto inputs = static_cast<int64_t>(form_.inputs.size());
    for (size_t i = 0; i < kernel.buffers.size(); ++i) {
      Buffer& buffer = kernel.buffers[i];
      if (buffer.place != Buffer::Place::argument) continue;
      size_t position = 0;
      if (buffer.position < inputs) {
        position = form_.inputs[buffer.position];
      } else {
        stored_[buffer.position - inputs] = static_cast<BufferId>(i);
        position = node_.operands.size() + form_.updates[buffer.position - inputs].first_result;
      }
      buffer.name = name_at(position);
      buffer.position = static_cast<int64_t>(position);
      known_[position] = static_cast<BufferId>(i);
    }
    return kernel;
  }

  std::string name_at(size_t position) const {
    return fmt::format("{}{}", position < node_.operands.size() ? "x" : "y", position);
  }

  BufferId argument(size_t position) {
    const auto known = known_.find(position);
    if (known != known_.end()) return known->second;
    const size_t operands = node_.operands.size();
    const ValueId id = position < operands ? node_.operands[position] : node_.results[position - operands];
    return known_[position] = k_.argument(name_at(position), graph_.type(id), position);
  }

  Expr load(ValueId input, Access at, bool vector) {
    at.buffer = argument(std::ranges::find(body_.inputs(), input) - body_.inputs().begin());
    if (!body_.type(input).shape.empty()) return k_.let("x", k_.load(at, vector));
    return k_.load({.buffer = at.buffer, .index = 0, .lane_stride = vector ? 0 : 1}, vector);
  }

  // All is read before anything is written: results lie in the memory of what they replace.
  void write_update(const UpdatedGradient::Update& update, const Access& to, const Expr& value) {
    const Expr gradient = k_.let("gradient", value);
    Expressions expressions(k_, body_, value.is_vector(), [&](ValueId id) -> std::optional<Expr> {
      if (id == update.gradient) return gradient;
      if (body_.info(id).kind != ValueKind::input) return std::nullopt;
      return load(id, to, value.is_vector());
    });
    const Node& node = body_.node(update.node);
    std::vector<Expr> results;
    for (const ValueId result : node.results) results.push_back(expressions(result));
    for (size_t i = 0; i < results.size(); ++i) {
      Access at = to;
      at.buffer = argument(node_.operands.size() + update.first_result + i);
      k_.store(at, results[i]);
    }
  }

  const Graph& graph_;
  const Node& node_;
  const Graph& body_;
  const UpdatedGradient& form_;
  std::vector<BufferId> stored_;      ///< by update: the gradient's memory; -1: not in this kernel
  std::map<size_t, BufferId> known_;  ///< by position
  KernelBuilder k_;
};

// Values of an update that lie as the gradient does.
bool is_per_element(const Graph& body, ValueId id) {
  return id.valid() && body.info(id).kind == ValueKind::input && !body.type(id).shape.empty();
}

// What the update reads and writes, the gradient not among them.
double update_seconds(const Graph& body, const UpdatedGradient::Update& update) {
  const Node& node = body.node(update.node);
  const auto values =
      static_cast<double>(node.results.size() + std::ranges::count_if(node.operands, [&](ValueId id) {
                            return is_per_element(body, id);
                          }));
  const auto elements = static_cast<double>(element_count(body.type(update.gradient).shape));
  return values * elements * (size_of(DType::f32) / bytes_per_second + element_seconds);
}

std::vector<Implementation> implementations(const Graph& graph, const Node& node, std::span<const Layout>) {
  if (node.op != OpKind::fusion) return {};
  const Graph& body = node.attributes.body();
  UpdatedGradient form;
  if (refuses_updated_gradient(body, &form)) return {};
  const Graph alone = gradients_alone(graph, node, form);
  double seconds = 0;
  for (const UpdatedGradient::Update& update : form.updates) seconds += update_seconds(body, update);
  std::vector<Implementation> ways;
  for (const Implementation& way :
       find_lowering(alone, alone.node(0))->implementations(alone, alone.node(0), {})) {
    Implementation own = {
        std::vector<Layout>(node.operands.size()), {}, way.seconds + seconds, way.least_flops_share};
    for (size_t i = 0; i < form.inputs.size(); ++i) own.operands[form.inputs[i]] = way.operands[i];
    for (size_t i = 0; i < form.updates.size(); ++i) {
      const Node& update = body.node(form.updates[i].node);
      for (const ValueId id : update.operands)
        if (is_per_element(body, id))
          own.operands[std::ranges::find(body.inputs(), id) - body.inputs().begin()] = way.results[i];
      own.results.insert(own.results.end(), update.results.size(), way.results[i]);
    }
    ways.push_back(std::move(own));
  }
  return ways;
}

Lowered lower(const Graph& graph, const Node& node, const CpuTarget& cpu) {
  UpdatedGradient form;
  refuses_updated_gradient(node.attributes.body(), &form);
  const Graph alone = gradients_alone(graph, node, form);
  Lowered lowered = find_lowering(alone, alone.node(0))->lower(alone, alone.node(0), cpu);
  for (Kernel& kernel : lowered.kernels) kernel = UpdateWriter(graph, node, form, std::move(kernel)).write();
  return lowered;
}

}  // namespace

std::optional<std::string> refuses_updated_weight_gradient_body(const Graph& body) {
  return refuses_updated_gradient(body, nullptr);
}

const Lowering updated_weight_gradient_lowering = {implementations, lower};

}  // namespace sinter::jit
