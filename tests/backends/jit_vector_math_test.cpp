#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>

#include "backends/jit/instruction_set.h"
#include "backends/jit/jit.h"
#include "ir/build.h"
#include "tests/backends/run_graph.h"

/// The elementary functions of generated code against the C library's in f64, over all of f32's range.
namespace sinter {
namespace {

struct Function {
  OpKind op;
  double (*exact)(double);
  double ulp;  ///< what backends/jit/vector_math.h states
};

const Function functions[] = {
    {OpKind::exp, [](double x) { return std::exp(x); }, 1.2},
    {OpKind::log, [](double x) { return std::log(x); }, 0.8},
    {OpKind::tanh, [](double x) { return std::tanh(x); }, 1.6},
    {OpKind::sigmoid, [](double x) { return 1 / (1 + std::exp(-x)); }, 2.3},
};

// Every 1009th f32 by its bits: both signs, all exponents, subnormal numbers, infinities and NaN.
Tensor all_over() {
  constexpr uint32_t step = 1009;
  constexpr int64_t count = std::numeric_limits<uint32_t>::max() / step;
  Tensor x(DType::f32, {count});
  auto values = x.values<float>();
  for (int64_t i = 0; i < count; ++i) values[i] = std::bit_cast<float>(static_cast<uint32_t>(i) * step);
  values[0] = std::numeric_limits<float>::infinity();
  values[1] = -std::numeric_limits<float>::infinity();
  values[2] = -0.0F;
  return x;
}

// The distance in units in the last place of the exact result, where that is a finite f32.
double error_in_ulp(float actual, double exact) {
  const auto rounded = static_cast<float>(exact);
  if (std::isnan(rounded) || std::isnan(actual))
    return std::isnan(rounded) == std::isnan(actual) ? 0 : std::numeric_limits<double>::infinity();
  if (std::isinf(rounded) || std::isinf(actual)) {
    // What lies beyond the largest f32 by a rounding may go either way.
    const bool near = std::abs(std::abs(exact) / std::numeric_limits<float>::max() - 1) < 1e-6;
    return rounded == actual || near ? 0 : std::numeric_limits<double>::infinity();
  }
  const double smallest = std::numeric_limits<float>::denorm_min();
  const double ulp = std::max(std::ldexp(1.0, std::ilogb(exact == 0 ? smallest : exact) - 23), smallest);
  return std::abs(actual - exact) / ulp;
}

class VectorMath : public testing::TestWithParam<jit::InstructionSet> {};

TEST_P(VectorMath, IsWithinItsStatedAccuracyOverTheWholeRange) {
  std::unique_ptr<Backend> backend;
  try {
    backend = make_jit_backend(GetParam());
  } catch (const InputError& error) {
    GTEST_SKIP() << error.what();
  }
  const Tensor x = all_over();
  for (const Function& function : functions) {
    Graph graph;
    graph.add_result(apply(function.op, {graph.input("x", x.type())}));
    const Tensor y = run_graph(*backend, graph, {{x}, {}, {}}, nullptr).at(0);
    double worst = 0;
    float worst_at = 0;
    for (int64_t i = 0; i < x.count(); ++i) {
      const float at = x.values<float>()[i];
      const double error = error_in_ulp(y.values<float>()[i], function.exact(at));
      if (error <= worst) continue;
      worst = error;
      worst_at = at;
    }
    EXPECT_LE(worst, function.ulp) << to_string(function.op) << "(" << worst_at << ")";
    RecordProperty(std::string(to_string(function.op)), fmt::format("{:.2f}", worst));
  }
}

INSTANTIATE_TEST_SUITE_P(EveryInstructionSet, VectorMath,
                         testing::Values(jit::InstructionSet::baseline, jit::InstructionSet::avx2,
                                         jit::InstructionSet::avx512));

}  // namespace
}  // namespace sinter
