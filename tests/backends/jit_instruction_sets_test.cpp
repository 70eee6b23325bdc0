#include <gtest/gtest.h>

#include <set>

#include "backends/backend_list.h"
#include "backends/jit/instruction_set.h"
#include "backends/jit/jit.h"
#include "backends/reference/reference.h"
#include "ir/build.h"
#include "passes/pipeline.h"
#include "passes/run_passes.h"
#include "tests/backends/on_instruction_set.h"
#include "tests/backends/random_network.h"
#include "tests/backends/run_graph.h"
#include "tests/random/random_ops.h"

/// Generated code for CPUs older than this one, and what there is no generated code for.
namespace sinter {
namespace {

class InstructionSets : public OnInstructionSet {};

TEST_P(InstructionSets, RunEveryOp) {
  for (const OpDef& op : op_table())
    for (int seed = 100; seed < 105 && !HasFailure(); ++seed) {
      RandomEngine random(seed);
      const auto instance = random_instance(op, random, {.largest_size = 19});
      ASSERT_TRUE(instance);
      SCOPED_TRACE(to_string(*instance));
      Bindings bindings;
      for (auto& operand : random_operands(*instance, random))
        if (operand) bindings.inputs.push_back(std::move(*operand));
      expect_parity(*backend_, graph_of(*instance), bindings, offers(), 1e-4, random);
    }
}

TEST_P(InstructionSets, SumIntegersExactly) {
  for (const DType dtype : {DType::u8, DType::i32, DType::i64})
    for (const Ints& axes : {Ints{}, Ints{0}, Ints{1}, Ints{0, 2}})
      for (const Shape& shape : {Shape{1, 1, 1}, Shape{17, 3, 5}, Shape{2, 37, 64}}) {
        RandomEngine random(7);
        Graph graph;
        const Value x = graph.input("x", {dtype, shape});
        graph.add_result(sum(x, {.axes = axes}));
        ASSERT_FALSE(backend_->implementations(graph, 0, {}).empty());
        Bindings bindings;
        bindings.inputs.push_back(random_tensor({dtype, shape}, Domain::class_index, 100, random));
        expect_parity(*backend_, graph, bindings, offers(), 0, random);
      }
}

// Limits of the integer types, and what f16 has around its own: subnormal numbers, ties, the largest.
Tensor numbers_of_casts() {
  std::vector<double> values = {0, -0.0, INFINITY, -INFINITY, NAN, 0x1p63, -0x1p63, 2147483647.5, 2147483648};
  for (const double x :
       {0.3,       0.7,          1.0,          127.6,       128.0,       128.9,   129.0,     255.5,
        256.0,     2147483520.0, 2147483649.0, 0x1p62,      3e38,        1e300,   0x1p-26,   0x1p-25,
        0x1.8p-25, 0x1p-24,      0x1.4p-23,    0x1.ffcp-15, 0x1.ffep-15, 0x1p-14, 0x1.002p0, 0x1.006p0,
        0x1.01p0,  0x1.03p0,     65504.0,      65519.0,     65520.0})
    values.insert(values.end(), {x, -x});
  Tensor tensor(DType::f64, {static_cast<int64_t>(values.size())});
  std::ranges::copy(values, tensor.values<double>().begin());
  return tensor;
}

constexpr DType computed_types[] = {DType::f32, DType::f64, DType::i8,     DType::u8,
                                    DType::i32, DType::i64, DType::boolean};

Tensor as(const Tensor& x, DType dtype) {
  if (x.dtype() == dtype) return x;
  Graph graph;
  graph.add_result(cast(graph.input("x", x.type()), dtype));
  return interpret(graph, {{x}, {}, {}}).at(0);
}

// What is out of range saturates, and NaN becomes 0.
TEST_P(InstructionSets, CastAsTheReference) {
  RandomEngine random(1);
  for (const DType from : computed_types)
    for (const DType to : computed_types) {
      if (from == to) continue;
      SCOPED_TRACE(fmt::format("{} to {}", to_string(from), to_string(to)));
      const Tensor x = as(numbers_of_casts(), from);
      Graph graph;
      graph.add_result(cast(graph.input("x", x.type()), to));
      EXPECT_GT(expect_parity(*backend_, graph, {{x}, {}, {}}, offers(), 0, random), 0U);
    }
}

// To a half type and back in one kernel: tensors of half types cannot be compared.
TEST_P(InstructionSets, RoundToHalfTypesAsTheReference) {
  RandomEngine random(1);
  for (const DType half : {DType::bf16, DType::f16})
    for (const DType from : computed_types)
      for (const DType to : computed_types) {
        SCOPED_TRACE(fmt::format("{} to {} to {}", to_string(from), to_string(half), to_string(to)));
        const Tensor x = as(numbers_of_casts(), from);
        Graph body;
        body.add_result(cast(cast(body.input("x", x.type()), half), to));
        const Graph graph = as_fusion(std::move(body));
        EXPECT_GT(expect_parity(*backend_, graph, {{x}, {}, {}}, offers(), 0, random), 0U);
      }
}

// The reference's bits, in any layout and however the mask is shared out.
TEST_P(InstructionSets, DropTheSameElementsAsTheReference) {
  for (const DType numbers : {DType::u8, DType::i32, DType::i64})
    for (const Ints& size : {Ints{}, Ints{3, 1, 21}, Ints{64}, Ints{5, 40}, Ints{130, 129}})
      for (const double p : {0.0, 0.3, 0.5, 1.0}) {
        RandomEngine random(11);
        const int64_t samples = random_integer(random, 1, 40);
        Graph graph;
        const Value sample = graph.input("sample", {numbers, {samples}, {}});
        const Value seed = graph.input("seed", {numbers, {}, {}});
        graph.add_result(dropout_mask(sample, seed, {.sample_size = size, .p = p, .stream = 5}));
        ASSERT_FALSE(backend_->implementations(graph, 0, {}).empty());
        Bindings bindings;
        for (const ValueId id : graph.inputs()) {
          Tensor tensor(numbers, sizes(graph.type(id).shape));
          for (int64_t i = 0; i < tensor.count(); ++i)
            tensor.set(i, numbers == DType::u8
                              ? static_cast<double>(random_integer(random, 0, 255))
                              : random_real(random, -0x1p31, 0x1p31) * (numbers == DType::i64 ? 0x1p20 : 1));
          bindings.inputs.push_back(std::move(tensor));
        }
        expect_parity(*backend_, graph, bindings, offers(), 0, random);
      }
}

TEST_P(InstructionSets, RunATrainingStep) {
  std::vector<std::unique_ptr<Backend>> backends;
  backends.push_back(std::move(backend_));
  backends.push_back(make_reference_backend());
  const auto list = make_backend_list(std::move(backends));
  for (const int64_t batch : {3, 32}) {
    RandomEngine random(batch);
    const Graph model = random_network(batch, random);
    const auto step = [&](bool for_target) {
      std::vector<std::string> passes;
      for (const Step& each : training_pipeline())
        if (each.pass != "form_slab_loops" &&
            (for_target || (each.pass != "fuse_epilogues" && each.pass != "fuse_conv_activation_pool" &&
                            each.pass != "assign_layouts" && each.pass != "fuse_statistics" &&
                            each.pass != "fuse_updates" && each.pass != "recompute")))
          passes.emplace_back(each.pass);
      Graph graph = model;
      run_passes(graph, passes, {.loss_reduction = "mean", .momentum = 0.9, .target = list.get()});
      return graph;
    };
    const Graph compiled = step(true);
    const Bindings bindings = step_bindings(compiled, random);
    const auto actual = run_graph(*list, compiled, bindings, &random);
    const auto expected = interpret(step(false), bindings);
    for (size_t i = 0; i < expected.size(); ++i) expect_near(actual[i], expected[i], 1e-3);
  }
}

INSTANTIATE_TEST_SUITE_P(Jit, InstructionSets,
                         testing::Values(InstructionSet::baseline, InstructionSet::avx2,
                                         InstructionSet::avx512));

TEST(JitBackend, HasAKernelForEveryOp) {
  const auto backend = make_jit_backend();
  std::set<std::string_view> without;
  for (const OpDef& op : op_table())
    for (int seed = 0; seed < 20; ++seed) {
      RandomEngine random(seed);
      const auto instance = random_instance(op, random, {.integers = false});
      ASSERT_TRUE(instance);
      // Of random fusions and loops most are nothing that a pass would make.
      if (op.kind == OpKind::fusion || op.kind == OpKind::slab_loop) continue;
      if (backend->implementations(graph_of(*instance), 0, {}).empty()) without.insert(op.name);
    }
  EXPECT_EQ(without, std::set<std::string_view>{});
}

}  // namespace
}  // namespace sinter
