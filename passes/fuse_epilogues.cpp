#include "passes/fuse_epilogues.h"

#include <algorithm>
#include <map>
#include <span>

#include "ir/copy.h"
#include "passes/fusion_body.h"
#include "passes/readers.h"
#include "passes/target_memo.h"
#include "passes/whole_slab_target.h"

namespace sinter {
namespace {

using Group = std::vector<NodeId>;  ///< in the order of the graph

// Every cut of a tree is weighed, and what it is cut into again: work that grows with the cube of its size.
// What networks compute between two products is far smaller.
constexpr size_t most_in_tree = 64;

// Gradients by data, which the gradient of an activation reads.
bool is_data_gradient(OpKind op) {
  return op == OpKind::conv2d_backward_data || op == OpKind::matmul || op == OpKind::max_pool2d_backward ||
         op == OpKind::avg_pool2d_backward;
}

class Fuser {
 public:
  Fuser(const Graph& graph, const Target& target, std::vector<Remark>* remarks)
      : graph_(graph),
        target_(target),
        remarks_(remarks),
        readers_(graph),
        group_of_(graph.nodes().size(), -1) {}

  bool run(Graph& fused) {
    for (NodeId id = 0; id < node_count(); ++id)
      if (graph_.node(id).op == OpKind::conv2d || graph_.node(id).op == OpKind::linear) extend_product(id);
    for (NodeId id = 0; id < node_count(); ++id)
      if (graph_.node(id).op == OpKind::conv2d_backward_weights) join_bias_gradient(id);
    // Again as long as there is something left to join: what was cut off two chains may be one.
    for (size_t before = groups_.size() + 1; before != groups_.size();) {
      before = groups_.size();
      join_chains();
    }
    if (groups_.empty()) return false;
    fused = rewritten();
    return true;
  }

 private:
  NodeId node_count() const { return static_cast<NodeId>(graph_.nodes().size()); }

  void remark(const Node& node, std::string text) {
    Remark said{"fuse_epilogues", node.source, std::move(text), node.op};
    if (remarks_ && std::ranges::find(*remarks_, said) == remarks_->end())
      remarks_->push_back(std::move(said));
  }

  // The only reader of a node's only result; -1: there are others, or the graph's caller is one.
  NodeId only_reader(NodeId id) const {
    const Node& node = graph_.node(id);
    return node.results.size() == 1 ? readers_.only(node.results[0]) : -1;
  }

  bool adds_same_shape(const Node& node) const {
    return node.op == OpKind::add && graph_.type(node.operands[0]) == graph_.type(node.operands[1]);
  }

  void extend_product(NodeId root) {
    Group group = {root};
    bool added = false;
    for (NodeId next = only_reader(root); next >= 0; next = only_reader(next)) {
      const Node& node = graph_.node(next);
      const bool add = !added && adds_same_shape(node);
      // Another product may have taken the sum of the two already.
      if (group_of_[next] >= 0 || (!add && !is_activation(node.op))) break;
      group.push_back(next);
      added = true;
      if (!add) break;
    }
    if (group.size() == 1) say_why_alone(root);
    for (; !group.empty(); group.pop_back())
      if (group.size() > 1 && accept(group)) return;
  }

  void say_why_alone(NodeId root) {
    const Node& node = graph_.node(root);
    const auto& readers = readers_.of(node.results[0]);
    for (const NodeId reader : readers)
      if (is_activation(graph_.node(reader).op))
        remark(node,
               fmt::format("{} is not fused with {}: its result is read by {} node{}{}", to_string(node.op),
                           to_string(graph_.node(reader).op), readers.size(), readers.size() == 1 ? "" : "s",
                           readers_.is_result(node.results[0]) ? " and is a result of the graph" : ""));
  }

  // The sum of dy over all but its channels beside the gradient of the weights.
  void join_bias_gradient(NodeId weights) {
    const ValueId dy = graph_.node(weights).operands[1];
    for (const NodeId reader : readers_.of(dy)) {
      const Node& sum = graph_.node(reader);
      if (sum.op != OpKind::sum || sum.attributes.ints("axes") != Ints{0, 2, 3} ||
          sum.attributes.boolean("keepdims"))
        continue;
      const Group group = {std::min(weights, reader), std::max(weights, reader)};
      const ValueId first = graph_.node(group[0]).results[0];
      const bool read_between =
          std::ranges::any_of(readers_.of(first), [&](NodeId id) { return id < group[1]; });
      if (group_of_[reader] < 0 && !read_between && accept(group)) return;
    }
  }

  bool joins_chains(const Node& node) const {
    const auto replaces = [&](ValueId id) {
      return std::ranges::any_of(graph_.results(), [&](const GraphResult& result) {
        return result.value == id && result.stored_in.valid();
      });
    };
    const auto fits = [&](ValueId operand) {
      return !operand.valid() || graph_.type(operand).shape.empty() ||
             graph_.type(operand).shape == graph_.type(node.results[0]).shape;
    };
    return op_def(node.op).elementwise != Elementwise::no && !op_def(node.op).updates &&
           node.results.size() == 1 && !replaces(node.results[0]) && std::ranges::all_of(node.operands, fits);
  }

  // Each group is a tree whose last node alone is read outside. Where one is as large as it may be, the next
  // begins.
  void join_chains() {
    std::map<NodeId, Group> trees;  // by last node
    for (NodeId id = 0; id < node_count(); ++id) {
      const Node& node = graph_.node(id);
      if (group_of_[id] >= 0 || !joins_chains(node)) continue;
      Group tree;
      for (const ValueId operand : node.operands) {
        if (!operand.valid() || graph_.info(operand).kind != ValueKind::result) continue;
        const auto found = trees.find(graph_.info(operand).node);
        if (found == trees.end() || only_reader(found->first) != id ||
            tree.size() + found->second.size() >= most_in_tree ||
            graph_.type(operand).shape != graph_.type(node.results[0]).shape)
          continue;
        tree.insert(tree.end(), found->second.begin(), found->second.end());
        trees.erase(found);
      }
      tree.push_back(id);
      std::ranges::sort(tree);
      trees.emplace(id, std::move(tree));
    }
    for (const auto& [_, tree] : trees)
      if (!accept_with_gradient(tree)) accept_tree(tree);
  }

  // As one; or cut in two, where the target expects that to be quicker: it may know a part, such as an
  // activation's gradient, and not the whole.
  void accept_tree(const Group& tree) {
    if (tree.size() == 1) return;
    std::pair<Group, Group> best = {tree, {}};
    double least = seconds_of(tree);
    for (const NodeId id : std::span(tree).first(tree.size() - 1)) {
      auto parts = cut(tree, id);
      const double seconds = seconds_of(parts.first) + seconds_of(parts.second);
      if (seconds >= least) continue;
      least = seconds;
      best = std::move(parts);
    }
    if (best.second.empty()) {
      accept(tree);
      return;
    }
    const Body body = body_of(tree).body;
    say_why_not(tree, *body, target_.refuses_fusion(*body).value_or(std::string(quicker_apart)));
    accept_tree(best.first);
    accept_tree(best.second);
  }

  // What a node of a tree is made of, and the rest.
  std::pair<Group, Group> cut(const Group& tree, NodeId root) const {
    std::pair<Group, Group> parts = {{root}, {}};
    for (size_t i = tree.size(); i-- > 0;) {
      if (tree[i] == root) continue;
      const bool below = std::ranges::count(parts.first, only_reader(tree[i])) > 0;
      (below ? parts.first : parts.second).push_back(tree[i]);
    }
    std::ranges::reverse(parts.first);
    std::ranges::reverse(parts.second);
    return parts;
  }

  // A tree that alone reads a gradient by data becomes one with it.
  bool accept_with_gradient(const Group& tree) {
    for (const NodeId id : tree)
      for (const ValueId operand : graph_.node(id).operands) {
        if (!operand.valid() || graph_.info(operand).kind != ValueKind::result) continue;
        const NodeId maker = graph_.info(operand).node;
        if (group_of_[maker] >= 0 || !is_data_gradient(graph_.node(maker).op) || only_reader(maker) != id)
          continue;
        Group group = tree;
        group.insert(std::ranges::upper_bound(group, maker), maker);
        if (accept(group)) return true;
      }
    return false;
  }

  bool accept(const Group& group) {
    const Body body = body_of(group).body;
    auto why_not = target_.refuses_fusion(*body);
    if (!why_not && fusion_seconds(target_, *body) > seconds_apart(target_, graph_, group))
      why_not = quicker_apart;
    if (!why_not) {
      for (const NodeId id : group) group_of_[id] = static_cast<int>(groups_.size());
      groups_.push_back(group);
      return true;
    }
    say_why_not(group, *body, *why_not);
    return false;
  }

  void say_why_not(const Group& group, const Graph& body, std::string_view why) {
    remark(graph_.node(group[0]), fmt::format("{} is not fused: {}", ops_of(body), why));
  }

  // Of a group as one or as its parts, whichever is less.
  double seconds_of(const Group& group) const {
    const double apart = seconds_apart(target_, graph_, group);
    if (group.size() == 1) return apart;
    const Body body = body_of(group).body;
    return target_.refuses_fusion(*body) ? apart : std::min(apart, fusion_seconds(target_, *body));
  }

  FusionBody body_of(const Group& group) const {
    return make_fusion_body(graph_, group, readers_.read_outside(graph_, group));
  }

  // Bodies have scalar constants of their own.
  bool is_read_still(ValueId constant) const {
    const auto& readers = readers_.of(constant);
    return !graph_.type(constant).shape.empty() || readers_.is_result(constant) || readers.empty() ||
           std::ranges::any_of(readers, [&](NodeId reader) { return group_of_[reader] < 0; });
  }

  Graph rewritten() const {
    GraphCopy copy(graph_, {}, [&](ValueId constant) { return is_read_still(constant); });
    for (NodeId id = 0; id < node_count(); ++id) {
      if (group_of_[id] < 0) {
        copy.node(graph_.node(id));
        continue;
      }
      const Group& group = groups_[group_of_[id]];
      if (id != group.back()) continue;
      const auto [body, taken] = body_of(group);
      std::vector<std::optional<Value>> operands;
      for (const ValueId value : taken) operands.emplace_back(copy[value]);
      copy.graph().at({.node = graph_.node(group[0]).source});
      const auto results =
          copy.graph().append(OpKind::fusion, operands, Attributes(OpKind::fusion, {{"body", body}}));
      const auto replaced = readers_.read_outside(graph_, group);
      for (size_t i = 0; i < replaced.size(); ++i) copy.replace(replaced[i], results[i]);
    }
    return copy.finish();
  }

  const Graph& graph_;
  const Target& target_;
  std::vector<Remark>* remarks_;
  Readers readers_;
  std::vector<int> group_of_;  ///< by node; -1: alone
  std::vector<Group> groups_;
};

}  // namespace

bool fuse_epilogues(Graph& graph, const PassOptions& options) {
  if (options.target == nullptr) fail_input("fuse_epilogues asks a backend what it can fuse; there is none");
  const TargetMemo memo(*options.target);
  const WholeSlabTarget target(memo, graph, options);
  Graph fused;
  if (!Fuser(graph, target, options.remarks).run(fused)) return false;
  graph = std::move(fused);
  return true;
}

}  // namespace sinter
