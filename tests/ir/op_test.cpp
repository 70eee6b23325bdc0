#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "ir/interpreter.h"
#include "tests/ir/naive_ops.h"
#include "tests/random/random_ops.h"

/// Every row of the op table on random instances: evaluate against the formula, units, memory taken over.
namespace sinter {
namespace {

struct Case {
  OpInstance instance;
  std::vector<std::optional<Tensor>> operands;
  std::string text;
};

// Calls check(case) for `count` random instances of every op, in f32 and f64.
template <typename F>
void for_each_case(int count, InstanceOptions options, F check) {
  for (const OpDef& op : op_table())
    for (int seed = 0; seed < count; ++seed) {
      RandomEngine random(seed);
      options.floating = seed % 2 ? DType::f64 : DType::f32;
      const auto instance = random_instance(op, random, options);
      ASSERT_TRUE(instance) << "no instance of " << op.name << " from seed " << seed;
      const Case drawn{*instance, random_operands(*instance, random),
                       fmt::format("seed {}: {}", seed, to_string(*instance))};
      SCOPED_TRACE(drawn.text);
      check(op, drawn);
      if (testing::Test::HasFailure()) return;
    }
}

Array to_array(const std::optional<Tensor>& tensor) {
  if (!tensor) return {DType::f32, {}, {}, false};
  Array array{tensor->dtype(), tensor->shape(), {}};
  for (int64_t i = 0; i < tensor->count(); ++i) array.data.push_back(tensor->at(i));
  return array;
}

// The naive result as its element type holds it: integers wrap around.
double stored_as(DType type, double value) {
  if (type == DType::boolean) return value != 0;
  const auto whole = static_cast<int64_t>(value);
  if (type == DType::u8) return static_cast<uint8_t>(whole);
  if (type == DType::i8) return static_cast<int8_t>(whole);
  return value;
}

void expect_close(const Tensor& found, const Array& expected) {
  const double tolerance = found.dtype() == DType::f32 ? 1e-5 : found.dtype() == DType::f64 ? 1e-12 : 0;
  for (int64_t i = 0; i < found.count(); ++i) {
    const double want = stored_as(found.dtype(), expected.data[i]);
    ASSERT_NEAR(found.at(i), want, tolerance * (1 + std::abs(want))) << "element " << i;
  }
}

TEST(Op, EveryOpComputesItsFormula) {
  for_each_case(60, {}, [](const OpDef& op, const Case& drawn) {
    if (op.kind == OpKind::fusion || op.kind == OpKind::slab_loop)
      return;  // mean their bodies: interpreter_test
    const auto naive = naive_ops().find(op.kind);
    ASSERT_NE(naive, naive_ops().end()) << op.name << " has no naive counterpart to compare with";
    std::vector<Array> operands, expected;
    for (const auto& operand : drawn.operands) operands.push_back(to_array(operand));
    for (const Type& type : drawn.instance.results) {
      const auto shape = sizes(type.shape);
      expected.push_back({type.dtype, shape, std::vector<double>(element_count(type.shape), 0)});
    }
    naive->second(drawn.instance.attributes, operands, expected);
    // The operands in f32 are what both sides start from: only the arithmetic may differ.
    const auto results = evaluate(op.kind, drawn.instance.attributes, drawn.operands);
    for (size_t i = 0; i < results.size(); ++i) {
      ASSERT_EQ(results[i].type(), drawn.instance.results[i]);
      expect_close(results[i], expected[i]);
    }
  });
}

TensorView view(Tensor& tensor) { return {tensor.dtype(), tensor.shape(), tensor.count(), tensor.data()}; }

std::vector<TensorView> views(std::vector<std::optional<Tensor>>& tensors) {
  std::vector<TensorView> result;
  for (auto& tensor : tensors) result.push_back(tensor ? view(*tensor) : TensorView{});
  return result;
}

// Runs the units in parts that end where `random` says, on results filled with `poison`: what no unit writes
// shows up.
std::vector<Tensor> evaluate_in_parts(const Case& drawn, int parts, int poison, RandomEngine& random) {
  auto operands = drawn.operands;
  const auto operand_views = views(operands);
  std::vector<Tensor> results;
  std::vector<TensorView> result_views;
  for (const Type& type : drawn.instance.results) {
    results.emplace_back(type.dtype, sizes(type.shape));
    std::memset(results.back().data(), type.dtype == DType::boolean ? poison & 1 : poison,
                results.back().bytes());
  }
  for (Tensor& result : results) result_views.push_back(view(result));
  const Evaluation evaluation{drawn.instance.attributes, operand_views, result_views};
  const OpDef& op = op_def(drawn.instance.op);
  const int64_t units = op.units(evaluation);
  std::vector<int64_t> ends = {0, units};
  for (int i = 1; i < parts; ++i) ends.push_back(random_integer(random, 0, units));
  std::ranges::sort(ends);
  for (size_t i = ends.size() - 1; i > 0; --i) op.evaluate(evaluation, ends[i - 1], ends[i]);
  return results;
}

TEST(Op, UnitsInPartsGiveTheSameBits) {
  const auto check = [](const OpDef&, const Case& drawn) {
    RandomEngine random(drawn.operands.size());
    const auto whole = evaluate_in_parts(drawn, 1, 0x00, random);
    for (const int parts : {1, 2, 5})
      ASSERT_EQ(evaluate_in_parts(drawn, parts, 0x55, random), whole) << parts << " parts";
  };
  for_each_case(20, {}, check);
  for_each_case(10, {.largest_size = 14}, check);  // more than one unit of 4096 elements
}

TEST(Op, EmptyTensors) {
  for_each_case(40, {.smallest_size = 0, .largest_size = 2}, [](const OpDef&, const Case& drawn) {
    RandomEngine random(1);
    ASSERT_EQ(evaluate_in_parts(drawn, 2, 0x55, random), evaluate_in_parts(drawn, 1, 0x00, random));
  });
}

TEST(Op, ResultsMayTakeOverTheOperandsMemory) {
  for_each_case(40, {}, [](const OpDef& op, const Case& drawn) {
    const auto expected = evaluate(op.kind, drawn.instance.attributes, drawn.operands);
    std::vector<std::optional<Tensor>> operands;
    for (const auto& operand : drawn.operands)
      operands.push_back(operand ? std::optional(operand->clone()) : std::nullopt);
    const auto operand_views = views(operands);
    std::vector<TensorView> result_views;
    std::vector<int> taken;
    for (size_t i = 0; i < expected.size(); ++i) {
      taken.push_back(in_place_operand(op, i, [&](size_t k) { return operands.at(k).has_value(); }));
      if (taken.back() < 0) return;
      auto& operand = operands[taken.back()];
      if (operand->count() != expected[i].count() || operand->dtype() != expected[i].dtype()) return;
      result_views.push_back(view(*operand));
      result_views.back().shape = expected[i].shape();
    }
    const Evaluation evaluation{drawn.instance.attributes, operand_views, result_views};
    op.evaluate(evaluation, 0, op.units(evaluation));
    for (size_t i = 0; i < expected.size(); ++i)
      ASSERT_EQ(operands[taken[i]]->reshaped(expected[i].shape()), expected[i]);
  });
}

}  // namespace
}  // namespace sinter
