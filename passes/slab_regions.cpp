#include "passes/slab_regions.h"

#include <algorithm>

#include "ir/amounts.h"
#include "ir/slab_form.h"

namespace sinter {
namespace {

constexpr int64_t usual_granule = 16;  // slabs are multiples of it, unless the options say otherwise

class Finder {
 public:
  Finder(const Graph& graph, const PassOptions& options, int64_t samples, LaneSums sums)
      : graph_(graph),
        options_(options),
        sums_(sums),
        made_inside_(graph.values().size()),
        ready_(graph.values().size()) {
    found_.samples = samples;
    found_.batched.resize(graph.values().size());
  }

  SlabRegions run() {
    for (const ValueId id : graph_.inputs())
      if (found_.samples == 0 && !graph_.type(id).shape.empty())
        found_.samples = graph_.type(id).shape[0].size;
    if (found_.samples == 0) return std::move(found_);
    for (const ValueId id : graph_.inputs()) found_.batched[id.index] = may_be_batched(id);
    for (const Node& node : graph_.nodes()) place(node);
    return std::move(found_);
  }

 private:
  bool is_cut(ValueId id) const {
    const int64_t granule = options_.slabs.slab > 0 ? options_.slabs.slab : usual_granule;
    return graph_.type(id).layout.cuts_into(std::min(granule, found_.samples));
  }

  bool may_be_batched(ValueId id) const {
    const Shape& shape = graph_.type(id).shape;
    return !shape.empty() && shape[0] == Dim(found_.samples) && is_cut(id);
  }

  // Of a batch that is one slab there are no loops to be kept out of, unless less than a slab saves memory.
  bool is_one_slab() const {
    return sums_ != LaneSums::frugal && options_.slabs.slab == 0 && found_.samples <= usual_granule;
  }

  // True whether or not a loop comes to be, which is not known yet.
  void remark(const Node& node, std::string text) const {
    if (options_.remarks && !is_one_slab())
      options_.remarks->push_back({"form_slab_loops", node.source, std::move(text), node.op});
  }

  void place(const Node& node) {
    bool any_batched = false;
    for (const ValueId id : node.operands) any_batched |= id.valid() && found_.batched[id.index];
    const auto form = slab_form(graph_, node, found_.batched, found_.samples, found_.samples);
    const auto why_not = form ? refusal(node, *form) : std::optional<std::string>("mixes samples");
    if (!why_not) return place_inside(node, *form);
    if (any_batched) remark(node, fmt::format("{} {}", to_string(node.op), *why_not));
    place_outside(node, any_batched && !form);
  }

  // Why a node that could run on slabs does not.
  std::optional<std::string> refusal(const Node& node, const SlabForm& form) const {
    for (size_t i = 0; i < node.results.size(); ++i) {
      const ValueId id = node.results[i];
      const Type& type = graph_.type(id);
      if (!form.summed[i] && !is_cut(id))
        return fmt::format("has samples that layout {} joins", type.layout.tag());
      if (!form.summed[i]) continue;
      if (type.layout.is_opaque() || !has_reference_arithmetic(type.dtype) || type.dtype == DType::boolean ||
          type.shape.size() >= max_rank)
        return fmt::format("makes a sum of type {}, which lanes cannot hold", to_string(type));
      const int64_t bytes = sums_ == LaneSums::frugal ? plain_bytes(type) : type.bytes();
      if (bytes * options_.slabs.lanes > most_lane_bytes(node))
        return fmt::format("runs on the whole batch: its sum of {} is too large for {} lanes",
                           byte_size(type.bytes()), options_.slabs.lanes);
    }
    return std::nullopt;
  }

  // The same before and after layouts are chosen.
  static int64_t plain_bytes(const Type& type) { return Type{type.dtype, type.shape, {}}.bytes(); }

  // What the lanes of a node's sum may take. After the loop it would be made of values kept for the batch.
  int64_t most_lane_bytes(const Node& node) const {
    int64_t kept = 0;
    for (const ValueId id : node.operands)
      if (id.valid() && found_.batched[id.index]) kept += plain_bytes(graph_.type(id));
    const int64_t small = options_.slabs.accumulated_bytes;
    return sums_ == LaneSums::frugal ? std::max(kept, small) : small;
  }

  void place_inside(const Node& node, const SlabForm& form) {
    int begun = 0, level = 0;
    ValueId waits_for;
    for (const ValueId id : node.operands) {
      if (!id.valid()) continue;
      if (made_inside_[id.index]) begun = std::max(begun, ready_[id.index]);
      if (ready_[id.index] > level && !made_inside_[id.index]) waits_for = id;
      level = std::max(level, ready_[id.index]);
    }
    if (waits_for.valid() && level > begun)
      remark(node, fmt::format("{} shares no loop with {}, which makes what it reads of the whole batch",
                               to_string(node.op), to_string(graph_.node(graph_.info(waits_for).node).op)));
    add(true, level);
    for (size_t i = 0; i < node.results.size(); ++i) {
      const int32_t value = node.results[i].index;
      made_inside_[value] = !form.summed[i];
      found_.batched[value] = !form.summed[i];
      ready_[value] = form.summed[i] ? level + 1 : level;
    }
  }

  void place_outside(const Node& node, bool may_keep_batch) {
    int level = 0;
    for (const ValueId id : node.operands)
      if (id.valid()) level = std::max(level, ready_[id.index] + (made_inside_[id.index] ? 1 : 0));
    add(false, level);
    for (const ValueId id : node.results) {
      ready_[id.index] = level;
      found_.batched[id.index] = may_keep_batch && may_be_batched(id);
    }
  }

  void add(bool inside, int level) {
    found_.inside.push_back(inside);
    found_.level.push_back(level);
    found_.levels = std::max(found_.levels, level + 1);
  }

  const Graph& graph_;
  const PassOptions& options_;
  LaneSums sums_;
  SlabRegions found_;
  std::vector<bool> made_inside_;  ///< by value: sample by sample, so that its loop can read it
  std::vector<int> ready_;  ///< by value: its loop where made inside, else the first loop that can read it
};

void check_options(const SlabOptions& options) {
  if (options.slab < 0 || options.lanes < 1 || options.cache_bytes < 0 || options.accumulated_bytes < 0)
    fail_input(
        "slabs of {} samples, {} lanes, {} bytes of cache, sums of {} bytes; expected 0 or more, and a lane",
        options.slab, options.lanes, options.cache_bytes, options.accumulated_bytes);
}

}  // namespace

std::vector<NodeId> SlabRegions::nodes_of(int level, bool inside) const {
  std::vector<NodeId> nodes;
  for (NodeId id = 0; id < static_cast<NodeId>(this->level.size()); ++id)
    if (this->level[id] == level && this->inside[id] == inside) nodes.push_back(id);
  return nodes;
}

SlabRegions find_slab_regions(const Graph& graph, const PassOptions& options, int64_t samples,
                              LaneSums sums) {
  check_options(options.slabs);
  return Finder(graph, options, samples, sums).run();
}

}  // namespace sinter
