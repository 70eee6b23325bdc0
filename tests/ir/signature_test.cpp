#include "ir/signature.h"

#include <gtest/gtest.h>

#include "ir/text.h"

namespace sinter {
namespace {

std::string of_last(std::string_view nodes) {
  const Graph graph = parse(
      fmt::format("graph f(%x: f32[4], %y: f32[4], %z: f32[2, 2]) -> (f32[4]) {{ {} return %2 }}", nodes));
  return signature(graph, graph.nodes().back());
}

TEST(Signature, NamesAndSourcesDoNotCount) {
  EXPECT_EQ(of_last("%1 = exp(%x) : f32[4] %2 = relu(%1) : f32[4] @ \"a\""),
            of_last("%1 = tanh(%y) : f32[4] %2 = relu(%y) : f32[4] @ \"b\""));
}

TEST(Signature, OpsAttributesTypesAndRepeatedOperandsDo) {
  const std::string first = "%1 = exp(%x) : f32[4] ";
  EXPECT_NE(of_last(first + "%2 = relu(%1) : f32[4]"), of_last(first + "%2 = tanh(%1) : f32[4]"));
  EXPECT_NE(of_last(first + "%2 = leaky_relu(%1) {alpha = 0.5} : f32[4]"),
            of_last(first + "%2 = leaky_relu(%1) : f32[4]"));
  EXPECT_NE(of_last(first + "%2 = reshape(%x) {shape = [4]} : f32[4]"),
            of_last(first + "%2 = reshape(%z) {shape = [4]} : f32[4]"));
  EXPECT_NE(of_last(first + "%2 = add(%x, %x) : f32[4]"), of_last(first + "%2 = add(%x, %y) : f32[4]"));
  EXPECT_EQ(of_last(first + "%2 = add(%x, %y) : f32[4]"), of_last(first + "%2 = add(%y, %x) : f32[4]"));
}

std::string of_body(std::string_view constant, std::string_view source) {
  return of_last(
      fmt::format("%1 = exp(%x) : f32[4] %2 = fusion(%1) (%a: f32[4]) {{ const %3: f32[] = {} "
                  "%4 = mul(%a, %3) : f32[4] @ \"{}\" return %4 }} : f32[4]",
                  constant, source));
}

TEST(Signature, BodiesCountWithTheirConstants) {
  EXPECT_EQ(of_body("2", "a"), of_body("2", "b"));
  EXPECT_NE(of_body("2", "a"), of_body("3", "a"));
}

TEST(Signature, ARemainderMayBeLeftOut) {
  const Graph graph = parse(R"(graph g(%x: f32[4]) -> (f32[4]) {
  %1 = slab_loop(%x) {slab = 2, lanes = 2} (%a: f32[2]) {
    %2 = exp(%a) : f32[2]
    return %2
  } : f32[4]
  return %1
})");
  EXPECT_NE(signature(graph, graph.node(0)).find("exp"), std::string::npos);
}

}  // namespace
}  // namespace sinter
