#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "backends/jit/instruction_set.h"
#include "backends/jit/jit.h"
#include "ir/build.h"
#include "tests/backends/on_instruction_set.h"
#include "tests/backends/run_graph.h"
#include "tests/random/random_ops.h"

/// The elementary functions of generated code against the C library's in f64, over all of f32's range.
namespace sinter {
namespace {

struct Function {
  OpKind op;
  double (*exact)(double);
  // What backends/jit/vector_math.h states.
  double avx512, avx2, baseline;

  double ulp(InstructionSet set) const {
    return set == InstructionSet::avx512 ? avx512 : set == InstructionSet::avx2 ? avx2 : baseline;
  }
};

const Function functions[] = {
    {OpKind::exp, [](double x) { return std::exp(x); }, 0.9, 0.9, 1.2},
    {OpKind::log, [](double x) { return std::log(x); }, 0.8, 0.8, 0.8},
    {OpKind::tanh, [](double x) { return std::tanh(x); }, 1.6, 1.6, 1.6},
    {OpKind::sigmoid, [](double x) { return 1 / (1 + std::exp(-x)); }, 1.5, 2.0, 2.0},
};

// Every 1009th f32 by its bits (both signs, all exponents, subnormal numbers, infinities and NaN), and every
// 61st from -16 to -1/2, where sums of one and a power of e round worst.
Tensor all_over() {
  std::vector<float> values = {std::numeric_limits<float>::infinity(),
                               -std::numeric_limits<float>::infinity(), -0.0F};
  const auto add = [&](uint64_t first, uint64_t last, uint64_t step) {
    for (uint64_t bits = first; bits <= last; bits += step)
      values.push_back(std::bit_cast<float>(static_cast<uint32_t>(bits)));
  };
  add(0, std::numeric_limits<uint32_t>::max(), 1009);
  add(std::bit_cast<uint32_t>(-0.5F), std::bit_cast<uint32_t>(-16.0F), 61);
  Tensor x(DType::f32, {static_cast<int64_t>(values.size())});
  std::ranges::copy(values, x.values<float>().begin());
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

class VectorMath : public OnInstructionSet {
 protected:
  std::vector<float> powers(const std::vector<float>& x, const std::vector<float>& y) const {
    const Tensor a = tensor_of(x), b = tensor_of(y);
    Graph graph;
    const Value base = graph.input("a", a.type()), exponent = graph.input("b", b.type());
    graph.add_result(pow(base, exponent));
    const Tensor result = run_graph(*backend_, graph, {{a, b}, {}, {}}, nullptr).at(0);
    const auto values = result.values<float>();
    return {values.begin(), values.end()};
  }

  static Tensor tensor_of(const std::vector<float>& values) {
    Tensor tensor(DType::f32, {static_cast<int64_t>(values.size())});
    std::ranges::copy(values, tensor.values<float>().begin());
    return tensor;
  }
};

TEST_P(VectorMath, IsWithinItsStatedAccuracyOverTheWholeRange) {
  const Tensor x = all_over();
  for (const Function& function : functions) {
    Graph graph;
    graph.add_result(apply(function.op, {graph.input("x", x.type())}));
    const Tensor y = run_graph(*backend_, graph, {{x}, {}, {}}, nullptr).at(0);
    double worst = 0;
    float worst_at = 0;
    for (int64_t i = 0; i < x.count(); ++i) {
      const float at = x.values<float>()[i];
      const double error = error_in_ulp(y.values<float>()[i], function.exact(at));
      if (error <= worst) continue;
      worst = error;
      worst_at = at;
    }
    EXPECT_LE(worst, function.ulp(GetParam())) << to_string(function.op) << "(" << worst_at << ")";
    RecordProperty(std::string(to_string(function.op)), fmt::format("{:.2f}", worst));
  }
}

// All exponents and signs of x; y so that the results lie all over f32's range, and whole numbers in between.
TEST_P(VectorMath, PowersAreWithinTheirStatedAccuracy) {
  constexpr int64_t count = 400'000;
  constexpr double stated = 0.51;  // in backends/jit/vector_power.h
  RandomEngine random(3);
  std::vector<float> x, y;
  for (int64_t i = 0; i < count; ++i) {
    const bool near_one = i % 4 == 0, whole = i % 4 == 1;
    const auto bits = static_cast<uint32_t>(random_integer(random, 1, 0x7f7fffff));
    x.push_back(near_one ? static_cast<float>(random_real(random, 0.99, 1.01)) : std::bit_cast<float>(bits));
    if (whole && i % 8 == 1) x.back() = -x.back();
    const double slope = std::log2(std::abs(static_cast<double>(x.back())));
    const double exponent = random_real(random, -152, 130) / slope;
    y.push_back(static_cast<float>(whole ? std::nearbyint(exponent) : exponent));
  }
  const auto results = powers(x, y);
  double worst = 0;
  int64_t worst_at = 0;
  for (int64_t i = 0; i < count; ++i) {
    const double error = error_in_ulp(results[i], std::pow(static_cast<double>(x[i]), y[i]));
    if (error <= worst) continue;
    worst = error;
    worst_at = i;
  }
  EXPECT_LE(worst, stated) << "pow(" << x[worst_at] << ", " << y[worst_at] << ")";
  RecordProperty("pow", fmt::format("{:.3f}", worst));
}

TEST_P(VectorMath, PowersHaveTheSpecialCasesOfTheCLibrary) {
  const float infinity = std::numeric_limits<float>::infinity(), nan = std::nanf("");
  std::vector<float> numbers = {nan};
  for (const float size : {0.0F, 0x1p-149F, 0.5F, 1.0F, 1.5F, 2.0F, 3.0F, 8388607.5F, 16777215.0F,
                           16777216.0F, std::numeric_limits<float>::max(), infinity})
    numbers.insert(numbers.end(), {size, -size});
  std::vector<float> x, y;
  for (const float a : numbers)
    for (const float b : numbers) {
      x.push_back(a);
      y.push_back(b);
    }
  const auto results = powers(x, y);
  for (size_t i = 0; i < x.size(); ++i) {
    const double exact = std::pow(static_cast<double>(x[i]), y[i]);
    EXPECT_LE(error_in_ulp(results[i], exact), 0.51) << x[i] << "^" << y[i] << " = " << results[i];
    if (!std::isnan(exact)) {
      EXPECT_EQ(std::signbit(results[i]), std::signbit(exact)) << x[i] << "^" << y[i];
    }
  }
}

INSTANTIATE_TEST_SUITE_P(EveryInstructionSet, VectorMath,
                         testing::Values(InstructionSet::baseline, InstructionSet::avx2,
                                         InstructionSet::avx512));

}  // namespace
}  // namespace sinter
