#include "ir/graph.h"

#include <gtest/gtest.h>

#include "ir/build.h"
#include "ir/cost.h"

namespace sinter {
namespace {

const Type vector2 = {DType::f32, {2}, {}};

TEST(Graph, NamesAreUniqueOverInputsParametersAndStates) {
  Graph graph;
  graph.input("x", vector2);
  EXPECT_THROW(graph.input("x", vector2), InputError);
  EXPECT_THROW(graph.parameter("x", vector2), InputError);
  EXPECT_THROW(graph.state("x", vector2), InputError);
  EXPECT_EQ(graph.values().size(), 1U);
}

TEST(Graph, FindsByName) {
  Graph graph;
  graph.input("x", vector2);
  const Value p = graph.parameter("p", vector2);
  graph.add_result(p, "again");
  EXPECT_EQ(graph.find("p"), p.id());
  EXPECT_EQ(graph.find("q"), std::nullopt);
  EXPECT_EQ(graph.find_result("again"), 0U);
  EXPECT_EQ(graph.find_result("p"), std::nullopt);
}

TEST(Graph, TheSameScalarTwiceIsOneConstant) {
  Graph graph;
  EXPECT_EQ(graph.scalar(DType::f32, 2).id(), graph.scalar(DType::f32, 2).id());
  EXPECT_NE(graph.scalar(DType::f32, 2).id(), graph.scalar(DType::f64, 2).id());
  EXPECT_NE(graph.scalar(DType::f32, 0.0).id(), graph.scalar(DType::f32, -0.0).id());
  EXPECT_NE(graph.constant(Tensor(DType::f32, {2})).id(), graph.constant(Tensor(DType::f32, {2})).id());
}

TEST(Graph, NodesTakeTheCurrentLocation) {
  Graph graph;
  const Value x = graph.input("x", vector2);
  graph.at({.file = "net.sinter", .line = 3, .column = 5, .source_line = "  | relu", .node = "features.0"});
  relu(x);
  EXPECT_EQ(graph.node(0).source, "features.0");
  try {
    add(x, graph.input("y", {DType::f32, {3}, {}}));
    FAIL() << "accepted";
  } catch (const InputError& error) {
    EXPECT_EQ(error.location(), graph.location());
    EXPECT_STREQ(error.what(),
                 "net.sinter:3:5: add: shapes [2] and [3] do not broadcast: 2 against 3\n"
                 "  3 |   | relu\n"
                 "    |     ^\n"
                 "  a         f32[2]\n"
                 "  b         f32[3]\n"
                 "  rule      sizes are equal, or one of them is 1 (dimensions are matched from the last)\n"
                 "  layer     features.0");
  }
  EXPECT_EQ(graph.nodes().size(), 1U) << "what is rejected is not appended";
}

TEST(Graph, AbsentOperandsAtTheEndAreLeftOut) {
  Graph graph;
  const Value x = graph.input("x", {DType::f32, {"N", 2}, {}}),
              w = graph.parameter("w", {DType::f32, {3, 2}, {}});
  linear(x, w);
  EXPECT_EQ(graph.node(0).operands.size(), 2U);
  EXPECT_EQ(graph.type(graph.node(0).results[0]).shape, (Shape{"N", 3}));
}

Graph sample(double scale, std::string_view name = "y") {
  Graph graph;
  const Value x = graph.input("x", vector2), p = graph.parameter("p", vector2);
  graph.add_result(relu(x * scale) + p, std::string(name), p);
  return graph;
}

TEST(Graph, EqualityIsOfContent) {
  EXPECT_EQ(sample(2), sample(2));
  EXPECT_NE(sample(2), sample(3));
  EXPECT_NE(sample(2), sample(2, "z"));
  Graph copy = sample(2);
  copy.name = "other";
  EXPECT_NE(copy, sample(2));
  Graph more = sample(2);
  more.add_result(more.value(more.inputs()[0]));
  EXPECT_NE(more, sample(2));
}

TEST(Graph, EqualityIgnoresHowValuesAreNumbered) {
  Graph early, late;
  early.scalar(DType::f32, 2);
  const Value x = early.input("x", vector2), y = late.input("x", vector2);
  early.add_result(x * 2.0);
  late.add_result(y * 2.0);
  EXPECT_NE(x.id(), y.id());
  EXPECT_EQ(early, late);
  EXPECT_NE(Graph(early), [] {
    Graph swapped;
    const Value z = swapped.input("x", vector2);
    swapped.add_result(mul(swapped.scalar(DType::f32, 2), z));
    return swapped;
  }());
}

TEST(Graph, CopiesAreIndependent) {
  const Graph original = sample(2);
  Graph copy = original;
  relu(copy.value(copy.inputs()[0]));
  EXPECT_NE(copy, original);
  EXPECT_EQ(original, sample(2));
}

TEST(Cost, CountsFlopsAndBytes) {
  Graph graph;
  const Value x = graph.input("x", {DType::f32, {"N", 3, 8, 8}, {}}),
              w = graph.parameter("w", {DType::f32, {4, 3, 3, 3}, {}});
  conv2d(x, w);
  const Cost one = cost(graph, graph.node(0));
  EXPECT_EQ(one.flops, 2.0 * 3 * 3 * 3 * 4 * 6 * 6) << "a symbol counts as one";
  EXPECT_EQ(one.bytes, 4.0 * (3 * 8 * 8 + 4 * 3 * 3 * 3 + 4 * 6 * 6));
}

}  // namespace
}  // namespace sinter
