#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "backends/onednn/onednn.h"
#include "ir/build.h"
#include "ir/text.h"
#include "passes/remove_dead_nodes.h"
#include "passes/simplify_algebra.h"
#include "tests/backends/activations.h"
#include "tests/backends/run_graph.h"

/// What oneDNN makes of NaN and infinities, where that is not what the op table says: the table in
/// backends/onednn/README.md.
namespace sinter {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double lowest = std::numeric_limits<float>::lowest();

using Numbers = std::vector<double>;

Tensor row_of(const Numbers& numbers, std::vector<int64_t> shape) {
  Tensor tensor(DType::f32, std::move(shape));
  for (size_t i = 0; i < numbers.size(); ++i) tensor.set(static_cast<int64_t>(i), numbers[i]);
  return tensor;
}

bool agree(double found, double want) {
  if (!std::isfinite(want)) return found == want || (std::isnan(found) && std::isnan(want));
  return std::abs(found - want) <= 1e-5 * std::abs(want);
}

// In every layout, or in all whose results are blocked; NaN is equal to NaN.
void expect_numbers(const Graph& graph, const std::vector<Tensor>& inputs,
                    const std::vector<Numbers>& expected, bool only_blocked = false) {
  const auto backend = make_onednn_backend();
  auto ways = backend->implementations(graph, 0, offers());
  if (only_blocked)
    std::erase_if(ways, [](const Implementation& way) { return way.results[0].blocks().empty(); });
  EXPECT_FALSE(ways.empty());
  for (const Implementation& way : ways) {
    const auto results = run_graph(*backend, laid_out(graph, way), {inputs, {}, {}}, nullptr);
    for (size_t r = 0; r < expected.size(); ++r)
      for (size_t i = 0; i < expected[r].size(); ++i) {
        const double found = results[r].at(static_cast<int64_t>(i)), want = expected[r][i];
        EXPECT_TRUE(agree(found, want))
            << to_string(graph.node(0).op) << " {" << way.results[r].tag() << "} result " << r << ", element "
            << i << " is " << found << ", not " << want;
      }
  }
}

std::vector<Numbers> by_op_table(const Graph& graph, const std::vector<Tensor>& inputs) {
  std::vector<Numbers> numbers;
  for (const Tensor& result : interpret(graph, {inputs, {}, {}})) {
    numbers.emplace_back();
    for (int64_t i = 0; i < result.count(); ++i) numbers.back().push_back(result.at(i));
  }
  return numbers;
}

const Numbers specials = {nan, infinity, -infinity, 0, 1e30, -1e30};

Graph graph_of(OpKind op, const std::vector<Tensor>& inputs, const Attributes& attributes) {
  Graph graph;
  std::vector<std::optional<Value>> operands;
  for (const Tensor& input : inputs)
    operands.emplace_back(graph.input(fmt::format("x{}", operands.size()), input.type()));
  for (const Value result : graph.append(op, operands, attributes)) graph.add_result(result);
  return graph;
}

void expect_results(OpKind op, const std::vector<Tensor>& inputs, const std::vector<Numbers>& expected,
                    const std::vector<Attributes::Named>& attributes = {}) {
  expect_numbers(graph_of(op, inputs, Attributes(op, attributes)), inputs, expected);
}

TEST(OneDnnNan, ReluMakesZeroOfIt) {
  expect_results(OpKind::relu, {row_of(specials, {1, 6, 1, 1})}, {{0, infinity, 0, 0, 1e30f, 0}});
}

// It multiplies by 0 where the op table selects 0.
TEST(OneDnnNan, GradientOfReluMakesItOfInfinityWhereTheResultIsZero) {
  const Graph graph = parse(R"(graph main(%dy: f32[1, 6], %y: f32[1, 6]) -> (f32[1, 6]) {
  %1 = fusion(%y, %dy) (%a: f32[1, 6], %b: f32[1, 6]) {
    const %2: f32[] = 0
    %3 = compare(%a, %2) {predicate = le} : bool[1, 6]
    %4 = select(%3, %2, %b) : f32[1, 6]
    return %4
  } : f32[1, 6]
  return %1
})");
  const std::vector<Tensor> inputs = {row_of({infinity, nan, 1, infinity, -infinity, nan}, {1, 6}),
                                      row_of({0, 0, nan, 1, 0, 2}, {1, 6})};
  expect_numbers(graph, inputs, {{nan, nan, 1, infinity, nan, nan}});
}

// It asks for results of 0 and below where the op table asks for those above.
TEST(OneDnnNan, GradientOfLeakyReluIsDyWhereTheResultIsNan) {
  const Graph graph = parse(R"(graph main(%dy: f32[1, 8], %y: f32[1, 8]) -> (f32[1, 8]) {
  %1 = fusion(%dy, %y) (%a: f32[1, 8], %b: f32[1, 8]) {
    const %2: f32[] = 0.25
    const %3: f32[] = 0
    %4 = mul(%a, %2) : f32[1, 8]
    %5 = compare(%b, %3) {predicate = gt} : bool[1, 8]
    %6 = select(%5, %a, %4) : f32[1, 8]
    return %6
  } : f32[1, 8]
  return %1
})");
  const std::vector<Tensor> inputs = {row_of({8, 8, 8, 8, infinity, nan, nan, -infinity}, {1, 8}),
                                      row_of({nan, infinity, -infinity, -0.0, 0, 1, -1, 1}, {1, 8})};
  auto expected = by_op_table(graph, inputs);
  EXPECT_EQ(expected[0][0], 2);
  expected[0][0] = 8;
  expect_numbers(graph, inputs, expected);
}

TEST(OneDnnNan, ExpMakesInfinityOfIt) {
  expect_results(OpKind::exp, {row_of(specials, {1, 6, 1, 1})}, {{infinity, infinity, 0, 1, infinity, 0}});
}

TEST(OneDnnNan, TheOtherActivationsDoWhatTheOpTableSays) {
  const std::vector<Tensor> inputs = {row_of({nan, infinity, -infinity, 0, 1e30, -1e30}, {1, 6, 1, 1})};
  for (const OpKind op : {OpKind::leaky_relu, OpKind::sigmoid, OpKind::tanh, OpKind::sqrt, OpKind::elu,
                          OpKind::selu, OpKind::gelu, OpKind::silu, OpKind::hard_swish, OpKind::softplus}) {
    const Graph graph = graph_of(op, inputs, Attributes(op));
    expect_numbers(graph, inputs, by_op_table(graph, inputs));
  }
}

// A convolution of sixteen channels that are all the same, which gives them again, and the function of that.
Graph behind_convolution(const Activation& activation, const Type& type) {
  Graph body;
  const Value x = body.input("x", type), mean = body.input("w", {DType::f32, {16, 16, 1, 1}, {}});
  body.add_result(activation.apply(conv2d(x, mean)));
  return as_fusion(std::move(body));
}

Numbers repeated(const Numbers& numbers) {
  Numbers all;
  for (int channel = 0; channel < 16; ++channel) all.insert(all.end(), numbers.begin(), numbers.end());
  return all;
}

TEST(OneDnnNan, BehindAConvolutionLimitsTakeItsPlace) {
  const Tensor x = row_of(repeated(specials), {1, 16, 1, 6}),
               mean = row_of(Numbers(256, 1.0 / 16), {16, 16, 1, 1});
  for (const Activation& activation : activations_behind_products()) {
    SCOPED_TRACE(activation.name);
    const Graph graph = behind_convolution(activation, x.type());
    auto expected = by_op_table(graph, {x, mean});
    EXPECT_TRUE(std::isnan(expected[0][0]));
    // What it gives for -infinity: the lower limit.
    if (activation.loses_nan_in_onednn)
      for (int channel = 0; channel < 16; ++channel) expected[0][channel * 6] = expected[0][2];
    // Of plain values it has loops of its own for these two, by GEMM.
    const bool by_loops =
        activation.name == std::string_view("relu") || activation.name == std::string_view("sigmoid");
    expect_numbers(graph, {x, mean}, expected, by_loops);
  }
}

// As training writes it: of x, in a fusion of what gives dx.
Graph gradient_of(OpKind activation, const Type& type) {
  Graph body;
  const Value x = body.input("a", type), dy = body.input("b", type);
  const std::vector<std::optional<Value>> operands = {x}, gradients = {dy};
  const std::vector<Value> results = {x};
  const Attributes attributes(activation);
  body.add_result(*op_def(activation).gradient({body, attributes, operands, results, gradients})[0]);
  simplify_algebra(body, {});
  remove_dead_nodes(body, {});
  return as_fusion(std::move(body));
}

TEST(OneDnnNan, GradientsByWhatAnActivationIsOfDoWhatTheOpTableSays) {
  const std::vector<Tensor> inputs = {row_of({nan, infinity, -infinity, 0, 1e15, -1e15, 1, 2}, {1, 8}),
                                      row_of({1, 1, 1, infinity, 1, 1, nan, -infinity}, {1, 8})};
  for (const OpKind op : {OpKind::gelu, OpKind::silu, OpKind::softplus}) {
    const Graph graph = gradient_of(op, inputs[0].type());
    expect_numbers(graph, inputs, by_op_table(graph, inputs));
  }
}

TEST(OneDnnNan, PreluDoesWhatTheOpTableSays) {
  const std::vector<Tensor> inputs = {row_of(specials, {1, 6, 1, 1}), row_of({1, -1, 2, 0.5, 3, 0}, {6})};
  const Graph graph = graph_of(OpKind::prelu, inputs, Attributes(OpKind::prelu));
  expect_numbers(graph, inputs, by_op_table(graph, inputs));
}

// Centres of pixels beyond the outermost ones are these: the op table adds the next one 0 times, oneDNN not.
TEST(OneDnnNan, ResizeLeavesOutPixelsThatHaveNoShare) {
  const Tensor x = row_of({1, nan}, {1, 1, 1, 2});
  const Graph graph =
      graph_of(OpKind::resize, {x},
               Attributes(OpKind::resize, {{"output_size", Ints{1, 4}}, {"mode", std::string("linear")}}));
  EXPECT_TRUE(std::isnan(by_op_table(graph, {x})[0][0]));
  expect_numbers(graph, {x}, {{1, nan, nan, nan}});
}

TEST(OneDnnNan, MaximumAndMinimumTakeTheSecondOperand) {
  const Tensor a = row_of({nan, 1, nan, infinity, nan}, {1, 5}),
               b = row_of({1, nan, nan, nan, infinity}, {1, 5});
  for (const OpKind op : {OpKind::maximum, OpKind::minimum})
    expect_results(op, {a, b}, {{1, nan, nan, nan, infinity}});
}

TEST(OneDnnNan, SoftmaxKeepsItToItsElement) {
  const Tensor x = row_of({0, nan, 0, 0, infinity, 0, 0, -infinity, 0}, {3, 3});
  const float half = 0.5F, log_half = std::log(half);
  expect_results(OpKind::softmax, {x}, {{0, nan, 0, 0, nan, 0, half, 0, half}});
  expect_results(OpKind::log_softmax, {x},
                 {{-infinity, nan, -infinity, -infinity, nan, -infinity, log_half, -infinity, log_half}});
}

// Windows: NaN first, NaN in the middle, NaN only, NaN beside infinity, minus infinity only.
TEST(OneDnnNan, MaxPoolIgnoresItAndNeverGivesMinusInfinity) {
  const Numbers rows = {nan, 1, 1, nan, nan, nan, infinity, nan, -infinity, -infinity,
                        2,   3, 2, 3,   nan, nan, 1,        2,   -infinity, -infinity};
  const Numbers largest = {3, 3, lowest, infinity, lowest}, argmax = {3, 3, 0, 0, 0};
  const std::vector<Attributes::Named> window = {{"kernel_size", Ints{2, 2}}};
  expect_results(OpKind::max_pool2d, {row_of(rows, {1, 1, 2, 10})}, {largest}, window);
  expect_results(OpKind::max_pool2d_argmax, {row_of(rows, {1, 1, 2, 10})}, {largest, argmax}, window);
}

}  // namespace
}  // namespace sinter
