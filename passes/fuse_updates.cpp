#include "passes/fuse_updates.h"

#include <algorithm>
#include <functional>
#include <map>
#include <optional>

#include "ir/copy.h"
#include "passes/fusion_body.h"
#include "passes/readers.h"
#include "passes/target_memo.h"

namespace sinter {
namespace {

class Updates {
 public:
  Updates(const Graph& graph, const Target& target, std::vector<Remark>* remarks)
      : graph_(graph), target_(target), remarks_(remarks), readers_(graph) {}

  /// Whether anything was fused.
  bool run() {
    for (NodeId id = 0; id < node_count(); ++id)
      if (op_def(graph_.node(id).op).updates) trace(id);
    for (NodeId id = 0; id < node_count(); ++id) join(id);
    return !fused_.empty();
  }

  Graph rewritten() const {
    GraphCopy copy(graph_);
    for (NodeId id = 0; id < node_count(); ++id) {
      const auto found = fused_.find(id);
      if (found != fused_.end())
        copy.node(found->second);  // where the last update was
      else if (std::ranges::count(gone_, id) == 0)
        copy.node(graph_.node(id));
    }
    return copy.finish();
  }

 private:
  // What reads a gradient: a product with a number and a reorder, if there are such, and the update.
  using Chain = std::vector<NodeId>;

  NodeId node_count() const { return static_cast<NodeId>(graph_.nodes().size()); }
  NodeId maker_of(ValueId value) const { return graph_.info(value).node; }

  bool is_number(ValueId value) const {
    return graph_.info(value).kind == ValueKind::constant && graph_.type(value).shape.empty();
  }

  // What a product with a number scales; invalid: the value is none.
  ValueId scaled_by_number(ValueId value) const {
    if (maker_of(value) < 0) return {};
    const Node& node = graph_.node(maker_of(value));
    if (node.op != OpKind::mul) return {};
    if (is_number(node.operands[1])) return node.operands[0];
    return is_number(node.operands[0]) ? node.operands[1] : ValueId{};
  }

  // What a reorder brings into another layout; invalid: the value is no reorder's.
  ValueId reordered(ValueId value) const {
    if (maker_of(value) < 0 || graph_.node(maker_of(value)).op != OpKind::reorder) return {};
    return graph_.node(maker_of(value)).operands[0];
  }

  // ---- what makes gradients

  bool sums_lanes(const Node& node) const {
    if (node.op != OpKind::sum || node.attributes.ints("axes") != Ints{0} ||
        node.attributes.boolean("keepdims"))
      return false;
    const Layout& layout = graph_.type(node.results[0]).layout;
    return !layout.is_opaque() && graph_.type(node.operands[0]).layout == layout.stacked();
  }

  static bool is_of_convolution(const Node& node) {
    if (node.op != OpKind::fusion) return node.op == OpKind::conv2d_backward_weights;
    const auto& nodes = node.attributes.body().nodes();
    return std::ranges::find(nodes, OpKind::conv2d_backward_weights, &Node::op) != nodes.end();
  }

  bool makes_as(const Node& node, ValueId gradient, const Type& parameter) const {
    if (node.op == OpKind::sum) return sums_lanes(node);
    return (node.op == OpKind::matmul || is_of_convolution(node)) && graph_.type(gradient) == parameter;
  }

  // A matrix product that elementwise ops have been fused with; null: the node is none.
  static const Node* product_of(const Node& node) {
    if (node.op != OpKind::fusion) return nullptr;
    const auto& nodes = node.attributes.body().nodes();
    const auto found = std::ranges::find(nodes, OpKind::matmul, &Node::op);
    return found == nodes.end() ? nullptr : &*found;
  }

  // Whether somebody would hope for a fusion. Sums over samples that no loop made are no lanes.
  bool is_hoped_for(const Node& node) const {
    if (node.op != OpKind::sum)
      return node.op == OpKind::matmul || product_of(node) != nullptr || is_of_convolution(node);
    const NodeId lanes = maker_of(node.operands[0]);
    return lanes >= 0 && graph_.node(lanes).op == OpKind::slab_loop;
  }

  // ---- updates

  void trace(NodeId update) {
    const Node& node = graph_.node(update);
    Chain chain = {update};
    ValueId gradient = node.operands[1];
    const auto look_through = [&](ValueId from) {
      if (!from.valid() || readers_.only(gradient) != chain.front()) return;
      chain.insert(chain.begin(), maker_of(gradient));
      gradient = from;
    };
    look_through(reordered(gradient));
    look_through(scaled_by_number(gradient));
    look_through(reordered(gradient));
    if (maker_of(gradient) < 0) return;
    const bool fits = makes_as(graph_.node(maker_of(gradient)), gradient, graph_.type(node.operands[0]));
    if (fits && readers_.only(gradient) == chain.front())
      chains_.emplace(gradient, std::move(chain));
    else
      say_what_is_between(update);
  }

  void join(NodeId maker) {
    const Node& node = graph_.node(maker);
    std::vector<NodeId> parts = {maker};
    for (const ValueId gradient : node.results) {
      const auto chain = chains_.find(gradient);
      if (chain == chains_.end()) return;
      parts.insert(parts.end(), chain->second.begin(), chain->second.end());
    }
    if (parts.size() == 1) return;
    // Updates end the body: each may then work in the memory of what it replaces.
    std::sort(parts.begin() + 1, parts.end());
    const auto updates = [&](NodeId id) { return op_def(graph_.node(id).op).updates; };
    const auto first = std::stable_partition(parts.begin(), parts.end(), std::not_fn(updates));
    std::vector<ValueId> results;
    for (const NodeId part : std::span(first, parts.end()))
      results.insert(results.end(), graph_.node(part).results.begin(), graph_.node(part).results.end());
    // One that comes earlier moves to the last.
    const auto is_read = [&](ValueId result) {
      return maker_of(result) != parts.back() && !readers_.of(result).empty();
    };
    if (std::ranges::any_of(results, is_read)) return;
    FusionBody fusion = make_fusion_body(graph_, parts, results);
    const Node fused = {OpKind::fusion, Attributes(OpKind::fusion, {{"body", fusion.body}}), fusion.operands,
                        std::move(results), graph_.node(*first).source};
    if (const auto why_not = refuses(fused, parts)) return remark(maker, ops_of(*fusion.body), *why_not);
    gone_.insert(gone_.end(), parts.begin(), parts.end() - 1);
    fused_.emplace(parts.back(), fused);
  }

  std::optional<std::string> refuses(const Node& fused, const std::vector<NodeId>& parts) const {
    if (auto why_not = target_.refuses_fusion(fused.attributes.body())) return why_not;
    const auto together = expected_seconds(target_, graph_, fused);
    if (!together) return "it does not run in these layouts";
    double apart = 0;
    for (const NodeId part : parts)
      apart += expected_seconds(target_, graph_, graph_.node(part)).value_or(*together);
    if (*together > apart) return quicker_apart_by(apart, *together);
    return std::nullopt;
  }

  // ---- remarks

  static std::string ops_in(const Node& node) {
    return node.op == OpKind::fusion ? ops_of(node.attributes.body()) : std::string(to_string(node.op));
  }

  static std::string joined(const std::string& first, const std::string& then) {
    return first + (first.empty() || then.empty() ? "" : " + ") + then;
  }

  static std::string ops_beside(const Node& product, const Node& fusion) {
    std::string ops;
    for (const Node& node : fusion.attributes.body().nodes())
      if (&node != &product) ops = joined(ops, std::string(to_string(node.op)));
    return ops;
  }

  static bool goes_by_element(const Node& node) {
    if (node.op == OpKind::fusion)
      return std::ranges::all_of(node.attributes.body().nodes(), goes_by_element);
    return op_def(node.op).elementwise != Elementwise::no || node.op == OpKind::reorder;
  }

  // Of an update whose gradient comes by way of something else: clipping, a reorder.
  void say_what_is_between(NodeId update) const {
    std::string between;
    NodeId reader = update;
    ValueId value = graph_.node(update).operands[1];
    while (maker_of(value) >= 0) {
      const NodeId maker = maker_of(value);
      const Node& node = graph_.node(maker);
      if (is_hoped_for(node)) {
        const Node* product = product_of(node);
        const std::string ops = fmt::format("{} + {}", ops_in(product != nullptr ? *product : node),
                                            to_string(graph_.node(update).op));
        if (product != nullptr) between = joined(ops_beside(*product, node), between);
        if (readers_.only(value) != reader) return remark(maker, ops, "the gradient has another reader");
        if (!between.empty()) remark(maker, ops, fmt::format("{} stands between them", between));
        return;
      }
      if (!goes_by_element(node)) return;
      between = joined(ops_in(node), between);
      const Shape& shape = graph_.type(value).shape;
      const auto whole = std::ranges::find_if(node.operands, [&](ValueId operand) {
        return operand.valid() && graph_.type(operand).shape == shape;
      });
      if (whole == node.operands.end()) return;
      reader = maker;
      value = *whole;
    }
  }

  void remark(NodeId maker, const std::string& ops, std::string_view why) const {
    const Node& node = graph_.node(maker);
    if (remarks_ == nullptr || !is_hoped_for(node)) return;
    const Remark said{"fuse_updates", node.source, fmt::format("{} is not fused: {}", ops, why), node.op};
    // A kernel's gradients of weights and bias are kept from their updates by the same.
    if (std::ranges::count(*remarks_, said) == 0) remarks_->push_back(said);
  }

  const Graph& graph_;
  const Target& target_;
  std::vector<Remark>* remarks_;
  Readers readers_;
  std::map<ValueId, Chain> chains_;  ///< by gradient
  std::map<NodeId, Node> fused_;     ///< by the last update
  std::vector<NodeId> gone_;
};

}  // namespace

bool fuse_updates(Graph& graph, const PassOptions& options) {
  if (options.target == nullptr) fail_input("fuse_updates asks a backend what it can fuse; there is none");
  const TargetMemo target(*options.target);
  Updates sums(graph, target, options.remarks);
  if (!sums.run()) return false;
  graph = sums.rewritten();
  return true;
}

}  // namespace sinter
