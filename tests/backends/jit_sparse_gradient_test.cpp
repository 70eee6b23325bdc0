#include <gtest/gtest.h>

#include <array>
#include <cmath>

#include "backends/jit/instruction_set.h"
#include "backends/jit/jit.h"
#include "ir/build.h"
#include "ir/text.h"
#include "tests/backends/run_graph.h"
#include "tests/random/choice.h"

/// Gradients of a convolution through a max pool, one product for each gradient that is there, in every
/// layout they are offered in, against the interpreter, which multiplies all zeros too.
namespace sinter {
namespace {

constexpr double tolerance = 1e-4;

struct Case {
  std::vector<int64_t> x;  ///< N C H W
  int64_t channels;
  std::vector<int64_t> kernel;
  Conv2dOptions conv;
  PoolOptions pool;
};

// Few channels (taps beside one another in the lanes), whole and broken blocks of channels and samples, more
// taps than registers, bands of windows, windows that overlap, leave gaps, reach over the border and beyond
// the padding; channels enough for lists of each window's places, in one part and in two.
const Case chosen_cases[] = {
    {{1, 1, 12, 12}, 6, {5, 5}, {.padding = {2, 2, 2, 2}}, {.kernel_size = {2, 2}}},
    {{17, 6, 14, 14}, 16, {5, 5}, {}, {.kernel_size = {2, 2}}},
    {{16, 3, 23, 17}, 5, {3, 3}, {.stride = {2, 1}, .padding = {1, 0, 1, 0}}, {.kernel_size = {2, 3}}},
    {{3, 17, 9, 11}, 33, {3, 3}, {.padding = {1, 1, 1, 1}}, {.kernel_size = {2, 2}}},
    {{2, 32, 30, 27}, 16, {3, 3}, {.padding = {1, 1, 1, 1}}, {.kernel_size = {2, 2}}},
    {{16, 32, 7, 7}, 17, {1, 1}, {}, {.kernel_size = {3, 3}, .stride = {2, 2}, .padding = {1, 1, 1, 1}}},
    {{2, 16, 13, 13}, 3, {3, 2}, {.stride = {2, 2}}, {.kernel_size = {3, 2}, .stride = {1, 1}}},
    {{1, 48, 11, 10}, 2, {7, 6}, {.padding = {3, 3, 3, 3}}, {.kernel_size = {2, 2}, .stride = {3, 4}}},
    {{2, 20, 40, 9}, 4, {3, 3}, {.padding = {0, 1, 0, 1}}, {.kernel_size = {17, 3}}},
    {{3, 17, 12, 11},
     20,
     {3, 3},
     {.padding = {1, 1, 1, 1}},
     {.kernel_size = {3, 2}, .stride = {2, 2}, .ceil_mode = true}},
    {{3, 20, 10, 12}, 75, {3, 3}, {.padding = {1, 1, 1, 1}}, {.kernel_size = {2, 2}}},
    {{17, 16, 9, 7}, 96, {1, 2}, {.stride = {2, 1}}, {.kernel_size = {2, 2}, .stride = {1, 3}}},
};

Case random_case(RandomEngine& random) {
  const auto size = [&](int64_t most) { return Ints{between(random, 1, most), between(random, 1, most)}; };
  const auto padding = [&](const Ints& kernel, int64_t share) {
    Ints sides;
    for (int side = 0; side < 4; ++side) sides.push_back(between(random, 0, kernel[side % 2] / share));
    return sides;
  };
  Case c = {{one_of(random, {1, 2, 16, 17}), one_of(random, {1, 3, 6, 16, 17, 32}),
             one_of(random, {7, 11, 13}), one_of(random, {7, 11, 13})},
            one_of(random, {1, 3, 6, 16, 17, 40}),
            size(4),
            {},
            {}};
  c.conv = {.stride = size(2), .padding = padding(c.kernel, 2)};
  c.pool.kernel_size = size(3);
  if (chance(random, 0.5)) c.pool.stride = size(3);
  if (chance(random, 0.5)) c.pool.padding = padding(c.pool.kernel_size, 2);
  return c;
}

// Chosen and random ones.
const std::vector<Case>& all_cases() {
  static const std::vector<Case> all = [] {
    std::vector<Case> list(std::begin(chosen_cases), std::end(chosen_cases));
    RandomEngine random(31);
    for (int i = 0; i < 4; ++i) list.push_back(random_case(random));
    return list;
  }();
  return all;
}

// Places of cases: eighteen products of vectors for each gradient, and two.
constexpr size_t few_products = 4, two_products = 5;

Type f32_type(const std::vector<int64_t>& shape) {
  return {DType::f32, Shape(shape.begin(), shape.end()), {}};
}

struct Sizes {
  Type x, weight, y, pooled, argmax;
};

Attributes pool_attributes(OpKind op, const Case& c, const Type* input = nullptr) {
  std::vector<Attributes::Named> list = {
      {"kernel_size", c.pool.kernel_size}, {"padding", c.pool.padding}, {"ceil_mode", c.pool.ceil_mode}};
  if (!c.pool.stride.empty()) list.emplace_back("stride", c.pool.stride);
  if (input != nullptr) list.emplace_back("input_size", Ints{input->shape[2].size, input->shape[3].size});
  return Attributes(op, list);
}

// The places of real maxima, so that each lies in its window.
Tensor places(const Case& c, RandomEngine& random, Sizes& sizes) {
  Graph graph;
  sizes.x = f32_type(c.x);
  sizes.weight = f32_type({c.channels, c.x[1], c.kernel[0], c.kernel[1]});
  const Value y = conv2d(graph.input("x", sizes.x), graph.input("w", sizes.weight), std::nullopt, c.conv);
  sizes.y = y.type();
  Graph pool;
  const std::array<std::optional<Value>, 1> operands = {pool.input("y", sizes.y)};
  const auto results =
      pool.append(OpKind::max_pool2d_argmax, operands, pool_attributes(OpKind::max_pool2d_argmax, c));
  pool.add_result(results[1]);
  sizes.pooled = results[0].type();
  sizes.argmax = results[1].type();
  return interpret(pool, random_bindings(pool, random))[0];
}

class SparseGradient : public testing::TestWithParam<std::tuple<size_t, InstructionSet>> {
 protected:
  void SetUp() override {
    try {
      backend_ = make_jit_backend({.instruction_set = std::get<InstructionSet>(GetParam())});
    } catch (const InputError& error) {
      GTEST_SKIP() << error.what();
    }
  }

  const Case& c() const { return all_cases()[std::get<size_t>(GetParam())]; }

  Value unpooled(Graph& body) {
    const std::array<std::optional<Value>, 2> operands = {body.input("dy", sizes_.pooled),
                                                          body.input("argmax", sizes_.argmax)};
    return body.append(OpKind::max_pool2d_backward, operands,
                       pool_attributes(OpKind::max_pool2d_backward, c(), &sizes_.y))[0];
  }

  Attributes gradient(OpKind op, const char* size, Ints of) const {
    std::vector<Attributes::Named> list = {{size, std::move(of)}};
    list.emplace_back("stride", c().conv.stride);
    list.emplace_back("padding", c().conv.padding);
    return Attributes(op, list);
  }

  // Every other gradient is zero, as behind a relu.
  void expect_runs(Graph body) {
    const Graph graph = as_fusion(std::move(body));
    SCOPED_TRACE(print(graph));
    Bindings bindings = random_bindings(graph, random_);
    bindings.inputs[0].set(0, 0.75);
    for (int64_t i = 1; i < bindings.inputs[0].count(); ++i)
      if (chance(random_, 0.5)) bindings.inputs[0].set(i, 0);
    bindings.inputs[1] = argmax_;
    EXPECT_GE(expect_parity(*backend_, graph, bindings, offers(), tolerance, random_), 9U);
  }

  std::unique_ptr<Backend> backend_;
  RandomEngine random_{29};
  Sizes sizes_;
  Tensor argmax_ = places(c(), random_, sizes_);
};

TEST_P(SparseGradient, ByWeightsAndBias) {
  Graph body;
  const Value dy = unpooled(body);
  const std::array<std::optional<Value>, 2> operands = {body.input("x", sizes_.x), dy};
  body.add_result(body.append(OpKind::conv2d_backward_weights, operands,
                              gradient(OpKind::conv2d_backward_weights, "kernel_size", c().kernel))[0]);
  body.add_result(sum(dy, {.axes = {0, 2, 3}}));
  expect_runs(std::move(body));
}

TEST_P(SparseGradient, NaNReachesWhatItsWeightsDo) {
  Graph body;
  const std::array<std::optional<Value>, 2> operands = {unpooled(body), body.input("weight", sizes_.weight)};
  body.add_result(body.append(OpKind::conv2d_backward_data, operands,
                              gradient(OpKind::conv2d_backward_data, "input_size", {c().x[2], c().x[3]}))[0]);
  const Graph graph = as_fusion(std::move(body));
  Bindings bindings = random_bindings(graph, random_);
  Tensor& dy = bindings.inputs[0];
  for (int64_t i = 0; i < dy.count(); ++i) dy.set(i, 0);
  dy.set(dy.count() / 2, std::nan(""));
  bindings.inputs[1] = argmax_;
  const Tensor expected = interpret(graph, bindings)[0];
  for (const Implementation& way : backend_->implementations(graph, 0)) {
    const Tensor dx = run_graph(*backend_, laid_out(graph, way), bindings, nullptr)[0];
    for (int64_t i = 0; i < dx.count(); ++i)
      ASSERT_EQ(std::isnan(dx.at(i)), std::isnan(expected.at(i))) << "element " << i;
  }
}

TEST_P(SparseGradient, ByDataAndAnActivationBefore) {
  Graph body;
  const Value dy = unpooled(body);
  const std::array<std::optional<Value>, 2> operands = {dy, body.input("weight", sizes_.weight)};
  const Value dx = body.append(OpKind::conv2d_backward_data, operands,
                               gradient(OpKind::conv2d_backward_data, "input_size", {c().x[2], c().x[3]}))[0];
  const Value y = body.input("y", sizes_.x);
  body.add_result(dx * y * (body.scalar(DType::f32, 1) - y));
  expect_runs(std::move(body));
}

/// Cases in which it does not pay to leave zeros out, or only where the CPU can compress.
class SparseGradientForm : public SparseGradient {};

TEST_P(SparseGradientForm, IsNamed) {
  Graph body;
  const std::array<std::optional<Value>, 2> operands = {unpooled(body), body.input("weight", sizes_.weight)};
  body.add_result(body.append(OpKind::conv2d_backward_data, operands,
                              gradient(OpKind::conv2d_backward_data, "input_size", {c().x[2], c().x[3]}))[0]);
  const Graph graph = as_fusion(std::move(body));
  const auto [place, set] = GetParam();
  const bool by_non_zeros = place == few_products && jit::cpu_target(set).has_avx512;
  for (const Implementation& way : backend_->implementations(graph, 0))
    EXPECT_EQ(backend_->compile(laid_out(graph, way), 0).form,
              by_non_zeros ? "sparse by non-zeros" : "sparse by argmax");
}

INSTANTIATE_TEST_SUITE_P(Cases, SparseGradientForm,
                         testing::Combine(testing::Values(few_products, two_products),
                                          testing::Values(InstructionSet::avx512, InstructionSet::avx2,
                                                          InstructionSet::baseline)));

INSTANTIATE_TEST_SUITE_P(Cases, SparseGradient,
                         testing::Combine(testing::Range<size_t>(0, all_cases().size()),
                                          testing::Values(InstructionSet::host, InstructionSet::avx2,
                                                          InstructionSet::baseline)));

}  // namespace
}  // namespace sinter
