#pragma once

#include "passes/layout_choices.h"

namespace sinter {

/// A choice of layouts for a graph and what it costs: the time of every node its way, and of the reorders,
/// one for each value and layout wanted that is not the one the value is made in. A change of the choice
/// costs the same in a graph of any size.
class LayoutPlan {
 public:
  /// Everything plain that is not made by a node; of each node the first way.
  LayoutPlan(const Graph& graph, const Target& target, const LayoutChoices& choices);

  const LayoutWay& way(NodeId id) const { return choices_->ways[id][way_[id]]; }
  int way_index(NodeId id) const { return way_[id]; }
  /// The layout in which a value is made by its node, or given.
  int made(ValueId id) const { return made_[id.index]; }

  /// Changes a node's way; returns by how many seconds the plan is slower.
  double choose(NodeId id, int way);
  /// Changes the layout of a parameter or state; returns the same.
  double give(ValueId id, int layout);

  /// The place in the log of changes, to undo what comes after.
  size_t mark() const { return log_.size(); }
  void undo_to(size_t mark);

  /// Of the whole graph.
  double seconds() const;

 private:
  struct Change {
    NodeId node;  ///< -1: a value was given another layout
    ValueId value;
    int before;
  };

  double set_way(NodeId id, int way);
  double set_made(ValueId id, int layout);
  double change_wish(ValueId id, int from, int to);
  double reorders_of(ValueId id) const;
  double reorder_seconds(ValueId id, int from, int to) const;

  const Graph* graph_;
  const Target* target_;
  const LayoutChoices* choices_;
  std::vector<int> way_;                         ///< by node
  std::vector<int> made_;                        ///< by value
  std::vector<std::vector<int>> wishes_;         ///< by value and layout: how many readers want it
  std::vector<std::vector<ValueId>> replacing_;  ///< by value: those that the graph stores into it
  std::vector<size_t> type_;                     ///< by value: equal for equal types
  /// By type and two layouts; negative: not asked for yet.
  mutable std::vector<std::vector<double>> reorder_seconds_;
  std::vector<Change> log_;
};

}  // namespace sinter
