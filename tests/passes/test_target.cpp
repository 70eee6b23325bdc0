#include "tests/passes/test_target.h"

#include <fmt/format.h>

#include <algorithm>

namespace sinter {
namespace {

constexpr double call_seconds = 1e-6;
constexpr double byte_seconds = 1e-9;
constexpr double multiplication_seconds = 1e-9;
constexpr double computed_again_seconds = 15e-9;  // of an element
constexpr int64_t few_channels = 4;
constexpr size_t most_fused = 3;

Implementation plain_way(const Node& node) {
  return {std::vector<Layout>(node.operands.size()), std::vector<Layout>(node.results.size()), 0};
}

// A norm that finds its statistics itself looks at its input twice.
bool reads_twice(const Node& node) {
  if (node.op != OpKind::fusion) return node.op == OpKind::batch_norm_training;
  const auto& nodes = node.attributes.body().nodes();
  return !nodes.empty() && nodes.front().op == OpKind::batch_norm_training;
}

double traffic(const Graph& graph, const Node& node, const Implementation& way) {
  double bytes = 0;
  const auto count = [&](ValueId id, const Layout& layout) {
    const Type& type = graph.type(id);
    bytes += static_cast<double>(layout.bytes(sizes(type.shape), size_of(type.dtype)));
  };
  for (size_t i = 0; i < node.operands.size(); ++i)
    if (node.operands[i].valid()) count(node.operands[i], way.operands[i]);
  if (reads_twice(node)) count(node.operands[0], way.operands[0]);
  for (size_t i = 0; i < node.results.size(); ++i) count(node.results[i], way.results[i]);
  return call_seconds + byte_seconds * bytes;
}

// The node that decides in what layouts another runs: itself, or the product in a fusion's body.
struct Root {
  const Graph& graph;
  const Node& node;
};

Root root_of(const Graph& graph, const Node& node) {
  if (node.op != OpKind::fusion) return {graph, node};
  const Graph& body = node.attributes.body();
  const bool alone = body.nodes().size() == 1;
  const auto product = std::ranges::find_if(body.nodes(), [&](const Node& n) {
    return n.op != OpKind::sum && (alone || n.op != OpKind::avg_pool2d_backward);
  });
  return product == body.nodes().end() ? Root{graph, node} : Root{body, *product};
}

bool is_convolution(OpKind op) {
  return op == OpKind::conv2d || op == OpKind::conv2d_backward_data || op == OpKind::conv2d_backward_weights;
}

// The weights of a convolution or their gradient, in the graph of the root.
ValueId weights_of(const Node& root) {
  return root.op == OpKind::conv2d_backward_weights ? root.results[0] : root.operands[1];
}

// Multiplications of a convolution: each weight once for every sample and place of the smaller image's side.
double multiplications(const Root& root, const Layout& images, const Layout& weights) {
  const bool forward = root.node.op == OpKind::conv2d;
  const ValueId y = forward ? root.node.results[0]
                            : root.node.operands[root.node.op == OpKind::conv2d_backward_data ? 0 : 1];
  const auto padded = [&](ValueId id, const Layout& layout) {
    return layout.padded(sizes(root.graph.type(id).shape));
  };
  const auto y_sizes = padded(y, images), weight_sizes = padded(weights_of(root.node), weights);
  double count = static_cast<double>(y_sizes[0] * y_sizes[2] * y_sizes[3]);
  for (const int64_t size : weight_sizes) count *= static_cast<double>(size);
  return count;
}

// A convolution with all its images in one layout and its weights in another; vectors stay plain.
Implementation convolution_way(const Graph& graph, const Node& node, const Layout& images,
                               const Layout& weights, double seconds_each) {
  const Root root = root_of(graph, node);
  const auto layout_of = [&](const Graph& owner, ValueId id) {
    if (owner.type(id).shape.size() != 4) return Layout{};
    return id == weights_of(root.node) ? weights : images;
  };
  Implementation way = plain_way(node);
  const bool fused = node.op == OpKind::fusion;
  for (size_t i = 0; i < node.operands.size(); ++i)
    if (node.operands[i].valid())
      way.operands[i] = layout_of(root.graph, fused ? root.graph.inputs()[i] : node.operands[i]);
  for (size_t i = 0; i < node.results.size(); ++i)
    way.results[i] = layout_of(root.graph, fused ? root.graph.results()[i].value : node.results[i]);
  way.seconds = traffic(graph, node, way) + seconds_each * multiplications(root, images, weights);
  for (const Node& inner : root.graph.nodes())
    if (fused && inner.op == OpKind::avg_pool2d_backward)
      way.seconds += computed_again_seconds *
                     static_cast<double>(element_count(root.graph.type(inner.results[0]).shape));
  return way;
}

std::vector<Implementation> convolution_ways(const Graph& graph, const Node& node) {
  const Layout plain, blocked = Layout::parse("aBcd16b"), last = Layout::parse("acdb");
  const Layout blocked_weights = Layout::parse("ABcd16b16a");
  std::vector<Implementation> ways = {
      convolution_way(graph, node, plain, plain, multiplication_seconds),
      convolution_way(graph, node, blocked, blocked_weights, multiplication_seconds / 4)};
  const Root root = root_of(graph, node);
  if (root.graph.type(weights_of(root.node)).shape[1].size <= few_channels)
    ways.push_back(convolution_way(graph, node, last, plain, multiplication_seconds / 2));
  return ways;
}

bool is_pool(OpKind op) {
  return op == OpKind::max_pool2d || op == OpKind::max_pool2d_argmax || op == OpKind::max_pool2d_backward ||
         op == OpKind::avg_pool2d || op == OpKind::avg_pool2d_backward || op == OpKind::global_avg_pool2d;
}

// Whether an op runs in any layout; with padding only where that stays zero.
enum class Takes { plain, unpadded, any };

Takes takes(const Graph& graph, const Node& node) {
  if (node.op == OpKind::fusion) {
    const Graph& body = node.attributes.body();
    Takes least = Takes::any;
    for (const Node& inner : body.nodes()) least = std::min(least, takes(body, inner));
    return least;
  }
  if (is_pool(node.op)) return Takes::any;
  const Elementwise elementwise = op_def(node.op).elementwise;
  if (elementwise == Elementwise::no) return Takes::plain;
  for (const ValueId id : node.operands)
    if (id.valid() && !graph.type(id).shape.empty() &&
        graph.type(id).shape != graph.type(node.results[0]).shape)
      return Takes::plain;
  // A scalar that is added fills padding, as does one that is compared with or chosen.
  const bool scalar = std::ranges::any_of(
      node.operands, [&](ValueId id) { return id.valid() && graph.type(id).shape.empty(); });
  const bool keeps = elementwise == Elementwise::keeps_zeros &&
                     (!scalar || node.op == OpKind::mul || op_def(node.op).updates);
  return keeps ? Takes::any : Takes::unpadded;
}

bool updates_by_lanes(const Node& node) {
  if (node.op != OpKind::fusion) return false;
  const auto& nodes = node.attributes.body().nodes();
  return !nodes.empty() && nodes.front().op == OpKind::sum && op_def(nodes.back().op).updates;
}

void add_lane_ways(const Graph& graph, const Node& node, std::span<const Layout> offered,
                   std::vector<Implementation>& ways) {
  const Implementation plain = ways[0];
  for (const Layout& layout : offered) {
    if (layout.order().size() != graph.type(node.operands[0]).shape.size()) continue;
    ways.push_back(plain);
    ways.back().operands[0] = layout;
  }
}

bool fits(const Graph& graph, ValueId id, const Layout& layout, Takes takes) {
  const auto own = sizes(graph.type(id).shape);
  if (own.empty()) return true;
  if (layout.order().size() != own.size()) return false;
  return takes == Takes::any || layout.padded(own) == own;
}

}  // namespace

std::vector<Implementation> TestTarget::implementations(const Graph& graph, NodeId id,
                                                        std::span<const Layout> offered) const {
  const Node& node = graph.node(id);
  if (is_convolution(root_of(graph, node).node.op)) return convolution_ways(graph, node);
  std::vector<Implementation> ways = {plain_way(node)};
  ways[0].seconds = traffic(graph, node, ways[0]);
  const Takes taken = takes(graph, node);
  if (updates_by_lanes(node)) add_lane_ways(graph, node, offered, ways);
  if (taken == Takes::plain) return ways;
  for (const Layout& layout : offered) {
    Implementation way = plain_way(node);
    bool possible = !layout.is_plain();
    const auto lay_out = [&](ValueId value, Layout& own) {
      if (!value.valid()) return;
      possible = possible && fits(graph, value, layout, taken);
      own = graph.type(value).shape.empty() ? Layout{} : layout;
    };
    for (size_t i = 0; i < node.operands.size(); ++i) lay_out(node.operands[i], way.operands[i]);
    for (size_t i = 0; i < node.results.size(); ++i) lay_out(node.results[i], way.results[i]);
    if (!possible) continue;
    way.seconds = traffic(graph, node, way);
    ways.push_back(std::move(way));
  }
  return ways;
}

double TestTarget::reorder_seconds(const Type& type, const Layout& to) const {
  const int64_t bytes = type.bytes() + to.bytes(sizes(type.shape), size_of(type.dtype));
  return call_seconds + byte_seconds * static_cast<double>(bytes);
}

std::optional<std::string> TestTarget::refuses_fusion(const Graph& body) const {
  if (std::ranges::count(body.nodes(), OpKind::tanh, &Node::op) > 0) return "no tanh here";
  const auto counts = [](const Node& node) { return !op_def(node.op).updates; };
  const auto ops = static_cast<size_t>(std::ranges::count_if(body.nodes(), counts));
  if (ops > most_fused) return fmt::format("{} ops are more than {}", ops, most_fused);
  return std::nullopt;
}

}  // namespace sinter
