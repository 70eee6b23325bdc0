#include <gtest/gtest.h>

#include <array>
#include <cmath>

#include "backends/jit/instruction_set.h"
#include "backends/jit/jit.h"
#include "ir/build.h"
#include "ir/text.h"
#include "tests/backends/run_graph.h"
#include "tests/random/choice.h"

/// Gradients of a convolution through an activation and an average pool as one kernel, in every layout they
/// are offered in, against the interpreter.
namespace sinter {
namespace {

// Sums of some thousand products of up to 4, added up in f32.
constexpr double tolerance = 3e-4;

struct Case {
  std::vector<int64_t> x;  ///< N C H W
  int64_t channels;
  std::vector<int64_t> kernel;
  Conv2dOptions conv;
  AvgPoolOptions pool;
};

// LeNet's layers, whole and broken blocks of samples, more taps than registers, planes of several bands, and
// windows that overlap, leave gaps, reach over the border with and without counting it, and are large.
const Case cases[] = {
    {{16, 1, 28, 28}, 6, {5, 5}, {.padding = {2, 2, 2, 2}}, {.kernel_size = {2, 2}}},
    {{17, 6, 14, 14}, 16, {5, 5}, {}, {.kernel_size = {2, 2}}},
    {{1, 3, 23, 17}, 5, {3, 3}, {.stride = {2, 1}, .padding = {1, 0, 1, 0}}, {.kernel_size = {2, 3}}},
    {{3, 17, 9, 11}, 33, {3, 3}, {.padding = {1, 1, 1, 1}}, {.kernel_size = {2, 2}, .padding = {1, 0, 0, 1}}},
    {{2, 4, 40, 9}, 40, {3, 3}, {.padding = {1, 1, 1, 1}}, {.kernel_size = {3, 2}}},
    {{16, 9, 7, 7}, 17, {1, 1}, {}, {.kernel_size = {3, 3}, .stride = {2, 2}, .padding = {1, 1, 1, 1}}},
    {{5, 2, 13, 13}, 3, {3, 2}, {.stride = {2, 2}}, {.kernel_size = {3, 2}, .stride = {1, 1}}},
    {{1, 5, 14, 12}, 2, {7, 6}, {.padding = {3, 3, 3, 3}}, {.kernel_size = {2, 2}, .stride = {3, 4}}},
    {{18, 3, 11, 12},
     5,
     {3, 3},
     {.padding = {1, 1, 1, 1}},
     {.kernel_size = {3, 2}, .stride = {3, 1}, .padding = {1, 0, 0, 0}, .ceil_mode = true}},
    {{2, 3, 31, 9}, 4, {3, 33}, {.padding = {0, 16, 0, 16}}, {.kernel_size = {17, 3}}},
    {{18, 2, 12, 11},
     3,
     {4, 3},
     {.stride = {3, 2}, .padding = {2, 1, 0, 2}},
     {.kernel_size = {3, 3}, .stride = {2, 1}, .padding = {2, 1, 1, 2}, .count_include_pad = false}},
    {{2, 2, 33, 40},
     48,
     {5, 3},
     {.padding = {2, 1, 2, 1}},
     {.kernel_size = {3, 3}, .stride = {2, 3}, .padding = {1, 1, 1, 1}, .count_include_pad = false}},
};

Type f32_type(const std::vector<int64_t>& shape) {
  return {DType::f32, Shape(shape.begin(), shape.end()), {}};
}

// As autodiff writes them, in terms of the activation's result; 0: there is no activation. The last makes
// something of lanes without a sample.
constexpr size_t activations = 6;
Value activation_gradient(size_t activation, Graph& body, Value dy, const Type& type) {
  if (activation == 0) return dy;
  const Value y = body.input("y", type);
  if (activation == 1) return select(y <= 0.0, body.scalar(DType::f32, 0), dy);
  if (activation == 2) return dy * ((1.0 - y) * y);
  if (activation == 3) return dy * (1.0 - y * y);
  if (activation == 4) return select(y > 0.0, dy, dy * 0.1);
  return dy * y + 0.5;
}

class PooledGradientCase {
 public:
  explicit PooledGradientCase(const Case& c) : c_(c), x_(f32_type(c.x)) {
    Graph graph;
    weight_ = f32_type({c.channels, c.x[1], c.kernel[0], c.kernel[1]});
    const Value y = conv2d(graph.input("x", x_), graph.input("w", weight_), std::nullopt, c.conv);
    y_ = y.type();
    pooled_ = avg_pool2d(y, c.pool).type();
  }

  Graph by_weights(size_t activation, bool with_bias) const {
    Graph body;
    const Value dy = gradient(body, activation);
    const std::array<std::optional<Value>, 2> operands = {body.input("x", x_), dy};
    body.add_result(body.append(OpKind::conv2d_backward_weights, operands,
                                attributes(OpKind::conv2d_backward_weights, "kernel_size", c_.kernel))[0]);
    if (with_bias) body.add_result(sum(dy, {.axes = {0, 2, 3}}));
    return as_fusion(std::move(body));
  }

  Graph by_data(size_t activation, bool activated_before) const {
    Graph body;
    const Value dy = gradient(body, activation);
    const std::array<std::optional<Value>, 2> operands = {dy, body.input("weight", weight_)};
    Value dx = body.append(OpKind::conv2d_backward_data, operands,
                           attributes(OpKind::conv2d_backward_data, "input_size", {c_.x[2], c_.x[3]}))[0];
    if (activated_before) {
      const Value x = body.input("x", x_);
      dx = dx * ((1.0 - x) * x);
    }
    body.add_result(dx);
    return as_fusion(std::move(body));
  }

 private:
  Value gradient(Graph& body, size_t activation) const {
    const std::array<std::optional<Value>, 1> operands = {body.input("dy", pooled_)};
    std::vector<Attributes::Named> list = {{"kernel_size", c_.pool.kernel_size},
                                           {"padding", c_.pool.padding},
                                           {"ceil_mode", c_.pool.ceil_mode},
                                           {"count_include_pad", c_.pool.count_include_pad},
                                           {"input_size", Ints{y_.shape[2].size, y_.shape[3].size}}};
    if (!c_.pool.stride.empty()) list.emplace_back("stride", c_.pool.stride);
    const Value unpooled =
        body.append(OpKind::avg_pool2d_backward, operands, Attributes(OpKind::avg_pool2d_backward, list))[0];
    return activation_gradient(activation, body, unpooled, y_);
  }

  Attributes attributes(OpKind op, const char* size, Ints of) const {
    return Attributes(op, {{size, std::move(of)}, {"stride", c_.conv.stride}, {"padding", c_.conv.padding}});
  }

  const Case& c_;
  Type x_, weight_, y_, pooled_;
};

class PooledGradient : public testing::TestWithParam<std::tuple<size_t, InstructionSet>> {
 protected:
  void SetUp() override {
    try {
      backend_ = make_jit_backend({.instruction_set = std::get<InstructionSet>(GetParam())});
    } catch (const InputError& error) {
      GTEST_SKIP() << error.what();
    }
  }

  size_t number() const { return std::get<size_t>(GetParam()); }

  void expect_runs(const Graph& graph) {
    SCOPED_TRACE(print(graph));
    ASSERT_EQ(backend_->refuses_fusion(graph.node(0).attributes.body()), std::nullopt);
    EXPECT_GE(expect_parity(*backend_, graph, random_bindings(graph, random_), offers(), tolerance, random_),
              1U);
  }

  std::unique_ptr<Backend> backend_;
  RandomEngine random_{31};
};

TEST_P(PooledGradient, ByWeightsAndBias) {
  const PooledGradientCase own(cases[number()]);
  expect_runs(own.by_weights(number() % activations, true));
  expect_runs(own.by_weights((number() + 3) % activations, false));
}

TEST_P(PooledGradient, ByDataAndAnActivationBefore) {
  const PooledGradientCase own(cases[number()]);
  expect_runs(own.by_data((number() + 1) % activations, true));
  expect_runs(own.by_data((number() + 4) % activations, false));
}

INSTANTIATE_TEST_SUITE_P(Cases, PooledGradient,
                         testing::Combine(testing::Range<size_t>(0, std::size(cases)),
                                          testing::Values(InstructionSet::host, InstructionSet::avx512,
                                                          InstructionSet::avx2, InstructionSet::baseline)));

// ---- shapes nobody thought of

Case random_case(RandomEngine& random) {
  const auto kernel = [&](int64_t most) { return Ints{between(random, 1, most), between(random, 1, most)}; };
  const auto padding = [&](const Ints& kernel) {
    Ints sides;
    for (int i = 0; i < 4; ++i) sides.push_back(between(random, 0, kernel[i % 2] - 1));
    return sides;
  };
  Case c = {{between(random, 1, 18), between(random, 1, 5), between(random, 9, 20), between(random, 9, 20)},
            between(random, 1, 19),
            kernel(5),
            {},
            {}};
  c.conv = {.stride = kernel(3), .padding = padding(c.kernel)};
  c.pool.kernel_size = kernel(3);
  c.pool.padding = padding(c.pool.kernel_size);
  if (chance(random, 0.6)) c.pool.stride = kernel(3);
  c.pool.count_include_pad = chance(random, 0.5);
  return c;
}

TEST(PooledGradients, OfRandomLayers) {
  RandomEngine random(5);
  const auto backend = make_jit_backend();
  for (size_t i = 0; i < 20; ++i) {
    const Case c = random_case(random);
    const PooledGradientCase own(c);
    for (const Graph& graph : {own.by_weights(i % activations, true), own.by_data(i % activations, false)}) {
      SCOPED_TRACE(print(graph));
      const Bindings bindings = random_bindings(graph, random);
      EXPECT_EQ(expect_parity(*backend, graph, bindings, offers(), tolerance, random), 1U);
      if (HasFailure()) return;
    }
  }
}

// ---- what is no such body

std::string refusal(std::string_view text) {
  return make_jit_backend()->refuses_fusion(parse(text).node(0).attributes.body()).value_or("it is one");
}

std::string fusion(std::string_view inputs, std::string_view operands, std::string_view nodes,
                   std::string_view results) {
  return fmt::format("graph main({0}) -> ({3}) {{ %1 = fusion({1}) ({0}) {{ {2} }} : {3} return %1 }}",
                     inputs, operands, nodes, results);
}

void expect_refused(const std::string& text, const std::string& reason) {
  const std::string said = refusal(text);
  EXPECT_NE(said.find(reason), std::string::npos) << said;
}

constexpr std::string_view unpool =
    "%2 = avg_pool2d_backward(%d) {input_size = [4, 4], kernel_size = [2, 2]} : f32[2, 2, 4, 4] ";

// Nothing of the kernels for other ops, which nobody hoped for.
TEST(PooledGradients, AreRefusedByThoseOfTheirOpsOnly) {
  EXPECT_EQ(refusal(fusion("%d: f32[2, 2, 2, 2], %x: f32[2, 3, 6, 6]", "%d, %x",
                           fmt::format("{}%3 = softmax(%2) : f32[2, 2, 4, 4] "
                                       "%4 = conv2d_backward_weights(%x, %3) {{kernel_size = [3, 3]}} : "
                                       "f32[2, 3, 3, 3] return %4",
                                       unpool),
                           "f32[2, 3, 3, 3]")),
            "softmax is not computed element by element");
  EXPECT_EQ(refusal(fusion("%x: f32[2, 3]", "%x", "%2 = softmax(%x) : f32[2, 3] return %2", "f32[2, 3]")),
            "softmax is not computed element by element");
}

TEST(PooledGradients, SayWhatTheyAreNot) {
  const std::string_view x = "%d: f32[2, 2, 2, 2], %x: f32[2, 3, 6, 6]", weights = "f32[2, 3, 3, 3]";
  const auto by_weights = [&](std::string_view rest) {
    return fusion(x, "%d, %x", fmt::format("{}{}", unpool, rest), weights);
  };
  EXPECT_EQ(
      refusal(by_weights("%3 = conv2d_backward_weights(%x, %2) {kernel_size = [3, 3]} : f32[2, 3, 3, 3] "
                         "return %3")),
      "it is one");
  expect_refused(by_weights("%3 = softmax(%2) : f32[2, 2, 4, 4] "
                            "%4 = conv2d_backward_weights(%x, %3) {kernel_size = [3, 3]} : f32[2, 3, 3, 3] "
                            "return %4"),
                 "softmax is not computed element by element");
  expect_refused(by_weights("%3 = conv2d_backward_weights(%x, %2) {kernel_size = [3, 3]} : f32[2, 3, 3, 3] "
                            "%4 = exp(%3) : f32[2, 3, 3, 3] return %4"),
                 "exp is no sum of the convolution's dy");
  expect_refused(
      by_weights("%3 = conv2d_backward_weights(%x, %2) {kernel_size = [2, 2], dilation = [2, 2]} : "
                 "f32[2, 3, 2, 2] return %3"),
      "the conv2d_backward_weights has dilation");
  expect_refused(
      fusion("%d: f32[2, 2, 2, 2], %x: f32[2, 4, 6, 6]", "%d, %x",
             fmt::format("{}%3 = conv2d_backward_weights(%x, %2) {{kernel_size = [3, 3], groups = 2}} : "
                         "f32[2, 2, 3, 3] return %3",
                         unpool),
             "f32[2, 2, 3, 3]"),
      "the conv2d_backward_weights has groups");
  const std::string_view y = "%d: f32[2, 2, 2, 2], %y: f32[2, 2, 4, 4], %x: f32[2, 3, 6, 6]";
  expect_refused(fusion(y, "%d, %y, %x",
                        fmt::format("{}%3 = conv2d_backward_weights(%x, %y) {{kernel_size = [3, 3]}} : "
                                    "f32[2, 3, 3, 3] return %3",
                                    unpool),
                        weights),
                 "conv2d_backward_weights is of something else than the pool's gradient");
  const std::string_view w = "%d: f32[2, 2, 2, 2], %w: f32[2, 2, 1, 1]";
  const auto by_data = [&](std::string_view rest) {
    return fusion(
        w, "%d, %w",
        fmt::format("{}%3 = conv2d_backward_data(%2, %w) {{input_size = [4, 4]}} : f32[2, 2, 4, 4] {}",
                    unpool, rest),
        "f32[2, 2, 4, 4]");
  };
  EXPECT_EQ(refusal(by_data("return %3")), "it is one");
  expect_refused(by_data("%4 = mul(%3, %2) : f32[2, 2, 4, 4] return %4"),
                 "the pool's gradient has other readers");
  expect_refused(by_data("return %2"), "the pool's gradient is a result");
}

}  // namespace
}  // namespace sinter
