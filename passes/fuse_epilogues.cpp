#include "passes/fuse_epilogues.h"

#include <algorithm>
#include <span>

#include "ir/copy.h"
#include "ir/op_table.h"
#include "passes/elementwise_groups.h"
#include "passes/fusion_body.h"
#include "passes/readers.h"
#include "passes/target_memo.h"
#include "passes/whole_slab_target.h"

namespace sinter {
namespace {

// Each length is weighed. What networks put between two products is shorter.
constexpr size_t most_behind_product = 16;

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

  // The first of those that read what a group makes and are not of it; -1: there is none.
  NodeId next_reader(const NodeGroup& group) const {
    NodeId next = -1;
    for (const NodeId id : group)
      for (const ValueId value : graph_.node(id).results)
        for (const NodeId reader : readers_.of(value))
          if (std::ranges::count(group, reader) == 0 && (next < 0 || reader < next)) next = reader;
    return next;
  }

  // A product and what follows it element by element, each group larger than the one before: of each only
  // the last value is read outside.
  std::vector<NodeGroup> groups_behind(NodeId root) const {
    const Type& made = graph_.type(graph_.node(root).results[0]);
    std::vector<NodeGroup> groups;
    NodeGroup group = {root};
    while (group.size() <= most_behind_product) {
      const NodeId next = next_reader(group);
      // Another product may have taken a sum of the two already.
      if (next < 0 || group_of_[next] >= 0 || !joins_chains(graph_.node(next))) break;
      const Type& last = graph_.type(graph_.node(next).results[0]);
      if (last.shape != made.shape) break;
      group.push_back(next);
      if (last == made && readers_.read_outside(graph_, group) == graph_.node(next).results)
        groups.push_back(group);
    }
    return groups;
  }

  // The quickest of these groups, with what it leaves apart.
  void extend_product(NodeId root) {
    const std::vector<NodeGroup> groups = groups_behind(root);
    if (groups.empty()) return say_why_alone(root);
    const std::span<const NodeId> all = groups.back();
    const NodeGroup* best = nullptr;
    double least = seconds_apart(target_, graph_, all);
    for (size_t i = groups.size(); i-- > 0;) {
      const NodeGroup& group = groups[i];
      const Body body = body_of(group).body;
      if (const auto why_not = target_.refuses_fusion(*body)) {
        say_why_not(group, *body, *why_not);
        continue;
      }
      const double seconds =
          fusion_seconds(target_, *body) + seconds_apart(target_, graph_, all.subspan(group.size()));
      const bool is_best = best == nullptr ? seconds <= least : seconds < least;
      if (!is_best) {
        if (best == nullptr) say_why_not(group, *body, quicker_apart);
        continue;
      }
      if (best != nullptr) say_why_not(*best, *body_of(*best).body, quicker_apart);
      best = &group;
      least = seconds;
    }
    if (best != nullptr) take(*best);
  }

  void say_why_alone(NodeId root) {
    const Node& node = graph_.node(root);
    const ValueId made = node.results[0];
    const auto& readers = readers_.of(made);
    const auto reader = std::ranges::find_if(readers, [&](NodeId id) {
      return op_def(graph_.node(id).op).elementwise != Elementwise::no &&
             graph_.type(graph_.node(id).results[0]) == graph_.type(made);
    });
    if (reader == readers.end()) return;
    remark(node,
           fmt::format("{} is not fused with {}: {}", to_string(node.op), to_string(graph_.node(*reader).op),
                       why_apart(readers_, made, group_of_[*reader] >= 0)));
  }

  // The sum of dy over all but its channels beside the gradient of the weights.
  void join_bias_gradient(NodeId weights) {
    const ValueId dy = graph_.node(weights).operands[1];
    for (const NodeId reader : readers_.of(dy)) {
      const Node& sum = graph_.node(reader);
      if (sum.op != OpKind::sum || sum.attributes.ints("axes") != Ints{0, 2, 3} ||
          sum.attributes.boolean("keepdims"))
        continue;
      const NodeGroup group = {std::min(weights, reader), std::max(weights, reader)};
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

  void join_chains() {
    const auto joins = [&](NodeId id) { return group_of_[id] < 0 && joins_chains(graph_.node(id)); };
    for (const NodeGroup& chain : elementwise_groups(graph_, readers_, joins))
      if (!accept_with_gradient(chain)) accept_chain(chain);
  }

  // As one; or cut in two, where the target expects that to be quicker: it may know a part, such as an
  // activation's gradient, and not the whole.
  void accept_chain(const NodeGroup& chain) {
    if (chain.size() == 1) return;
    std::pair<NodeGroup, NodeGroup> best = {chain, {}};
    double least = seconds_of(chain);
    for (const NodeId id : std::span(chain).first(chain.size() - 1)) {
      auto parts = cut_group(graph_, readers_, chain, id);
      if (!parts) continue;
      const double seconds = seconds_of(parts->first) + seconds_of(parts->second);
      if (seconds >= least) continue;
      least = seconds;
      best = std::move(*parts);
    }
    if (best.second.empty()) {
      accept(chain);
      return;
    }
    const Body body = body_of(chain).body;
    say_why_not(chain, *body, target_.refuses_fusion(*body).value_or(std::string(quicker_apart)));
    accept_chain(best.first);
    accept_chain(best.second);
  }

  // A chain that alone reads a gradient by data becomes one with it.
  bool accept_with_gradient(const NodeGroup& chain) {
    for (const NodeId id : chain)
      for (const ValueId operand : graph_.node(id).operands) {
        if (!operand.valid() || graph_.info(operand).kind != ValueKind::result) continue;
        const NodeId maker = graph_.info(operand).node;
        if (group_of_[maker] >= 0 || !is_data_gradient(graph_.node(maker).op) ||
            !readers_.are_only(operand, chain))
          continue;
        NodeGroup group = chain;
        group.insert(std::ranges::upper_bound(group, maker), maker);
        if (accept(group)) return true;
      }
    return false;
  }

  bool accept(const NodeGroup& group) {
    const Body body = body_of(group).body;
    auto why_not = target_.refuses_fusion(*body);
    if (!why_not && fusion_seconds(target_, *body) > seconds_apart(target_, graph_, group))
      why_not = quicker_apart;
    why_not ? say_why_not(group, *body, *why_not) : take(group);
    return !why_not;
  }

  void take(const NodeGroup& group) {
    for (const NodeId id : group) group_of_[id] = static_cast<int>(groups_.size());
    groups_.push_back(group);
  }

  void say_why_not(const NodeGroup& group, const Graph& body, std::string_view why) {
    remark(graph_.node(group[0]), fmt::format("{} is not fused: {}", ops_of(body), why));
  }

  // Of a group as one or as its parts, whichever is less.
  double seconds_of(const NodeGroup& group) const {
    const double apart = seconds_apart(target_, graph_, group);
    if (group.size() == 1) return apart;
    const Body body = body_of(group).body;
    return target_.refuses_fusion(*body) ? apart : std::min(apart, fusion_seconds(target_, *body));
  }

  FusionBody body_of(const NodeGroup& group) const {
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
      const NodeGroup& group = groups_[group_of_[id]];
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
  std::vector<NodeGroup> groups_;
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
