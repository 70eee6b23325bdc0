#include "cli/graph_wiring.h"

#include <algorithm>
#include <set>

namespace sinter::cli {
namespace {

constexpr int many_readers = 4;

}  // namespace

GraphWiring::GraphWiring(const Graph& graph)
    : graph_(graph),
      phases_(phases(graph)),
      readers_(graph.values().size()),
      forward_readers_(graph.values().size()),
      earliest_reader_(graph.values().size(), Phase::update),
      first_reader_(graph.values().size(), -1) {
  for (size_t id = 0; id < graph.nodes().size(); ++id) {
    const auto& operands = graph.nodes()[id].operands;
    for (const ValueId value : std::set<ValueId>(operands.begin(), operands.end())) {
      if (!value.valid()) continue;
      if (readers_[value.index]++ == 0) first_reader_[value.index] = static_cast<NodeId>(id);
      if (phases_[id] == Phase::forward) ++forward_readers_[value.index];
      earliest_reader_[value.index] = std::min(earliest_reader_[value.index], phases_[id]);
    }
  }
  for (size_t i = 0; i < readers_.size(); ++i)
    if (readers_[i] == 0) earliest_reader_[i] = Phase::forward;
}

bool GraphWiring::is_edge(ValueId value, NodeId reader) const {
  const ValueInfo& info = graph_.info(value);
  const bool scalar = info.type.shape.empty();
  switch (info.kind) {
    case ValueKind::parameter:
    case ValueKind::state:
      return phase(reader) == Phase::forward && forward_readers_[value.index] > 1;
    case ValueKind::constant:
      return !scalar && readers_[value.index] > 1;
    default:
      return !scalar || readers_[value.index] < many_readers;
  }
}

bool GraphWiring::has_box(ValueId value) const {
  const bool read = readers_[value.index] > 0;
  switch (graph_.info(value).kind) {
    case ValueKind::parameter:
    case ValueKind::state:
      return !read || forward_readers_[value.index] > 1;
    case ValueKind::constant:
      return !graph_.type(value).shape.empty() && readers_[value.index] > 1;
    default:
      return true;
  }
}

}  // namespace sinter::cli
