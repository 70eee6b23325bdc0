#include "passes/plan_memory.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <set>

#include "ir/build.h"
#include "ir/text.h"
#include "ir/verify.h"
#include "passes/append_update.h"
#include "passes/autodiff.h"
#include "passes/remove_dead_nodes.h"
#include "tests/passes/random_training_graph.h"

namespace sinter {
namespace {

// How much more memory than its fullest moment a plan may take: holes between blocks of different sizes.
constexpr double most_waste = 1.5;

int64_t padded_bytes(const Graph& graph, ValueId id) {
  return std::max<int64_t>(64, (graph.type(id).bytes() + 63) / 64 * 64);
}

// The value in whose memory a value is seen: itself, unless it is a view.
ValueId storage_of(const Graph& graph, ValueId id) {
  const std::vector<bool> views = find_views(graph);
  while (graph.info(id).kind == ValueKind::result && views[graph.info(id).node])
    id = graph.node(graph.info(id).node).operands[0];
  return id;
}

// The nodes from a value's computation to its last reader, its views' too; results are read after the last
// node.
struct Lifetime {
  NodeId first, last;
  bool meets(const Lifetime& other) const { return first <= other.last && other.first <= last; }
};

std::vector<Lifetime> lifetimes(const Graph& graph) {
  std::vector<Lifetime> all;
  for (const ValueInfo& info : graph.values()) all.push_back({info.node, info.node});
  for (NodeId id = 0; id < static_cast<NodeId>(graph.nodes().size()); ++id)
    for (const ValueId operand : graph.node(id).operands)
      if (operand.valid()) all[storage_of(graph, operand).index].last = id;
  for (const GraphResult& result : graph.results())
    all[storage_of(graph, result.value).index].last = static_cast<NodeId>(graph.nodes().size());
  return all;
}

bool in_arena(const MemoryPlan& plan, ValueId id) { return plan.places[id.index].kind == Place::Kind::arena; }

// Without views.
std::vector<ValueId> arena_values(const Graph& graph, const MemoryPlan& plan) {
  std::vector<ValueId> values;
  for (int32_t i = 0; i < static_cast<int32_t>(graph.values().size()); ++i)
    if (in_arena(plan, {i}) && storage_of(graph, {i}) == ValueId{i}) values.push_back({i});
  return values;
}

// Whether `later` may lie where `earlier` does although both live while `later` is computed.
bool may_take_over(const Graph& graph, const Lifetime& life, ValueId earlier, ValueId later) {
  const ValueInfo& info = graph.info(later);
  const Node& node = graph.node(info.node);
  const int taken = in_place_operand(op_def(node.op), info.result_index,
                                     [&](size_t i) { return node.operands[i].valid(); });
  const auto is_earlier = [&](ValueId id) { return id.valid() && storage_of(graph, id) == earlier; };
  return life.last == info.node && taken >= 0 && is_earlier(node.operands[taken]) &&
         std::ranges::count_if(node.operands, is_earlier) == 1 &&
         graph.type(earlier).bytes() == graph.type(later).bytes();
}

void expect_no_overlap(const Graph& graph, const MemoryPlan& plan) {
  const auto lives = lifetimes(graph);
  const auto values = arena_values(graph, plan);
  for (const ValueId a : values) {
    const int64_t begin = plan.places[a.index].offset, end = begin + padded_bytes(graph, a);
    EXPECT_EQ(begin % 64, 0);
    EXPECT_GE(begin, 0);
    EXPECT_LE(end, plan.arena_bytes);
    for (const ValueId b : values) {
      const int64_t b_begin = plan.places[b.index].offset, b_end = b_begin + padded_bytes(graph, b);
      const bool overlap = begin < b_end && b_begin < end;
      if (!(a < b) || !overlap || !lives[a.index].meets(lives[b.index])) continue;
      EXPECT_TRUE(begin == b_begin && may_take_over(graph, lives[a.index], a, b))
          << "values " << a.index << " and " << b.index << " overlap";
    }
  }
}

// Scratch memory of a node, in whole blocks of 64 bytes, meets nothing that lives while the node runs.
void expect_scratch_apart(const Graph& graph, const MemoryPlan& plan, std::span<const int64_t> scratch) {
  const auto lives = lifetimes(graph);
  ASSERT_EQ(plan.scratch.size(), graph.nodes().size());
  for (NodeId id = 0; id < static_cast<NodeId>(scratch.size()); ++id) {
    if (scratch[id] == 0) continue;
    const int64_t begin = plan.scratch[id], end = begin + scratch[id];
    EXPECT_EQ(begin % 64, 0);
    EXPECT_GE(begin, 0);
    EXPECT_LE(end, plan.arena_bytes);
    for (const ValueId value : arena_values(graph, plan)) {
      const int64_t offset = plan.places[value.index].offset;
      const bool overlap = begin < offset + padded_bytes(graph, value) && offset < end;
      EXPECT_FALSE(overlap && lives[value.index].meets({id, id}))
          << "scratch of node " << id << " overlaps value " << value.index;
    }
  }
}

// The bytes taken at the fullest node, its scratch included; what works in place counts once.
int64_t fullest_moment(const Graph& graph, const MemoryPlan& plan, std::span<const int64_t> scratch) {
  const auto lives = lifetimes(graph);
  int64_t most = 0;
  for (NodeId id = 0; id < static_cast<NodeId>(graph.nodes().size()); ++id) {
    std::set<int64_t> offsets;
    int64_t bytes = (scratch[id] + 63) / 64 * 64;
    for (const ValueId value : arena_values(graph, plan))
      if (lives[value.index].meets({id, id}) && offsets.insert(plan.places[value.index].offset).second)
        bytes += padded_bytes(graph, value);
    most = std::max(most, bytes);
  }
  return most;
}

// Runs the graph in the memory that the plan gives, filled with ones before, and returns the results.
std::vector<Tensor> run_in_place(const Graph& graph, const MemoryPlan& plan, const Bindings& bindings) {
  std::vector<Tensor> bound(graph.values().size());
  const auto bind = [&](std::span<const ValueId> ids, const std::vector<Tensor>& tensors) {
    for (size_t i = 0; i < ids.size(); ++i) bound[ids[i].index] = tensors[i].clone();
  };
  bind(graph.inputs(), bindings.inputs);
  bind(graph.parameters(), bindings.parameters);
  bind(graph.states(), bindings.states);
  for (const ValueId id : graph.constants()) bound[id.index] = graph.info(id).constant;
  const auto arena = allocate_aligned(plan.arena_bytes);
  std::memset(arena.get(), 0xff, plan.arena_bytes);
  const auto memory = [&](ValueId id) -> void* {
    const Place& place = plan.places[id.index];
    return in_arena(plan, id) ? arena.get() + place.offset : bound[place.owner.index].data();
  };
  std::vector<std::vector<int64_t>> shapes;
  for (const ValueInfo& info : graph.values()) shapes.push_back(sizes(info.type.shape));
  const auto view = [&](ValueId id) -> TensorView {
    if (!id.valid()) return {};
    return {graph.type(id).dtype, shapes[id.index], element_count(graph.type(id).shape), memory(id)};
  };
  for (const Node& node : graph.nodes()) {
    std::vector<TensorView> operands, results;
    for (const ValueId id : node.operands) operands.push_back(view(id));
    for (const ValueId id : node.results) results.push_back(view(id));
    const Evaluation evaluation{node.attributes, operands, results};
    op_def(node.op).evaluate(evaluation, 0, op_def(node.op).units(evaluation));
  }
  for (const StoreCopy& copy : plan.copies)
    std::memcpy(memory(copy.to), memory(copy.from), graph.type(copy.to).bytes());
  std::vector<Tensor> results;
  for (const GraphResult& result : graph.results()) {
    const ValueId id = result.stored_in.valid() ? result.stored_in : result.value;
    Tensor tensor(graph.type(id).dtype, shapes[id.index]);
    std::memcpy(tensor.data(), memory(id), tensor.bytes());
    results.push_back(tensor);
  }
  return results;
}

void expect_good_plan(const Graph& graph, const Bindings& bindings) {
  // Every third node asks for scratch memory, of about the size of the values.
  std::vector<int64_t> scratch(graph.nodes().size());
  for (size_t i = 0; i < scratch.size(); i += 3) scratch[i] = static_cast<int64_t>(i * 97 % 1000) + 1;
  const MemoryPlan plan = plan_memory(graph, scratch);
  expect_no_overlap(graph, plan);
  expect_scratch_apart(graph, plan, scratch);
  const int64_t least = fullest_moment(graph, plan, scratch);
  EXPECT_GE(plan.arena_bytes, least);
  EXPECT_LE(static_cast<double>(plan.arena_bytes), most_waste * static_cast<double>(least));
  const auto expected = interpret(graph, bindings), actual = run_in_place(graph, plan, bindings);
  for (size_t i = 0; i < expected.size(); ++i) EXPECT_EQ(actual[i], expected[i]) << "result " << i;
}

TEST(PlanMemory, RandomGraphs) {
  for (int seed = 0; seed < 200 && !HasFailure(); ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    RandomEngine random(seed);
    const RandomGraph drawn = random_graph(random, {.nodes = 25});
    expect_good_plan(drawn.graph, drawn.bindings);
  }
}

TEST(PlanMemory, RandomTrainingSteps) {
  for (int seed = 0; seed < 100 && !HasFailure(); ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    RandomEngine random(seed);
    RandomGraph drawn = random_training_graph(random, DType::f32);
    autodiff(drawn.graph, {});
    append_update(drawn.graph, {.momentum = seed % 2 ? 0.9 : 0.0});
    remove_dead_nodes(drawn.graph, {});
    drawn.bindings.inputs.push_back(Tensor::scalar(DType::f32, 0.05));
    for (const ValueId state : drawn.graph.states())
      drawn.bindings.states.emplace_back(DType::f32, sizes(drawn.graph.type(state).shape));
    expect_good_plan(drawn.graph, drawn.bindings);
  }
}

struct Planned {
  explicit Planned(std::string_view text) : graph(parse(text)) {
    verify_or_fail(graph, "input");
    plan = plan_memory(graph);
    expect_no_overlap(graph, plan);
  }
  const Place& result_of(NodeId node, size_t result = 0) const {
    return plan.places[graph.node(node).results[result].index];
  }
  bool in_same_memory(NodeId a, NodeId b) const {
    return result_of(a).kind == Place::Kind::arena && result_of(b).kind == Place::Kind::arena &&
           result_of(a).offset == result_of(b).offset;
  }

  Graph graph;
  MemoryPlan plan;
};

TEST(PlanMemory, WorksInPlaceWhereTheOperandIsNotReadAgain) {
  const Planned chain(
      "graph f(%x: f32[100]) -> (f32[100]) { %1 = exp(%x) : f32[100] %2 = relu(%1) : f32[100] "
      "%3 = reshape(%2) {shape = [4, 25]} : f32[4, 25] %4 = flatten(%3) {start_dim = 0} : f32[100] return %4 "
      "}");
  EXPECT_TRUE(chain.in_same_memory(0, 1));
  EXPECT_TRUE(chain.in_same_memory(0, 3));
  EXPECT_EQ(chain.plan.arena_bytes, 448);
}

TEST(PlanMemory, InputsAreNeverWrittenInto) {
  const Planned one("graph f(%x: f32[4]) -> (f32[4]) { %1 = relu(%x) : f32[4] return %1 }");
  EXPECT_EQ(one.result_of(0).kind, Place::Kind::arena);
  EXPECT_EQ(one.plan.places[one.graph.inputs()[0].index].kind, Place::Kind::bound);
  EXPECT_EQ(one.plan.places[one.graph.inputs()[0].index].owner, one.graph.inputs()[0]);
}

TEST(PlanMemory, NotInPlaceWhereTheOperandIsReadLater) {
  const Planned later(
      "graph f(%x: f32[4]) -> (f32[4]) { %1 = exp(%x) : f32[4] %2 = relu(%1) : f32[4] "
      "%3 = add(%2, %1) : f32[4] return %3 }");
  EXPECT_FALSE(later.in_same_memory(0, 1));
  EXPECT_TRUE(later.in_same_memory(1, 2));
  const Planned result(
      "graph f(%x: f32[4]) -> (f32[4], f32[4]) { %1 = exp(%x) : f32[4] %2 = relu(%1) : f32[4] return %1, %2 "
      "}");
  EXPECT_FALSE(result.in_same_memory(0, 1));
}

TEST(PlanMemory, NotInPlaceWhereTheSizesDiffer) {
  const Planned wider(
      "graph f(%x: f32[4], %y: f32[3, 4]) -> (f32[3, 4]) { %1 = exp(%x) : f32[4] "
      "%2 = add(%1, %y) : f32[3, 4] return %2 }");
  EXPECT_FALSE(wider.in_same_memory(0, 1));
  const Planned same_block(
      "graph f(%x: f32[1], %y: f32[4]) -> (f32[4]) { %1 = exp(%x) : f32[1] "
      "%2 = add(%1, %y) : f32[4] return %2 }");
  EXPECT_FALSE(same_block.in_same_memory(0, 1))
      << "one block of 64 bytes each, but the operand is read four times";
}

TEST(PlanMemory, NotInPlaceWhereTheOperandStandsTwice) {
  const Planned twice(
      "graph f(%x: f32[4]) -> (f32[4]) { %1 = exp(%x) : f32[4] %2 = mul(%1, %1) : f32[4] return %2 }");
  EXPECT_FALSE(twice.in_same_memory(0, 1));
}

TEST(PlanMemory, NotInPlaceWhereTheOpReadsItsOperandAcross) {
  const Planned softmax(
      "graph f(%x: f32[4]) -> (f32[4]) { %1 = exp(%x) : f32[4] %2 = transpose(%1) {permutation = [0]} : "
      "f32[4] return %2 }");
  EXPECT_FALSE(softmax.in_same_memory(0, 1));
}

TEST(PlanMemory, ResultsSurvive) {
  const Planned early(
      "graph f(%x: f32[4]) -> (f32[4], f32[4]) { %1 = exp(%x) : f32[4] %2 = tanh(%x) : f32[4] "
      "%3 = sigmoid(%2) : f32[4] %4 = sqrt(%3) : f32[4] return %1, %4 }");
  for (const NodeId node : {1, 2, 3}) EXPECT_FALSE(early.in_same_memory(0, node));
}

TEST(PlanMemory, ValuesThatAreNotNeededTogetherShareMemory) {
  const Planned chain(
      "graph f(%x: f32[16, 16]) -> (f32[16, 16]) { %1 = softmax(%x) : f32[16, 16] %2 = softmax(%1) : f32[16, "
      "16] "
      "%3 = softmax(%2) : f32[16, 16] %4 = softmax(%3) : f32[16, 16] return %4 }");
  EXPECT_EQ(chain.plan.arena_bytes, 2 * 1024);
}

TEST(PlanMemory, ResultsThatNothingReadsTakeMemoryWhileTheirNodeRuns) {
  const Planned pool(
      "graph f(%x: f32[1, 1, 2, 2]) -> (f32[1, 1, 1, 1]) { %1, %2 = max_pool2d_argmax(%x) "
      "{kernel_size = [2, 2]} : f32[1, 1, 1, 1], u8[1, 1, 1, 1] return %1 }");
  EXPECT_NE(pool.result_of(0, 0).offset, pool.result_of(0, 1).offset);
}

constexpr std::string_view update =
    "graph f(%g: f32[4], %lr: f32[]) -> (\"w'\": f32[4], \"v'\": f32[4]{}) {{ param %w: f32[4] state %v: "
    "f32[4] "
    "%1, %2 = sgd_update(%w, %g, %lr, %v) {{momentum = 0.9}} : f32[4], f32[4] {} return %1 into %w, %2 into "
    "%v{} }}";

TEST(PlanMemory, UpdatesParametersAndStatesInPlace) {
  const Planned step(fmt::format(update, "", "", ""));
  EXPECT_EQ(step.result_of(0, 0).kind, Place::Kind::bound);
  EXPECT_EQ(step.result_of(0, 0).owner, step.graph.parameters()[0]);
  EXPECT_EQ(step.result_of(0, 1).owner, step.graph.states()[0]);
  EXPECT_TRUE(step.plan.copies.empty());
  EXPECT_EQ(step.plan.arena_bytes, 0);
}

// Its operands stand elsewhere than the update's own.
constexpr std::string_view fused_update =
    "graph f(%lanes: f32[8, 4], %lr: f32[]) -> (f32[4], f32[4]{}) {{ param %w: f32[4] state %v: f32[4] "
    "%1, %2 = fusion(%lanes, %w, %lr, %v) (%a: f32[8, 4], %b: f32[4], %c: f32[], %d: f32[4]) {{ "
    "%3 = sum(%a) {{axes = [0]}} : f32[4] "
    "%4, %5 = sgd_update(%b, %3, %c, %d) {{momentum = 0.5}} : f32[4], f32[4] return %4, %5 }} : f32[4], "
    "f32[4] "
    "{} return %1 into %w, %2 into %v{} }}";

TEST(PlanMemory, AnUpdateAtAFusionsEndWorksInPlace) {
  const Planned step(fmt::format(fused_update, "", "", ""));
  EXPECT_EQ(step.result_of(0, 0).owner, step.graph.parameters()[0]);
  EXPECT_EQ(step.result_of(0, 1).owner, step.graph.states()[0]);
  EXPECT_TRUE(step.plan.copies.empty());
  EXPECT_EQ(step.plan.arena_bytes, 0);
}

TEST(PlanMemory, AnUpdateAtAFusionsEndIsCopiedWhereTheParameterIsReadLater) {
  const Planned step(fmt::format(fused_update, ", f32[4]", "%6 = exp(%w) : f32[4]", ", %6"));
  EXPECT_EQ(step.result_of(0, 0).kind, Place::Kind::arena);
  EXPECT_EQ(step.plan.copies.size(), 1u);
}

TEST(PlanMemory, OtherFusionsHaveMemoryOfTheirOwn) {
  const Planned step(
      "graph f(%x: f32[4]) -> (f32[4]) { %1 = exp(%x) : f32[4] %2 = fusion(%1) (%a: f32[4]) { "
      "%3 = exp(%a) : f32[4] %4 = relu(%3) : f32[4] return %4 } : f32[4] return %2 }");
  EXPECT_FALSE(step.in_same_memory(0, 1));
}

TEST(PlanMemory, CopiesAParameterThatIsReadAfterItsUpdate) {
  const Planned step(fmt::format(update, ", f32[4]", "%3 = exp(%w) : f32[4]", ", %3"));
  EXPECT_EQ(step.result_of(0, 0).kind, Place::Kind::arena);
  ASSERT_EQ(step.plan.copies.size(), 1u);
  EXPECT_EQ(step.plan.copies[0].from, step.graph.node(0).results[0]);
  EXPECT_EQ(step.plan.copies[0].to, step.graph.parameters()[0]);
  EXPECT_EQ(step.result_of(0, 1).owner, step.graph.states()[0]) << "the velocity is not read again";
}

TEST(PlanMemory, StoresWhatIsNotComputedFromTheParameterByCopy) {
  const Planned step(
      "graph f(%x: f32[4]) -> (f32[4], f32[4]) { param %w: f32[4] state %s: f32[4] "
      "%1 = add(%x, %w) : f32[4] return %1 into %w, %x into %s }");
  ASSERT_EQ(step.plan.copies.size(), 2u);
  EXPECT_EQ(step.plan.copies[0].to, step.graph.parameters()[0]);
  EXPECT_EQ(step.plan.copies[1].from, step.graph.inputs()[0]);
  EXPECT_EQ(step.plan.copies[1].to, step.graph.states()[0]);
}

TEST(PlanMemory, RefusesSymbols) {
  const Graph graph = parse("graph f(%x: f32[N]) -> (f32[N]) { %1 = relu(%x) : f32[N] return %1 }");
  EXPECT_THROW(plan_memory(graph), InternalError);
}

}  // namespace
}  // namespace sinter
