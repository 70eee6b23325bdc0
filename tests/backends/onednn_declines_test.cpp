#include <gtest/gtest.h>

#include "backends/backend_list.h"
#include "backends/onednn/onednn.h"
#include "backends/reference/reference.h"
#include "ir/build.h"
#include "tests/backends/run_graph.h"

namespace sinter {
namespace {

const Type images{DType::f32, {3, 4, 5}, {}};

// oneDNN has jitted code for a softmax over what lies innermost only.
Graph softmax_over(int64_t axis) {
  Graph graph;
  graph.at({.node = "head.1"});
  graph.add_result(apply(OpKind::softmax, {graph.input("x", images)}, {{"axis", axis}}));
  return graph;
}

TEST(OneDnnDeclines, WhatItWouldRunByReferenceCode) {
  const auto backend = make_onednn_backend();
  const Graph graph = softmax_over(1);
  EXPECT_TRUE(backend->implementations(graph, 0, offers()).empty());
  EXPECT_EQ(compile_error(*backend, graph, 0),
            "oneDNN declines node 0 (softmax, \"head.1\"): only its own reference code runs it");
  EXPECT_EQ(backend->implementations(softmax_over(2), 0, offers()).size(), 1u);
}

TEST(OneDnnDeclines, WhatItHasNoPrimitiveFor) {
  const auto backend = make_onednn_backend();
  Graph graph;
  graph.add_result(broadcast_to(graph.input("x", images), {2, 3, 4, 5}));
  EXPECT_TRUE(backend->implementations(graph, 0, offers()).empty());
  EXPECT_EQ(compile_error(*backend, graph, 0),
            "oneDNN declines node 0 (broadcast_to): there is no primitive for it");
}

TEST(OneDnnDeclines, LayoutsThatItDoesNotOffer) {
  const auto backend = make_onednn_backend();
  Graph graph;
  Type turned = images;
  turned.layout = Layout::parse("cba");
  const Value x = graph.input("x", turned);
  graph.add_result(graph.append_typed(
      {OpKind::softmax, Attributes(OpKind::softmax, {{"axis", int64_t{2}}}), {x.id()}, {}, {}},
      {{turned}})[0]);
  EXPECT_EQ(compile_error(*backend, graph, 0), "oneDNN declines node 0 (softmax): not in these layouts");
}

TEST(OneDnnDeclines, AndTheReferenceTakesIt) {
  std::vector<std::unique_ptr<Backend>> backends;
  backends.push_back(make_onednn_backend());
  backends.push_back(make_reference_backend());
  const auto list = make_backend_list(std::move(backends));
  EXPECT_EQ(list->compile(softmax_over(1), 0).backend, "reference");
  RandomEngine random(5);
  const Graph graph = softmax_over(1);
  const Bindings bindings = random_bindings(graph, random);
  EXPECT_EQ(run_graph(*list, graph, bindings, &random), interpret(graph, bindings));
}

TEST(OneDnnDeclines, SaysWhyBeforeAnythingIsCompiled) {
  const auto backend = make_onednn_backend();
  EXPECT_EQ(backend->declines(softmax_over(2), 0), std::nullopt);
  EXPECT_EQ(backend->declines(softmax_over(1), 0), "only its own reference code runs it");
  Graph doubles;
  doubles.add_result(relu(doubles.input("x", {DType::f64, {3, 4}, {}})));
  EXPECT_EQ(backend->declines(doubles, 0), "there is no arithmetic for f64[3, 4]");
  Graph wider;
  wider.add_result(broadcast_to(wider.input("x", images), {2, 3, 4, 5}));
  EXPECT_EQ(backend->declines(wider, 0), "there is no primitive for it");
}

}  // namespace
}  // namespace sinter
