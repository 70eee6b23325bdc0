#include <gtest/gtest.h>

#include <algorithm>

#ifdef SINTER_JIT
#include "backends/jit/jit.h"
#endif
#ifdef SINTER_ONEDNN
#include "backends/onednn/onednn.h"
#endif
#include "backends/reference/reference.h"
#include "ir/build.h"
#include "tests/backends/run_graph.h"
#include "tests/random/random_ops.h"

/// Every backend, op and element type against the op table's evaluate.
namespace sinter {
namespace {

/// What a backend must run; what else implementations() is empty for is left out.
enum class Runs : uint8_t {
  some,
  every_op_in_f32,  ///< that has elements, but random fusions and loops: most are nothing that a pass makes
  all,
};

struct BackendUnderTest {
  std::unique_ptr<Backend> (*make)();
  double tolerance;  ///< relative; 0: the same bits
  Runs runs;
  int instances;  ///< fewer where each takes long to compile
};

const BackendUnderTest backends[] = {
    {make_reference_backend, 0, Runs::all, 60},
#ifdef SINTER_ONEDNN
    {make_onednn_backend, 2e-5, Runs::some, 60},
#endif
#ifdef SINTER_JIT
    {[] { return make_jit_backend(); }, 2e-5, Runs::every_op_in_f32, 30},
#endif
};

using Operands = std::vector<std::optional<Tensor>>;

Bindings bindings_of(const Operands& operands) {
  Bindings bindings;
  for (const auto& operand : operands)
    if (operand) bindings.inputs.push_back(*operand);
  return bindings;
}

bool is_plain(const std::vector<Layout>& layouts) { return std::ranges::all_of(layouts, &Layout::is_plain); }

class Parity : public testing::TestWithParam<std::tuple<size_t, OpKind, DType>> {
 protected:
  const BackendUnderTest& tested() const { return backends[std::get<0>(GetParam())]; }

  void check(int seed) {
    const auto [_, op, type] = GetParam();
    RandomEngine random(seed);
    const bool may_be_empty = seed % 5 == 0;
    const auto instance =
        random_instance(op_def(op), random, {.floating = type, .smallest_size = may_be_empty ? 0 : 1});
    ASSERT_TRUE(instance);
    SCOPED_TRACE(fmt::format("seed {}: {}", seed, to_string(*instance)));
    const Graph graph = graph_of(*instance);
    const Operands operands = random_operands(*instance, random);
    const size_t ways =
        expect_parity(*backend_, graph, bindings_of(operands), offers(), tested().tolerance, random);
    EXPECT_TRUE(ways > 0 || !must_run(may_be_empty));
  }

  bool must_run(bool may_be_empty) const {
    const auto [_, op, type] = GetParam();
    const bool holds_others = op == OpKind::fusion || op == OpKind::slab_loop;
    return tested().runs == Runs::all ||
           (tested().runs == Runs::every_op_in_f32 && type == DType::f32 && !holds_others && !may_be_empty);
  }

  std::unique_ptr<Backend> backend_ = tested().make();
};

TEST_P(Parity, RandomInstances) {
  for (int seed = 0; seed < tested().instances && !HasFailure(); ++seed) check(seed);
}

std::vector<OpKind> all_ops() {
  std::vector<OpKind> kinds;
  for (const OpDef& op : op_table()) kinds.push_back(op.kind);
  return kinds;
}

std::string case_name(const testing::TestParamInfo<Parity::ParamType>& info) {
  const auto [backend, op, type] = info.param;
  return fmt::format("{}_{}_{}", backends[backend].make()->name(), to_string(op), to_string(type));
}

INSTANTIATE_TEST_SUITE_P(EveryOp, Parity,
                         testing::Combine(testing::Range<size_t>(0, std::size(backends)),
                                          testing::ValuesIn(all_ops()),
                                          testing::Values(DType::f32, DType::f64)),
                         case_name);

// More units than one, so that a split is one: 4096 elements or one row each.
TEST(ReferenceKernel, SplitsLargeNodes) {
  RandomEngine random(1);
  const auto backend = make_reference_backend();
  const OpInstance instances[] = {
      {OpKind::add,
       Attributes(OpKind::add),
       {Type{DType::f32, {50, 301}, {}}, Type{DType::f32, {301}, {}}},
       {},
       {}},
      {OpKind::linear,
       Attributes(OpKind::linear),
       {Type{DType::f32, {9, 30}, {}}, Type{DType::f32, {40, 30}, {}}},
       {},
       {}},
      {OpKind::sum, Attributes(OpKind::sum, {{"axes", Ints{1}}}), {Type{DType::f32, {64, 300}, {}}}, {}, {}},
  };
  for (const OpInstance& instance : instances) {
    const Graph graph = graph_of(instance);
    ASSERT_GT(backend->compile(graph, 0).kernels.at(0)->units(), 3) << to_string(instance);
    const Operands operands = random_operands(instance, random);
    const auto expected = evaluate(instance.op, instance.attributes, operands);
    for (int repeat = 0; repeat < 20; ++repeat)
      EXPECT_EQ(run_graph(*backend, graph, bindings_of(operands), &random), expected) << to_string(instance);
  }
}

TEST(ReferenceBackend, HasNoArithmeticForHalfTypes) {
  const auto backend = make_reference_backend();
  for (const DType type : {DType::bf16, DType::f16}) {
    Graph graph;
    const Value x = graph.input("x", {type, {4}, {}});
    graph.at({.node = "features.1"});
    relu(x);
    cast(x, DType::f32);
    EXPECT_TRUE(backend->implementations(graph, 0).empty());
    EXPECT_TRUE(backend->implementations(graph, 1).empty());
    EXPECT_EQ(
        compile_error(*backend, graph, 0),
        fmt::format(
            "node 0 (relu, \"features.1\") is in {}, in which nothing computes yet; expected f32 or f64",
            to_string(type)));
  }
}

TEST(ReferenceBackend, RunsInPlainLayoutsAndEstimates) {
  const auto backend = make_reference_backend();
  EXPECT_EQ(backend->name(), "reference");
  EXPECT_FALSE(backend->description().empty());
  Graph graph;
  const Value x = graph.input("x", {DType::f32, {8, 64, 32, 32}, {}});
  const Value w = graph.parameter("w", {DType::f32, {64, 64, 3, 3}, {}});
  graph.add_result(relu(conv2d(x, w)));
  const auto conv = backend->implementations(graph, 0), activation = backend->implementations(graph, 1);
  ASSERT_EQ(conv.size(), 1u);
  ASSERT_EQ(activation.size(), 1u);
  EXPECT_TRUE(is_plain(conv[0].operands) && is_plain(conv[0].results));
  EXPECT_GT(conv[0].seconds, 10 * activation[0].seconds);
  EXPECT_EQ(backend->refuses_fusion(graph), "conv2d is not elementwise");
}

}  // namespace
}  // namespace sinter
