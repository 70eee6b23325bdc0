#include "ir/verify.h"

#include <gtest/gtest.h>

#include "ir/build.h"
#include "ir/text.h"

namespace sinter {
namespace {

const Type vector2 = {DType::f32, {2}, {}};

// All findings, one a line.
std::string findings(const Graph& graph) {
  std::string text;
  for (const Diagnostic& found : verify(graph)) text += fmt::format("[{}] {}\n", found.node, found.message);
  return text;
}

Node relu_of(ValueId operand) { return {OpKind::relu, Attributes(OpKind::relu), {operand}, {}, "layer"}; }

TEST(Verify, AcceptsAValidGraph) {
  Graph graph;
  graph.add_result(relu(graph.input("x", vector2)));
  EXPECT_EQ(findings(graph), "");
  EXPECT_NO_THROW(verify_or_fail(graph, "here"));
}

TEST(Verify, LayoutOfAnotherRank) {
  Graph graph;
  graph.input("x", {DType::f32, {"N"}, Layout::parse("aBcd16b")});
  EXPECT_EQ(findings(graph), "[] layout aBcd16b on a value of 1 dimensions\n");
}

TEST(Verify, UnknownOperand) {
  Graph graph;
  graph.append_typed(relu_of({7}), std::vector{vector2});
  EXPECT_EQ(findings(graph), "[node 0 (relu, \"layer\")] operand %7 does not exist\n");
}

TEST(Verify, OperandBeforeItsNode) {
  Graph graph;
  graph.input("x", vector2);
  graph.append_typed(relu_of({2}), std::vector{vector2});
  graph.append_typed(relu_of({0}), std::vector{vector2});
  EXPECT_EQ(findings(graph), "[node 0 (relu, \"layer\")] reads the result of node 1 before it is computed\n");
}

TEST(Verify, OperandThatIsItsOwnResult) {
  Graph graph;
  graph.append_typed(relu_of({0}), std::vector{vector2});
  EXPECT_EQ(findings(graph), "[node 0 (relu, \"layer\")] reads the result of node 0 before it is computed\n");
}

TEST(Verify, AttributesOfAnotherOp) {
  Graph graph;
  const Value x = graph.input("x", vector2);
  graph.append_typed({OpKind::relu, Attributes(OpKind::exp), {x.id()}, {}, {}}, std::vector{vector2});
  EXPECT_EQ(findings(graph), "[node 0 (relu)] has the attributes of another op\n");
}

TEST(Verify, NumberOfResults) {
  Graph graph;
  const Value x = graph.input("x", vector2);
  graph.append_typed(relu_of(x.id()), std::vector{vector2, vector2});
  EXPECT_EQ(findings(graph), "[node 0 (relu, \"layer\")] has 2 results, its op gives 1\n");
}

TEST(Verify, DeclaredTypeButNotLayout) {
  Graph graph;
  const Value x = graph.input("x", vector2);
  graph.append_typed(relu_of(x.id()), std::vector{Type{DType::f32, {3}, {}}});
  graph.append_typed(relu_of(x.id()), std::vector{Type{DType::f64, {2}, {}}});
  graph.append_typed(relu_of(x.id()), std::vector{Type{DType::f32, {2}, Layout::parse("A16a")}});
  EXPECT_EQ(findings(graph),
            "[node 0 (relu, \"layer\")] result 0 is declared f32[3], its op gives f32[2]\n"
            "[node 1 (relu, \"layer\")] result 0 is declared f64[2], its op gives f32[2]\n");
}

TEST(Verify, WhatInferenceRejects) {
  Graph graph;
  const Value x = graph.input("x", {DType::i32, {2}, {}});
  graph.append_typed(relu_of(x.id()), std::vector{vector2});
  EXPECT_EQ(
      findings(graph),
      "[node 0 (relu, \"layer\")] relu: x is of type i32; expected a floating type\n  x         i32[2]\n");
}

TEST(Verify, BodiesToo) {
  auto body = std::make_shared<Graph>();
  body->add_result(body->input("a", vector2));
  body->append_typed(relu_of({9}), std::vector{vector2});
  Graph graph;
  const std::vector<OptionalValue> operands = {graph.input("x", vector2)};
  graph.append(OpKind::fusion, operands, Attributes(OpKind::fusion, {{"body", Body(body)}}));
  EXPECT_EQ(findings(graph), "[node 0 (fusion)] body: node 0 (relu, \"layer\") operand %9 does not exist\n");
}

TEST(Verify, ResultsThatDoNotExist) {
  Graph graph, other;
  for (int i = 0; i < 5; ++i) other.input(fmt::format("x{}", i), vector2);
  const Value x = graph.parameter("x", vector2);
  graph.add_result(other.value({4}));
  graph.add_result(x, "", other.value({4}));
  EXPECT_EQ(findings(graph),
            "[] a result that does not exist\n[] a result is stored into something that does not exist\n");
}

TEST(Verify, StoredResults) {
  Graph graph;
  const Value x = graph.input("x", vector2), p = graph.parameter("p", vector2),
              s = graph.state("s", {DType::f32, {3}, {}});
  graph.add_result(x, "", p);
  EXPECT_EQ(findings(graph), "");
  graph.add_result(p, "", x);
  graph.add_result(x, "", s);
  graph.add_result(x, "", p);
  EXPECT_EQ(findings(graph),
            "[] a result is stored into something that is neither parameter nor state\n"
            "[] a result of type f32[2] is stored into %s of type f32[3]\n"
            "[] two results are stored into %p\n");
}

TEST(Verify, FailureListsAll) {
  Graph graph;
  graph.name = "broken";
  graph.append_typed(relu_of({7}), std::vector{vector2});
  graph.input("x", {DType::f32, {"N"}, Layout::parse("ba")});
  try {
    verify_or_fail(graph, "after fold_constants");
    FAIL() << "accepted";
  } catch (const InputError& error) {
    EXPECT_STREQ(error.what(),
                 "after fold_constants: graph \"broken\" is not valid:\n"
                 "  layout ba on a value of 1 dimensions\n"
                 "  node 0 (relu, \"layer\"): operand %7 does not exist");
  }
}

// A loop over %x with the body's input, its results and the attributes given.
std::string loop_findings(const std::string& attributes, const std::string& input, const std::string& rest,
                          const std::string& type) {
  return findings(parse("graph main(%x: f32[32, 4]) -> (" + type + ") {\n  %1 = slab_loop(%x) {" +
                        attributes + "} (%a: " + input + ") {\n    %2 = relu(%a) : " + input +
                        "\n    return %2\n  }" + rest + " : " + type + "\n  return %1\n}\n"));
}

TEST(Verify, LoopsOverSlabs) {
  const std::string f = "f32[32, 4]", half = "f32[16, 4]";
  EXPECT_EQ(loop_findings("slab = 16, lanes = 2", half, "", f), "");
  EXPECT_EQ(loop_findings("slab = 16, lanes = 2, accumulated = [0]", half, "", "f32[2, 16, 4]"), "");
  const auto expect = [&](const std::string& found, const std::string& part) {
    EXPECT_NE(found.find(part), std::string::npos) << found;
  };
  expect(loop_findings("slab = 16, lanes = 3", half, "", f), "3 lanes for 2 slabs");
  expect(loop_findings("slab = 8, lanes = 2", half, "", f), "neither operand 0 nor 8 samples of it");
  expect(loop_findings("slab = 20, lanes = 2", "f32[20, 4]", "", f),
         "12 samples are left over and there is no");
  expect(loop_findings("slab = 16, lanes = 2, accumulated = [1]", half, "", f), "accumulated is [1]");
  expect(loop_findings("slab = 16, lanes = 2", half, "", "f32[16, 4]"), "its op gives f32[32, 4]");
  expect(loop_findings("slab = 16, lanes = 2", half + "{ba}", "", f),
         "operand 0 lies as plain; the body says ba");
  const std::string remainder =
      " remainder (%a: f32[12, 4]) {\n    %3 = relu(%a) : f32[12, 4]\n    return %3\n  }";
  EXPECT_EQ(loop_findings("slab = 20, lanes = 2", "f32[20, 4]", remainder, f), "");
  expect(loop_findings("slab = 16, lanes = 2", half, remainder, f),
         "a remainder although nothing is left over");
  expect(loop_findings("slab = 18, lanes = 2", "f32[18, 4]", remainder, f),
         "14 samples are left over, expected");
}

}  // namespace
}  // namespace sinter
