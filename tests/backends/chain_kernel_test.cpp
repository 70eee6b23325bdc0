#include "backends/reference/chain_kernel.h"

#include <gtest/gtest.h>

#include "backends/reference/reference.h"
#include "ir/build.h"
#include "ir/ops/elementwise.h"
#include "ir/text.h"
#include "tests/backends/run_graph.h"

namespace sinter {
namespace {

Graph fusion_of(const Graph& body) {
  Graph graph;
  std::vector<std::optional<Value>> operands;
  for (const ValueId id : body.inputs())
    operands.emplace_back(graph.input(body.info(id).name, body.type(id)));
  for (const Value result :
       graph.append(OpKind::fusion, operands,
                    Attributes(OpKind::fusion, {{"body", std::make_shared<const Graph>(body)}})))
    graph.add_result(result);
  return graph;
}

// Mixed element types, a scalar constant, a scalar operand, two results of which one is read on the way.
Graph mixed_chain(int64_t count) {
  Graph body;
  const Type type{DType::f32, {count}, {}};
  const Value x = body.input("x", type), y = body.input("y", type),
              rate = body.input("rate", {DType::f32, {}, {}});
  const Value scaled = tanh(x) * rate, wide = cast(scaled, DType::f64) * 1.5;
  body.add_result(scaled);
  body.add_result(select(compare(x, y, "lt"), wide, cast(y, DType::f64)));
  body.add_result(cast(wide * 40.0, DType::i8));
  return body;
}

TEST(ChainKernel, ComputesTheVeryBitsAtTheBordersOfChunks) {
  const auto backend = make_reference_backend();
  RandomEngine random(3);
  static_assert(ops::elements_per_unit == 4096);
  for (const int64_t count : {1, 2, 4095, 4096, 4097, 3 * 4096 + 5}) {
    const Graph body = mixed_chain(count), graph = fusion_of(body);
    ASSERT_EQ(refuses_chain(body), std::nullopt);
    ASSERT_EQ(backend->compile(graph, 0).kernels.at(0)->units(), (count + 4095) / 4096);
    const Bindings bindings = random_bindings(graph, random);
    const auto expected = interpret(body, bindings);
    for (int repeat = 0; repeat < 4; ++repeat)
      EXPECT_EQ(run_graph(*backend, graph, bindings, &random), expected) << count;
  }
}

TEST(ChainKernel, EmptyTensorsHaveNoUnits) {
  const auto backend = make_reference_backend();
  const Graph graph = fusion_of(mixed_chain(0));
  EXPECT_EQ(backend->compile(graph, 0).kernels.at(0)->units(), 0);
  RandomEngine random(3);
  const Bindings bindings = random_bindings(graph, random);
  EXPECT_EQ(run_graph(*backend, graph, bindings, &random), interpret(graph, bindings));
}

TEST(ChainKernel, KeepsWhatIsReadInsideInTheWorkspace) {
  Graph body;
  const Value x = body.input("x", {DType::f32, {9, 1000}, {}});
  body.add_result(sqrt(exp(tanh(x))));
  EXPECT_EQ(make_chain_kernel(body)->workspace_bytes(), 2 * 4096 * 8);
}

std::optional<std::string> refusal(std::string_view text) {
  return refuses_chain(parse(fmt::format("graph main{}", text)));
}

TEST(RefusesChain, AcceptsElementwiseOpsAndScalars) {
  EXPECT_EQ(refusal("(%x: f32[4, 2], %s: f32[1]) -> (f32[4, 2]) {\n  %1 = relu(%x) : f32[4, 2]\n"
                    "  %2 = mul(%1, %s) : f32[4, 2]\n  return %2\n}"),
            std::nullopt);
}

TEST(RefusesChain, SaysWhy) {
  const std::pair<const char*, const char*> cases[] = {
      {"(%x: f32[4]) -> (f32[4]) {\n  return %x\n}", "there is nothing in it"},
      {"(%x: f32[4, 2]) -> (f32[4, 2]) {\n  %1 = relu(%x) : f32[4, 2]\n  %2 = softmax(%1) : f32[4, 2]\n"
       "  return %2\n}",
       "softmax is not elementwise"},
      {"(%x: f32[4, 2], %b: f32[2]) -> (f32[4, 2]) {\n  %1 = relu(%x) : f32[4, 2]\n"
       "  %2 = add(%1, %b) : f32[4, 2]\n  return %2\n}",
       "an operand of add is broadcast along some dimensions only"},
      {"(%x: f32[4], %s: f32[]) -> (f32[4]) {\n  %1 = exp(%s) : f32[]\n  %2 = mul(%x, %1) : f32[4]\n"
       "  return %2\n}",
       "exp gives another shape than the last op"},
      {"(%x: f32[2]) -> (f32[2]) {\n  const %1: f32[2] = [1, 2]\n  %2 = mul(%x, %1) : f32[2]\n  return %2\n}",
       "it holds a constant of more than one element"},
      {"(%x: f32[4]) -> (f32[4], f32[4]) {\n  %1 = exp(%x) : f32[4]\n  return %1, %x\n}",
       "a result is no op's, or stands twice"},
      {"(%x: f32[4]) -> (f32[4], f32[4]) {\n  %1 = exp(%x) : f32[4]\n  return %1, %1\n}",
       "a result is no op's, or stands twice"},
  };
  for (const auto& [text, reason] : cases) EXPECT_EQ(refusal(text), reason) << text;
}

// What is no chain is still run, op by op.
TEST(ChainKernel, OtherBodiesRunOpByOp) {
  const Graph body = parse(
      "graph main(%x: f32[4, 2], %b: f32[2]) -> (f32[4]) {\n  %1 = add(%x, %b) : f32[4, 2]\n"
      "  %2 = sum(%1) {axes = [1]} : f32[4]\n  return %2\n}");
  const Graph graph = fusion_of(body);
  RandomEngine random(3);
  const Bindings bindings = random_bindings(graph, random);
  EXPECT_EQ(run_graph(*make_reference_backend(), graph, bindings, &random), interpret(body, bindings));
}

}  // namespace
}  // namespace sinter
