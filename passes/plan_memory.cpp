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
        views_(find_views(graph, elsewhere)),
        elsewhere_(elsewhere),
        storage_(graph.values().size()),
        last_read_(graph.values().size(), -1),
        block_of_(graph.values().size(), -1),
        scratch_block_(graph.nodes().size(), -1) {}

  MemoryPlan run() {
    plan_.places.resize(graph_.values().size());
    for (int32_t i = 0; i < static_cast<int32_t>(graph_.values().size()); ++i) plan_.places[i].owner = {i};
    find_storage();
    find_last_reads();
    for (NodeId id = 0; id < node_count(); ++id) {
      const Node& node = graph_.node(id);
      const bool view = views_[id];
      if (view) place_view(node.results[0]);
      for (size_t r = 0; r < node.results.size() && !view; ++r) place_result(id, r);
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

  void find_storage() {
    for (int32_t i = 0; i < static_cast<int32_t>(storage_.size()); ++i) storage_[i] = {i};
    for (NodeId id = 0; id < node_count(); ++id) {
      const Node& node = graph_.node(id);
      if (views_[id]) storage_[node.results[0].index] = storage_[node.operands[0].index];
    }
  }

  void find_last_reads() {
    for (NodeId id = 0; id < node_count(); ++id)
      for (const ValueId operand : graph_.node(id).operands)
        if (operand.valid()) last_read_[storage_[operand.index].index] = id;
    for (const GraphResult& result : graph_.results())
      last_read_[storage_[result.value.index].index] = node_count();
  }

  // The operand that a node may compute its result r in the memory of, by position; -1: none. An update that
  // ends a fusion works as it does alone: nothing of the body but other updates comes after it, and nothing
  // else reads what it replaces.
  static int in_place_operand(const Node& node, size_t r) {
    const auto listed = [](const Node& op, size_t result) {
      return sinter::in_place_operand(
          op_def(op.op), result, [&](size_t i) { return i < op.operands.size() && op.operands[i].valid(); });
    };
    if (node.op != OpKind::fusion) return listed(node, r);
    const Graph& body = node.attributes.body();
    const ValueInfo& made = body.info(body.results()[r].value);
    if (made.node < 0) return -1;
    const auto updates = [](const Node& op) { return op_def(op.op).updates; };
    if (!std::ranges::all_of(std::span(body.nodes()).subspan(made.node), updates)) return -1;
    const Node& update = body.node(made.node);
    const int operand = listed(update, made.result_index);
    if (operand < 0) return -1;
    const ValueId replaced = update.operands[operand];
    const auto reads = [&](const Node& op) { return std::ranges::count(op.operands, replaced) > 0; };
    if (std::ranges::count_if(body.nodes(), reads) != 1) return -1;
    const auto found = std::ranges::find(body.inputs(), replaced);
    return found == body.inputs().end() ? -1 : static_cast<int>(found - body.inputs().begin());
  }

  // The value whose memory result r may take over, an operand's; invalid: none.
  ValueId in_place_storage(const Node& node, size_t r) const {
    const int position = in_place_operand(node, r);
    if (position < 0) return {};
    const ValueId operand = node.operands[position];
    const bool same_size = operand.valid() &&
                           graph_.type(operand).bytes() == graph_.type(node.results[r]).bytes() &&
                           graph_.type(operand).layout == graph_.type(node.results[r]).layout;
    if (!same_size) return {};
    const ValueId storage = storage_[operand.index];
    const bool read_once = std::ranges::count_if(node.operands, [&](ValueId id) {
                             return id.valid() && storage_[id.index] == storage;
                           }) == 1;
    return read_once ? storage : ValueId{};
  }

  // The parameter or state that a node's result replaces, itself or by a view; invalid: none.
  ValueId replaced_by(ValueId result) const {
    const auto replaces = [&](const GraphResult& r) {
      return r.stored_in.valid() && storage_[r.value.index] == result;
    };
    const auto found = std::ranges::find_if(graph_.results(), replaces);
    return found == graph_.results().end() ? ValueId{} : found->stored_in;
  }

  void place_view(ValueId view) {
    const ValueId storage = storage_[view.index];
    plan_.places[view.index] = plan_.places[storage.index];
    block_of_[view.index] = block_of_[storage.index];
  }

  void place_result(NodeId id, size_t r) {
    const Node& node = graph_.node(id);
    const ValueId result = node.results[r], taken = in_place_storage(node, r);
    if (std::ranges::count(elsewhere_, result) > 0) return;
    const bool free = taken.valid() && last_read_[taken.index] == id;
    if (free && taken == replaced_by(result)) {
      plan_.places[result.index].owner = taken;
      return;
    }
    plan_.places[result.index].kind = Place::Kind::arena;
    const NodeId until = std::max(last_read_[result.index], id);
    if (free && block_of_[taken.index] >= 0) {
      block_of_[result.index] = block_of_[taken.index];
      Block& block = blocks_[block_of_[taken.index]];
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
  std::vector<bool> views_;  ///< by node
  std::span<const ValueId> elsewhere_;
  std::vector<ValueId> storage_;    ///< by value: itself, or what it is a view of
  std::vector<NodeId> last_read_;   ///< by value: of it and of its views
  std::vector<int> block_of_;       ///< by value; -1: not in the arena
  std::vector<int> scratch_block_;  ///< by node; -1: none
  std::vector<Block> blocks_;
  MemoryPlan plan_;
};

}  // namespace

std::vector<bool> find_views(const Graph& graph, std::span<const ValueId> elsewhere) {
  std::vector<bool> views;
  for (const Node& node : graph.nodes()) {
    views.push_back(node.op == OpKind::reorder && std::ranges::count(elsewhere, node.results[0]) == 0);
    if (!views.back()) continue;
    const Type &x = graph.type(node.operands[0]), &y = graph.type(node.results[0]);
    views.back() = x.layout.same_offsets(y.layout, sizes(x.shape));
  }
  return views;
}

MemoryPlan plan_memory(const Graph& graph, std::span<const int64_t> scratch_bytes,
                       std::span<const ValueId> elsewhere) {
  return Planner(graph, scratch_bytes, elsewhere).run();
}

}  // namespace sinter
