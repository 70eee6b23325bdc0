#include "cli/schedule_listing.h"

#include <fmt/format.h>

#include <algorithm>

#include "ir/slab_loop.h"
#include "runtime/compiled_graph.h"

namespace sinter::cli {
namespace {

std::vector<ValueId> joined_results(const SlabLoop& loop, const Graph& body) {
  std::vector<ValueId> joined;
  for (size_t i = 0; i < body.results().size(); ++i)
    if (!loop.accumulated[i]) joined.push_back(body.results()[i].value);
  return joined;
}

// The listing of one graph; numbers of values run on from graph to graph.
class Listing {
 public:
  Listing(const Graph& graph, const Backend& backend, std::string indent, int& last_number,
          std::span<const ValueId> elsewhere = {})
      : graph_(graph),
        backend_(backend),
        compiled_(compile_nodes(graph, backend, elsewhere)),
        indent_(std::move(indent)),
        last_number_(last_number),
        names_(graph.values().size()) {
    for (size_t i = 0; i < names_.size(); ++i) {
      const ValueInfo& info = graph.values()[i];
      if (info.kind == ValueKind::constant)
        names_[i] = "a constant";
      else if (info.kind != ValueKind::result)
        names_[i] = "%" + info.name;
    }
  }

  std::string text() {
    std::string text = fmt::format("{}arena {} bytes, workspace {} bytes a thread\n", indent_,
                                   compiled_.plan.arena_bytes, compiled_.workspace_bytes);
    for (NodeId id = 0; id < static_cast<NodeId>(graph_.nodes().size()); ++id) text += node(id);
    for (const StoreCopy& copy : compiled_.plan.copies)
      text += fmt::format("{}copy {} to {}\n", indent_, names_[copy.from.index], names_[copy.to.index]);
    return text;
  }

 private:
  std::string node(NodeId id) {
    const Node& node = graph_.node(id);
    for (const ValueId result : node.results) names_[result.index] = fmt::format("%{}", ++last_number_);
    std::string text = fmt::format("{}{}{}: {}\n", indent_, ops_of(node),
                                   node.source.empty() ? "" : fmt::format(" \"{}\"", node.source), calls(id));
    text += values("reads", node.operands) + values("writes", node.results);
    if (node.op != OpKind::slab_loop) return text;
    const SlabLoop loop(node.attributes, operand_types(graph_, node));
    return text + body(loop, *loop.body, fmt::format("slabs of {}", loop.slab)) +
           (loop.remainder ? body(loop, *loop.remainder, "the last slab") : "");
  }

  std::string body(const SlabLoop& loop, const Graph& graph, const std::string& title) {
    const auto joined = joined_results(loop, graph);
    return fmt::format("{}  {}:\n", indent_, title) +
           Listing(graph, backend_, indent_ + "    ", last_number_, joined).text();
  }

  // "jit, 16 units, workspace 0 bytes"
  std::string calls(NodeId id) const {
    const CompiledNode& node = compiled_.nodes[id];
    if (node.kernels.empty()) return "a view, nothing runs";
    std::string text(graph_.node(id).op == OpKind::slab_loop ? "the runtime" : node.backend);
    for (const auto& kernel : node.kernels)
      text += fmt::format("{} {} unit{}{}, workspace {} bytes", &kernel == &node.kernels[0] ? "," : "; then",
                          kernel->units(), kernel->units() == 1 ? "" : "s",
                          kernel->self_parallel() ? " on threads of its own" : "", kernel->workspace_bytes());
    if (node.scratch_bytes > 0)
      text += fmt::format("; scratch {} bytes at {}", node.scratch_bytes, compiled_.plan.scratch[id]);
    return text;
  }

  std::string values(std::string_view word, const std::vector<ValueId>& ids) const {
    std::string text;
    for (const ValueId id : ids)
      if (id.valid())
        text += fmt::format("{}  {:<6} {}: {}{}\n", indent_, text.empty() ? word : "", names_[id.index],
                            to_string(graph_.type(id)), place(id));
    return text;
  }

  // " at 4096"; " in %weight" of what has another's memory.
  std::string place(ValueId id) const {
    const Place& place = compiled_.plan.places[id.index];
    if (place.kind == Place::Kind::arena) return fmt::format(" at {}", place.offset);
    if (graph_.info(id).kind != ValueKind::result) return "";
    return place.owner == id ? " in the loop's result" : " in " + names_[place.owner.index];
  }

  const Graph& graph_;
  const Backend& backend_;
  CompiledGraph compiled_;
  std::string indent_;
  int& last_number_;
  std::vector<std::string> names_;  ///< by value
};

}  // namespace

std::string schedule_listing(const Graph& graph, const Backend& backend) {
  int last_number = 0;
  return fmt::format("schedule of {}\n", graph.name) + Listing(graph, backend, "", last_number).text();
}

}  // namespace sinter::cli
