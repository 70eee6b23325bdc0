#include "passes/layout_plan.h"

#include <map>

namespace sinter {

LayoutPlan::LayoutPlan(const Graph& graph, const Target& target, const LayoutChoices& choices)
    : graph_(&graph),
      target_(&target),
      choices_(&choices),
      way_(graph.nodes().size()),
      made_(graph.values().size()),
      wishes_(graph.values().size(), std::vector<int>(choices.layouts.size())),
      replacing_(graph.values().size()) {
  std::map<std::string, size_t> types;
  for (const ValueInfo& value : graph.values())
    type_.push_back(types.try_emplace(to_string(value.type), types.size()).first->second);
  reorder_seconds_.resize(types.size(),
                          std::vector<double>(choices.layouts.size() * choices.layouts.size(), -1));
  for (NodeId id = 0; id < static_cast<NodeId>(graph.nodes().size()); ++id) {
    const Node& node = graph.node(id);
    for (size_t i = 0; i < node.operands.size(); ++i)
      if (node.operands[i].valid()) ++wishes_[node.operands[i].index][way(id).operands[i]];
    for (size_t i = 0; i < node.results.size(); ++i) made_[node.results[i].index] = way(id).results[i];
  }
  for (const GraphResult& result : graph.results()) {
    ++wishes_[result.value.index][0];
    if (result.stored_in.valid()) replacing_[result.stored_in.index].push_back(result.value);
  }
}

double LayoutPlan::choose(NodeId id, int way) {
  log_.push_back({id, {}, way_[id]});
  return set_way(id, way);
}

double LayoutPlan::give(ValueId id, int layout) {
  log_.push_back({-1, id, made_[id.index]});
  return set_made(id, layout);
}

void LayoutPlan::undo_to(size_t mark) {
  for (; log_.size() > mark; log_.pop_back()) {
    const Change& change = log_.back();
    if (change.node >= 0)
      set_way(change.node, change.before);
    else
      set_made(change.value, change.before);
  }
}

double LayoutPlan::seconds() const {
  double seconds = 0;
  for (NodeId id = 0; id < static_cast<NodeId>(way_.size()); ++id) seconds += way(id).seconds;
  for (int32_t i = 0; i < static_cast<int32_t>(made_.size()); ++i) seconds += reorders_of({i});
  return seconds;
}

double LayoutPlan::set_way(NodeId id, int way) {
  const Node& node = graph_->node(id);
  const LayoutWay &before = this->way(id), &after = choices_->ways[id][way];
  way_[id] = way;
  double change = after.seconds - before.seconds;
  for (size_t i = 0; i < node.operands.size(); ++i)
    if (node.operands[i].valid())
      change += change_wish(node.operands[i], before.operands[i], after.operands[i]);
  for (size_t i = 0; i < node.results.size(); ++i) change += set_made(node.results[i], after.results[i]);
  return change;
}

// What replaces a parameter has to lie as the parameter does.
double LayoutPlan::set_made(ValueId id, int layout) {
  const int before = made_[id.index];
  if (layout == before) return 0;
  double change = -reorders_of(id);
  made_[id.index] = layout;
  change += reorders_of(id);
  for (const ValueId value : replacing_[id.index]) change += change_wish(value, before, layout);
  return change;
}

double LayoutPlan::change_wish(ValueId id, int from, int to) {
  if (from == to) return 0;
  const double before = reorders_of(id);
  --wishes_[id.index][from];
  ++wishes_[id.index][to];
  return reorders_of(id) - before;
}

double LayoutPlan::reorders_of(ValueId id) const {
  const std::vector<int>& wishes = wishes_[id.index];
  const int made = made_[id.index];
  double seconds = 0;
  for (int layout = 0; layout < static_cast<int>(wishes.size()); ++layout)
    if (wishes[layout] > 0 && layout != made) seconds += reorder_seconds(id, made, layout);
  return seconds;
}

double LayoutPlan::reorder_seconds(ValueId id, int from, int to) const {
  double& seconds = reorder_seconds_[type_[id.index]][from * choices_->layouts.size() + to];
  if (seconds >= 0) return seconds;
  const Type& type = graph_->type(id);
  const Layout &before = choices_->layouts[from], &after = choices_->layouts[to];
  // A view of the same memory takes no time.
  const bool moves = !before.same_offsets(after, sizes(type.shape));
  return seconds = moves ? target_->reorder_seconds({type.dtype, type.shape, before}, after) : 0;
}

}  // namespace sinter
