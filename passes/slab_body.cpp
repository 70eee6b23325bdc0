#include "passes/slab_body.h"

#include <algorithm>

#include "ir/copy.h"
#include "ir/slab_form.h"

namespace sinter {
namespace {

class Extraction {
 public:
  Extraction(const Graph& graph, const SlabRegions& regions, const std::vector<NodeId>& nodes, int64_t slab)
      : graph_(graph),
        regions_(regions),
        nodes_(nodes),
        slab_(slab),
        map_(graph.values().size()),
        read_outside_(graph.values().size()) {}

  SlabBody run() {
    find_read_outside();
    for (const NodeId id : nodes_) append(graph_.node(id));
    return std::move(body_);
  }

 private:
  void find_read_outside() {
    std::vector<bool> member(graph_.nodes().size());
    for (const NodeId id : nodes_) member[id] = true;
    for (NodeId id = 0; id < static_cast<NodeId>(graph_.nodes().size()); ++id)
      for (const ValueId operand : graph_.node(id).operands)
        if (operand.valid() && !member[id]) read_outside_[operand.index] = true;
    for (const GraphResult& result : graph_.results()) read_outside_[result.value.index] = true;
  }

  Type part_of(ValueId id) const {
    return regions_.batched[id.index] ? with_samples(graph_.type(id), slab_) : graph_.type(id);
  }

  static std::string input_name(size_t index) {
    return index < 26 ? std::string(1, static_cast<char>('a' + index)) : fmt::format("x{}", index);
  }

  ValueId mapped(ValueId id) {
    if (!id.valid() || map_[id.index].valid()) return id.valid() ? map_[id.index] : id;
    const ValueInfo& info = graph_.info(id);
    if (info.kind == ValueKind::constant && info.type.shape.empty())
      return map_[id.index] = body_.graph.constant(info.constant).id();
    map_[id.index] = body_.graph.input(input_name(body_.operands.size()), part_of(id)).id();
    body_.operands.push_back(id);
    return map_[id.index];
  }

  void append(const Node& node) {
    const auto form = slab_form(graph_, node, regions_.batched, regions_.samples, slab_);
    require(form.has_value(), "a node that runs on slabs");
    Node part{form->attributes.kind(), form->attributes, {}, {}, node.source};
    for (const ValueId id : node.operands) part.operands.push_back(mapped(id));
    std::vector<Type> types;
    for (const ValueId id : node.results) types.push_back(part_of(id));
    body_.nodes.push_back(static_cast<NodeId>(body_.graph.nodes().size()));
    const auto results = body_.graph.append_typed(std::move(part), types);
    for (size_t i = 0; i < results.size(); ++i) {
      const ValueId old = node.results[i];
      map_[old.index] = results[i].id();
      if (!read_outside_[old.index]) continue;
      body_.graph.add_result(body_.graph.value(map_[old.index]));
      body_.results.push_back(old);
      body_.summed.push_back(form->summed[i]);
      body_.scale.push_back(form->summed[i] ? form->scale : 1);
    }
  }

  const Graph& graph_;
  const SlabRegions& regions_;
  const std::vector<NodeId>& nodes_;
  int64_t slab_;
  std::vector<ValueId> map_;  ///< by value of the graph; of the body
  std::vector<bool> read_outside_;
  SlabBody body_;
};

}  // namespace

SlabBody make_slab_body(const Graph& graph, const SlabRegions& regions, const std::vector<NodeId>& nodes,
                        int64_t slab) {
  return Extraction(graph, regions, nodes, slab).run();
}

bool can_cut(const Graph& graph, const SlabRegions& regions, const SlabBody& body, int64_t slab) {
  const auto is_cut = [&](ValueId id) {
    return !regions.batched[id.index] || graph.type(id).layout.cuts_into(slab);
  };
  return std::ranges::all_of(body.operands, is_cut) && std::ranges::all_of(body.results, is_cut);
}

Graph without_layouts(const Graph& body) {
  GraphCopy copy(body);
  for (const Node& node : body.nodes()) {
    if (node.op == OpKind::reorder) {
      copy.replace(node.results[0], copy[node.operands[0]]);
      continue;
    }
    Node plain = node;
    for (ValueId& id : plain.operands)
      if (id.valid()) id = copy[id].id();
    std::vector<Type> types;
    for (const ValueId id : node.results) types.push_back({body.type(id).dtype, body.type(id).shape, {}});
    const auto results = copy.graph().append_typed(std::move(plain), types);
    for (size_t i = 0; i < results.size(); ++i) copy.replace(node.results[i], results[i]);
  }
  return copy.finish();
}

}  // namespace sinter
