#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "backends/reference/reference.h"
#include "ir/build.h"
#include "ir/interpreter.h"
#include "tests/random/random_ops.h"

/// Every backend, op and element type against the op table's evaluate.
namespace sinter {
namespace {

struct BackendUnderTest {
  std::unique_ptr<Backend> (*make)();
  double tolerance;   ///< relative; 0: the same bits
  bool runs_all_ops;  ///< else what implementations() is empty for is left out
};

const BackendUnderTest backends[] = {{make_reference_backend, 0, true}};

using Operands = std::vector<std::optional<Tensor>>;

Graph graph_of(const OpInstance& instance) {
  Graph graph;
  std::vector<OptionalValue> operands;
  for (const auto& type : instance.operands)
    operands.push_back(type ? OptionalValue(graph.input(fmt::format("x{}", operands.size()), *type))
                            : std::nullopt);
  for (const Value result : graph.append(instance.op, operands, instance.attributes))
    graph.add_result(result);
  return graph;
}

// Runs the units in a random order of random ranges into memory that holds ones before.
std::vector<Tensor> run_kernel(const Kernel& kernel, const Graph& graph, const Operands& operands,
                               RandomEngine& random) {
  std::vector<void*> buffers;
  std::vector<Tensor> results;
  const Node& node = graph.node(0);
  for (size_t i = 0; i < node.operands.size(); ++i)
    buffers.push_back(operands[i] ? const_cast<void*>(operands[i]->data()) : nullptr);
  for (const ValueId id : node.results) {
    results.emplace_back(graph.type(id).dtype, sizes(graph.type(id).shape));
    std::memset(results.back().data(), 0xff, results.back().bytes());
    buffers.push_back(results.back().data());
  }
  std::vector<int64_t> cuts = {0, kernel.units()};
  for (int i = 0; i < 3 && !kernel.self_parallel(); ++i)
    cuts.push_back(random_integer(random, 0, kernel.units()));
  std::ranges::sort(cuts);
  std::vector<size_t> order(cuts.size() - 1);
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::ranges::shuffle(order, random);
  const auto workspace = allocate_aligned(kernel.workspace_bytes());
  for (const size_t i : order) kernel.run(buffers.data(), workspace.get(), cuts[i], cuts[i + 1]);
  return results;
}

void expect_near(const Tensor& actual, const Tensor& expected, double tolerance) {
  if (tolerance == 0 || !is_floating(expected.dtype())) {
    EXPECT_EQ(actual, expected);
    return;
  }
  for (int64_t i = 0; i < expected.count(); ++i)
    ASSERT_NEAR(actual.at(i), expected.at(i), tolerance * std::max(1.0, std::abs(expected.at(i))))
        << "element " << i;
}

bool is_plain(const std::vector<Layout>& layouts) { return std::ranges::all_of(layouts, &Layout::is_plain); }

class Parity : public testing::TestWithParam<std::tuple<size_t, OpKind, DType>> {
 protected:
  const BackendUnderTest& tested() const { return backends[std::get<0>(GetParam())]; }

  void check(int seed) {
    const auto [_, op, type] = GetParam();
    RandomEngine random(seed);
    const auto instance =
        random_instance(op_def(op), random, {.floating = type, .smallest_size = seed % 5 ? 1 : 0});
    ASSERT_TRUE(instance);
    SCOPED_TRACE(fmt::format("seed {}: {}", seed, to_string(*instance)));
    const Graph graph = graph_of(*instance);
    const auto implementations = backend_->implementations(graph, 0);
    EXPECT_TRUE(!tested().runs_all_ops || !implementations.empty());
    for (const Implementation& way : implementations) {
      EXPECT_EQ(way.operands.size(), graph.node(0).operands.size());
      EXPECT_EQ(way.results.size(), graph.node(0).results.size());
      EXPECT_GE(way.seconds, 0);
    }
    const bool runs = std::ranges::any_of(implementations, [](const Implementation& way) {
      return is_plain(way.operands) && is_plain(way.results);
    });
    if (!runs) return;
    const Operands operands = random_operands(*instance, random);
    const auto expected = evaluate(op, instance->attributes, operands);
    const auto actual = run_kernel(*backend_->compile(graph, 0), graph, operands, random);
    for (size_t i = 0; i < expected.size(); ++i) expect_near(actual[i], expected[i], tested().tolerance);
  }

  std::unique_ptr<Backend> backend_ = tested().make();
};

TEST_P(Parity, RandomInstances) {
  for (int seed = 0; seed < 60 && !HasFailure(); ++seed) check(seed);
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
    const auto kernel = backend->compile(graph, 0);
    ASSERT_GT(kernel->units(), 3) << to_string(instance);
    const Operands operands = random_operands(instance, random);
    const auto expected = evaluate(instance.op, instance.attributes, operands);
    for (int repeat = 0; repeat < 20; ++repeat)
      EXPECT_EQ(run_kernel(*kernel, graph, operands, random), expected) << to_string(instance);
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
    try {
      backend->compile(graph, 0);
      FAIL() << "no error";
    } catch (const InputError& error) {
      EXPECT_STREQ(error.what(), "reference has no arithmetic for node 0 (relu, \"features.1\")");
    }
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
  EXPECT_EQ(backend->refuses_fusion(graph), std::nullopt);
}

}  // namespace
}  // namespace sinter
