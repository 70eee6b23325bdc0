#include "passes/same_numbers.h"

#include <gtest/gtest.h>

#include <limits>

#include "ir/build.h"
#include "ir/text.h"

namespace sinter {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double nan = std::numeric_limits<double>::quiet_NaN();

Graph constant_graph(DType type, double value) {
  Graph graph;
  graph.add_result(graph.scalar(type, value));
  return graph;
}

std::optional<std::string> difference(DType type, double before, double after) {
  return numeric_difference(constant_graph(type, before), constant_graph(type, after), Meaning::kept);
}

TEST(NumericDifference, ToleratesRounding) {
  EXPECT_EQ(difference(DType::f32, 1, 1 + 9e-6), std::nullopt);
  EXPECT_EQ(difference(DType::f64, 1000, 1000 + 9e-8), std::nullopt);
  EXPECT_EQ(difference(DType::f64, 1, 1 + 2e-10), "result 0: element 0 was 1 and is 1.0000000002");
  EXPECT_EQ(difference(DType::f32, 2, 2.5), "result 0: element 0 was 2 and is 2.5");
  EXPECT_EQ(difference(DType::i64, 2, 3), "result 0: element 0 was 2 and is 3");
}

TEST(NumericDifference, InfinitiesAndNanEqualThemselvesOnly) {
  EXPECT_EQ(difference(DType::f32, infinity, infinity), std::nullopt);
  EXPECT_EQ(difference(DType::f32, nan, nan), std::nullopt);
  EXPECT_EQ(difference(DType::f32, infinity, 5), "result 0: element 0 was inf and is 5");
  EXPECT_EQ(difference(DType::f32, 5, -infinity), "result 0: element 0 was 5 and is -inf");
  EXPECT_EQ(difference(DType::f32, infinity, -infinity), "result 0: element 0 was inf and is -inf");
  EXPECT_EQ(difference(DType::f32, nan, 5), "result 0: element 0 was nan and is 5");
  EXPECT_EQ(difference(DType::f32, infinity, nan), "result 0: element 0 was inf and is nan");
}

TEST(NumericDifference, OfTypesAndCounts) {
  const Graph f32 = constant_graph(DType::f32, 1), f64 = constant_graph(DType::f64, 1);
  EXPECT_EQ(numeric_difference(f32, f64, Meaning::kept), "result 0: f32[] became f64[]");
  EXPECT_EQ(numeric_difference(f32, Graph{}, Meaning::kept), "1 results became 0");
}

TEST(NumericDifference, MatchesResultsByNameWhereTheMeaningIsExtended) {
  const Graph before =
      parse("graph f(%x: f32[2]) -> (f32[2], loss: f32[]) { %1 = sum(%x) : f32[] return %x, %1 }");
  const Graph after = parse(
      "graph f(%y: f32[3], %x: f32[2]) -> (loss: f32[], more: f32[3]) { %1 = sum(%x) : f32[] return %1, %y "
      "}");
  const Graph wrong = parse("graph f(%x: f32[2]) -> (loss: f32[]) { %1 = mean(%x) : f32[] return %1 }");
  EXPECT_EQ(numeric_difference(before, after, Meaning::extended), std::nullopt);
  EXPECT_TRUE(numeric_difference(before, wrong, Meaning::extended)
                  .value()
                  .starts_with("result 1 \"loss\": element 0"));
}

TEST(NumericDifference, BindsSymbolsToWhatTheyBecame) {
  const Graph before = parse("graph f(%x: f32[N, M]) -> (total: f32[]) { %1 = sum(%x) : f32[] return %1 }");
  const Graph bound = parse("graph f(%x: f32[5, M]) -> (total: f32[]) { %1 = sum(%x) : f32[] return %1 }");
  const Graph wrong = parse("graph f(%x: f32[5, M]) -> (total: f32[]) { %1 = mean(%x) : f32[] return %1 }");
  EXPECT_EQ(numeric_difference(before, before, Meaning::kept), std::nullopt);
  EXPECT_EQ(numeric_difference(before, bound, Meaning::kept), std::nullopt);
  EXPECT_TRUE(numeric_difference(before, wrong, Meaning::kept));
}

TEST(RandomBindings, AreTheSameForTheSameNameWhateverElseThereIs) {
  const Graph one = parse("graph f(%x: f32[9]) -> (f32[9]) { param %w: f32[4] return %x }");
  const Graph two =
      parse("graph f(%a: f32[1], %x: f32[9]) -> (f32[9]) { state %s: f32[4] param %w: f32[4] return %x }");
  const Bindings first = random_bindings(one, 7), second = random_bindings(two, 7),
                 other = random_bindings(one, 8);
  EXPECT_EQ(first.inputs[0], second.inputs[1]);
  EXPECT_EQ(first.parameters[0], second.parameters[0]);
  EXPECT_FALSE(first.inputs[0] == other.inputs[0]);
  EXPECT_FALSE(second.parameters[0] == second.states[0]);
}

TEST(RandomBindings, LieInTheirRanges) {
  const Graph graph = parse("graph f(%x: f32[999], %labels: i64[99], %lr: f32[]) -> (f32[]) { return %lr }");
  const Bindings bindings = random_bindings(graph, 1);
  for (int64_t i = 0; i < 999; ++i) EXPECT_LE(std::abs(bindings.inputs[0].at(i)), 1);
  for (int64_t i = 0; i < 99; ++i) EXPECT_EQ(bindings.inputs[1].at(i), bindings.inputs[1].at(i) != 0);
  EXPECT_GE(bindings.inputs[2].at(0), 0.01);
  EXPECT_LE(bindings.inputs[2].at(0), 0.1);
}

}  // namespace
}  // namespace sinter
