#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <limits>

#include "backends/jit/jit.h"
#include "ir/build.h"
#include "ir/interpreter.h"
#include "ir/text.h"
#include "passes/fuse_batch_norm.h"
#include "passes/pipeline.h"
#include "passes/run_passes.h"
#include "tests/backends/run_graph.h"

/// Batch norm and its gradient with what stands around them as one kernel, in every layout, against the
/// interpreter.
namespace sinter {
namespace {

constexpr double tolerance = 2e-5;

using Sizes = std::array<int64_t, 4>;

// Few and many channels, of blocks whole and not; one pixel, one sample; one with sums in parts.
const Sizes sizes_of_x[] = {{2, 1, 1, 1},   {17, 1, 1, 1},  {1, 3, 7, 5},   {17, 3, 5, 7},  {2, 6, 1, 11},
                            {1, 17, 13, 1}, {17, 17, 3, 3}, {16, 32, 2, 2}, {3, 2, 97, 89}, {16, 1, 64, 19}};

Type f32_type(std::vector<int64_t> shape) { return {DType::f32, Shape(shape.begin(), shape.end()), {}}; }
Type pictures(const Sizes& s) { return f32_type({s.begin(), s.end()}); }

std::vector<Value> train_norm(Value x, const Sizes& s, bool affine) {
  Graph& graph = x.graph();
  std::vector<std::optional<Value>> operands = {x};
  if (affine)
    operands.insert(operands.end(), {graph.input("w", f32_type({s[1]})), graph.input("b", f32_type({s[1]}))});
  return graph.append(OpKind::batch_norm_training, operands, Attributes(OpKind::batch_norm_training, {}));
}

Graph forward_body(const Sizes& s, OpKind activation, bool added, bool affine) {
  Graph body;
  const Value x = body.input("x", pictures(s));
  auto made = train_norm(x, s, affine);
  const Value y = added ? body.input("side", pictures(s)) + made[0] : made[0];
  body.add_result(apply(activation, {y}));
  body.add_result(made[1]);
  body.add_result(made[2]);
  return body;
}

// The gradient of relu, the masked dy for another branch, and the norm's.
Graph backward_body(const Sizes& s, bool affine, bool branch) {
  Graph body;
  const Value y = body.input("y", pictures(s)), dy = body.input("dy", pictures(s));
  const Value x = body.input("x", pictures(s));
  const Value mean = body.input("mean", f32_type({s[1]})),
              variance = body.input("variance", f32_type({s[1]}));
  const Value zero = body.scalar(DType::f32, 0);
  const Value masked =
      apply(OpKind::select, {apply(OpKind::compare, {y, zero}, {{"predicate", "le"}}), zero, dy});
  std::vector<std::optional<Value>> operands = {masked, x, mean, variance};
  if (affine) operands.emplace_back(body.input("w", f32_type({s[1]})));
  for (const Value& each :
       body.append(OpKind::batch_norm_backward, operands, Attributes(OpKind::batch_norm_backward, {})))
    body.add_result(each);
  if (branch) body.add_result(masked);
  return body;
}

class JitBatchNorm : public testing::Test {
 protected:
  Bindings bindings_for(const Graph& graph) {
    Bindings bindings = random_bindings(graph, random_);
    for (size_t i = 0; i < graph.inputs().size(); ++i)
      if (graph.info(graph.inputs()[i]).type.shape.size() == 1)  // variances among them
        for (int64_t c = 0; c < bindings.inputs[i].count(); ++c)
          bindings.inputs[i].set(c, 0.5 + std::abs(bindings.inputs[i].at(c)));
    return bindings;
  }

  void expect_runs(Graph body) {
    const Graph graph = as_fusion(std::move(body));
    std::vector<std::byte> sidecar;
    SCOPED_TRACE(print(graph, &sidecar));
    EXPECT_GT(expect_parity(*backend_, graph, bindings_for(graph), offers(), tolerance, random_), 0U);
  }

  std::unique_ptr<Backend> backend_ = make_jit_backend();
  RandomEngine random_{5};
};

TEST_F(JitBatchNorm, AddAndActivationBehind) {
  const OpKind activations[] = {OpKind::relu, OpKind::sigmoid, OpKind::leaky_relu};
  size_t number = 0;
  for (const Sizes& s : sizes_of_x)
    for (const bool added : {false, true}) {
      ++number;
      expect_runs(forward_body(s, activations[number % 3], added, number % 4 != 0));
      if (HasFailure()) return;
    }
}

TEST_F(JitBatchNorm, GradientOfReluBefore) {
  size_t number = 0;
  for (const Sizes& s : sizes_of_x)
    for (const bool branch : {false, true}) {
      expect_runs(backward_body(s, ++number % 4 != 0, branch));
      if (HasFailure()) return;
    }
}

// The mean is a thousand deviations away from zero, and the first value far away from the mean.
TEST_F(JitBatchNorm, TheVarianceKeepsItsDigits) {
  for (const Sizes& s : {Sizes{17, 3, 5, 7}, Sizes{3, 2, 97, 89}}) {
    const Graph graph = as_fusion(forward_body(s, OpKind::relu, false, true));
    Bindings bindings = bindings_for(graph);
    Tensor& x = bindings.inputs[0];
    for (int64_t i = 0; i < x.count(); ++i) x.set(i, 1000 + x.at(i));
    x.set(0, -3000);
    EXPECT_GT(expect_parity(*backend_, graph, bindings, offers(), 1e-4, random_), 0U);
  }
}

// A channel with something that is no number infects itself and no other.
TEST_F(JitBatchNorm, NanAndInfinityTravel) {
  const double infinity = std::numeric_limits<double>::infinity();
  const Sizes s = {3, 5, 4, 3};
  for (const double bad : {infinity, -infinity, std::nan("")})
    for (const int64_t place : {0, 12 + 7}) {  // the first element of a channel, and another of the next
      for (const bool backward : {false, true}) {
        const Graph graph =
            as_fusion(backward ? backward_body(s, true, true) : forward_body(s, OpKind::relu, true, true));
        for (size_t input = 0; input < (backward ? 3 : 1); ++input) {
          Bindings bindings = bindings_for(graph);
          bindings.inputs[input].set(place, bad);
          EXPECT_GT(expect_parity(*backend_, graph, bindings, offers(), tolerance, random_), 0U);
        }
      }
    }
}

TEST_F(JitBatchNorm, RefusalsSayWhy) {
  const std::pair<const char*, const char*> cases[] = {
      {"(%x: f32[2, 3, 4, 4]) -> (f32[2, 3, 4, 4]) {\n  %1 = relu(%x) : f32[2, 3, 4, 4]\n"
       "  %2, %3, %4 = batch_norm_training(%1) : f32[2, 3, 4, 4], f32[3], f32[3]\n  return %2\n}",
       "an operand of batch_norm_training is made by another op"},
      {"(%x: f64[2, 3, 4, 4]) -> (f64[2, 3, 4, 4]) {\n"
       "  %1, %2, %3 = batch_norm_training(%x) : f64[2, 3, 4, 4], f64[3], f64[3]\n  return %1\n}",
       "no code for batch_norm_training of f64[2, 3, 4, 4]"},
      {"(%x: f32[2, 3, 4, 4], %c: f32[3, 1, 1]) -> (f32[2, 3, 4, 4]) {\n"
       "  %1, %2, %3 = batch_norm_training(%x) : f32[2, 3, 4, 4], f32[3], f32[3]\n"
       "  %4 = mul(%1, %c) : f32[2, 3, 4, 4]\n  return %4\n}",
       "an operand is broadcast along some dimensions only"},
  };
  for (const auto& [text, why] : cases) {
    const auto refusal = backend_->refuses_fusion(parse(std::string("graph body") + text));
    ASSERT_TRUE(refusal) << text;
    EXPECT_NE(refusal->find(why), std::string::npos) << *refusal;
  }
}

// In training a layer's forward pass is one kernel behind the convolution, its gradient one before.
TEST_F(JitBatchNorm, TrainingFusesForwardAndBackward) {
  Graph graph;
  Value x = graph.input("image", f32_type({4, 3, 8, 8}));
  for (const std::string layer : {"0", "1"}) {
    x = conv2d(x, graph.parameter(layer + ".weight", f32_type({3, 3, 3, 3})), {}, {.padding = {1, 1, 1, 1}});
    const Type channels = f32_type({3});
    x = relu(batch_norm(x, graph.state(layer + ".mean", channels), graph.state(layer + ".var", channels),
                        graph.parameter(layer + ".scale", channels),
                        graph.parameter(layer + ".shift", channels)));
  }
  graph.add_result(linear(flatten(x), graph.parameter("w", f32_type({2, 192}))));
  std::vector<std::string> passes;
  for (const Step& step : training_pipeline()) passes.emplace_back(step.pass);
  run_passes(graph, passes, {.target = backend_.get()}, {.verify = Verify::structure});
  size_t forward = 0, backward = 0;
  for (const Node& node : graph.nodes()) {
    if (node.op != OpKind::fusion) continue;
    const auto nodes = node.attributes.body().nodes();
    const OpKind first = nodes.front().op;
    forward += (first == OpKind::batch_norm_training || first == OpKind::batch_norm) &&
               nodes.back().op == OpKind::relu;
    backward += nodes.back().op == OpKind::batch_norm_backward;
  }
  EXPECT_EQ(forward, 2U);
  EXPECT_EQ(backward, 2U);
}

}  // namespace
}  // namespace sinter
