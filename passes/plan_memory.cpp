#include "passes/plan_memory.h"

#include <algorithm>

namespace sinter {
namespace {

constexpr int64_t alignment = 64;

// A run of nodes during which some memory is taken: [first, last].
struct Block {
  int64_t bytes = 0;
  NodeId first = 0, last = 0;
  int64_t offset = 0;
};

class Planner {
 public:
  Planner(const Graph& graph, std::span<const int64_t> scratch_bytes, std::span<const ValueId> elsewhere)
      : graph_(graph),
        scratch_bytes_(scratch_bytes),
        elsewhere_(elsewhere),
        last_read_(graph.values().size(), -1),
        block_of_(graph.values().size(), -1),
        scratch_block_(graph.nodes().size(), -1) {}

  MemoryPlan run() {
    plan_.places.resize(graph_.values().size());
    for (int32_t i = 0; i < static_cast<int32_t>(graph_.values().size()); ++i) plan_.places[i].owner = {i};
    find_last_reads();
    for (NodeId id = 0; id < node_count(); ++id) {
      for (size_t r = 0; r < graph_.node(id).results.size(); ++r) place_result(id, r);
      place_scratch(id);
    }
    for (const GraphResult& result : graph_.results())
      if (result.stored_in.valid() && plan_.places[result.value.index].owner != result.stored_in)
        plan_.copies.push_back({result.value, result.stored_in});
    assign_offsets();
    return std::move(plan_);
  }

 private:
  NodeId node_count() const { return static_cast<NodeId>(graph_.nodes().size()); }

  void find_last_reads() {
    for (NodeId id = 0; id < node_count(); ++id)
      for (const ValueId operand : graph_.node(id).operands)
        if (operand.valid()) last_read_[operand.index] = id;
    for (const GraphResult& result : graph_.results()) last_read_[result.value.index] = node_count();
  }

  // The operand whose memory result r may take over; invalid: none.
  ValueId in_place_operand(const Node& node, size_t r) const {
    const auto& in_place = op_def(node.op).in_place;
    if (r >= in_place.size() || in_place[r] < 0) return {};
    const ValueId operand = node.operands[in_place[r]];
    const bool same_size = operand.valid() &&
                           graph_.type(operand).bytes() == graph_.type(node.results[r]).bytes() &&
                           graph_.type(operand).layout == graph_.type(node.results[r]).layout;
    const bool read_once = std::ranges::count(node.operands, operand) == 1;
    return same_size && read_once ? operand : ValueId{};
  }

  ValueId replaced_by(ValueId result) const {
    const auto found = std::ranges::find(graph_.results(), result, &GraphResult::value);
    return found == graph_.results().end() ? ValueId{} : found->stored_in;
  }

  void place_result(NodeId id, size_t r) {
    const Node& node = graph_.node(id);
    const ValueId result = node.results[r], operand = in_place_operand(node, r);
    if (std::ranges::count(elsewhere_, result) > 0) return;
    if (operand.valid() && operand == replaced_by(result) && last_read_[operand.index] == id) {
      plan_.places[result.index].owner = operand;
      return;
    }
    plan_.places[result.index].kind = Place::Kind::arena;
    const NodeId until = std::max(last_read_[result.index], id);
    if (operand.valid() && block_of_[operand.index] >= 0 && last_read_[operand.index] == id) {
      block_of_[result.index] = block_of_[operand.index];
      Block& block = blocks_[block_of_[operand.index]];
      block.last = std::max(block.last, until);
      return;
    }
    block_of_[result.index] = add_block(graph_.type(result).bytes(), id, until);
  }

  int add_block(int64_t bytes, NodeId first, NodeId last) {
    const int64_t whole = (bytes + alignment - 1) / alignment * alignment;
    blocks_.push_back({std::max(whole, alignment), first, last});
    return static_cast<int>(blocks_.size()) - 1;
  }

  void place_scratch(NodeId id) {
    if (!scratch_bytes_.empty() && scratch_bytes_[id] > 0)
      scratch_block_[id] = add_block(scratch_bytes_[id], id, id);
  }

  // Largest first, each at the lowest offset where nothing that lives at the same time lies.
  void assign_offsets() {
    std::vector<Block*> order;
    for (Block& block : blocks_) order.push_back(&block);
    std::ranges::stable_sort(order, std::greater<>(), &Block::bytes);
    std::vector<Block*> placed;  // by offset
    for (Block* block : order) {
      for (const Block* other : placed) {
        const bool together = other->first <= block->last && block->first <= other->last;
        if (together && block->offset + block->bytes > other->offset &&
            block->offset < other->offset + other->bytes)
          block->offset = other->offset + other->bytes;
      }
      placed.insert(std::ranges::upper_bound(placed, block->offset, {}, &Block::offset), block);
      plan_.arena_bytes = std::max(plan_.arena_bytes, block->offset + block->bytes);
    }
    for (size_t i = 0; i < block_of_.size(); ++i)
      if (block_of_[i] >= 0) plan_.places[i].offset = blocks_[block_of_[i]].offset;
    for (const int block : scratch_block_) plan_.scratch.push_back(block >= 0 ? blocks_[block].offset : 0);
  }

  const Graph& graph_;
  std::span<const int64_t> scratch_bytes_;
  std::span<const ValueId> elsewhere_;
  std::vector<NodeId> last_read_;
  std::vector<int> block_of_;       ///< by value; -1: not in the arena
  std::vector<int> scratch_block_;  ///< by node; -1: none
  std::vector<Block> blocks_;
  MemoryPlan plan_;
};

}  // namespace

MemoryPlan plan_memory(const Graph& graph, std::span<const int64_t> scratch_bytes,
                       std::span<const ValueId> elsewhere) {
  return Planner(graph, scratch_bytes, elsewhere).run();
}

}  // namespace sinter
