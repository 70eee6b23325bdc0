#include <gtest/gtest.h>

#include <algorithm>

#include "tests/backends/onednn_shapes.h"

/// Every op that oneDNN has, in sizes that fit no block and no vector and are large enough to be cut into
/// slices: batches of 1 and 17; one channel, one beside a block, two blocks and one; windows that lie mostly
/// beyond the border.
namespace sinter {
namespace {

struct Window {
  Ints kernel, stride, padding;
  int64_t along(size_t dimension, int64_t size) const {
    return (size + padding[dimension] + padding[dimension + 2] - kernel[dimension]) / stride[dimension] + 1;
  }
};

const Window windows[] = {
    {{3, 3}, {1, 1}, {1, 1, 1, 1}},
    {{3, 2}, {2, 1}, {0, 1, 2, 0}},  // padding differs on each side
    {{5, 5}, {3, 3}, {4, 4, 4, 4}},  // windows of one element at the corners
};

std::vector<OpInstance> convolutions(int64_t n, int64_t c) {
  std::vector<OpInstance> made;
  constexpr int64_t h = 13, w = 11;
  for (const Window& window : windows)
    for (const int64_t o : {int64_t{1}, int64_t{33}}) {
      const int64_t p = window.along(0, h), q = window.along(1, w);
      const Named geometry = {{"stride", window.stride}, {"padding", window.padding}};
      const auto with = [&](const Attributes::Named& one) {
        Named named = geometry;
        named.push_back(one);
        return named;
      };
      const std::vector<int64_t> x = {n, c, h, w}, weight = {o, c, window.kernel[0], window.kernel[1]},
                                 y = {n, o, p, q};
      made.push_back(instance(OpKind::conv2d, {x, weight, {o}}, geometry));
      made.push_back(instance(OpKind::conv2d_backward_data, {y, weight}, with({"input_size", Ints{h, w}})));
      made.push_back(instance(OpKind::conv2d_backward_weights, {x, y}, with({"kernel_size", window.kernel})));
    }
  return made;
}

std::vector<OpInstance> pools(int64_t n, int64_t c) {
  std::vector<OpInstance> made = {instance(OpKind::global_avg_pool2d, {{n, c, 31, 29}})};
  constexpr int64_t h = 27, w = 25;
  for (const Window& window : windows) {
    Named named = {{"kernel_size", window.kernel}, {"stride", window.stride}, {"padding", window.padding}};
    made.push_back(instance(OpKind::max_pool2d, {{n, c, h, w}}, named));
    made.push_back(instance(OpKind::max_pool2d_argmax, {{n, c, h, w}}, named));
    for (const bool counted : {true, false}) {
      Named average = named;
      average.push_back({"count_include_pad", counted});
      made.push_back(instance(OpKind::avg_pool2d, {{n, c, h, w}}, average));
      average.push_back({"input_size", Ints{h, w}});
      made.push_back(
          instance(OpKind::avg_pool2d_backward, {{n, c, window.along(0, h), window.along(1, w)}}, average));
    }
  }
  return made;
}

std::vector<OpInstance> elementwise_ops(int64_t n, int64_t c) {
  std::vector<OpInstance> made;
  const std::vector<int64_t> x = {n, c, 29, 31};
  for (const OpKind op : {OpKind::relu, OpKind::leaky_relu, OpKind::sigmoid, OpKind::tanh, OpKind::exp,
                          OpKind::log, OpKind::sqrt})
    made.push_back(instance(op, {x}));
  for (const OpKind op :
       {OpKind::add, OpKind::sub, OpKind::mul, OpKind::div, OpKind::maximum, OpKind::minimum})
    made.push_back(instance(op, {x, x}));
  return made;
}

std::vector<OpInstance> other_activations(int64_t n, int64_t c) {
  std::vector<OpInstance> made;
  const std::vector<int64_t> x = {n, c, 11, 13};
  for (const OpKind op :
       {OpKind::elu, OpKind::selu, OpKind::gelu, OpKind::silu, OpKind::hard_swish, OpKind::softplus})
    made.push_back(instance(op, {x}));
  made.push_back(instance(OpKind::gelu, {x}, {{"approximate", std::string("tanh")}}));
  made.push_back(instance(OpKind::softplus, {x}, {{"beta", 0.7}, {"threshold", 16.0}}));
  for (const int64_t slopes : {int64_t{1}, c}) made.push_back(instance(OpKind::prelu, {x, {slopes}}));
  return made;
}

// Of channels, of a sample, of all: on either side where that makes no difference.
std::vector<OpInstance> repeated_operands(int64_t n, int64_t c) {
  std::vector<OpInstance> made;
  const std::vector<int64_t> x = {n, c, 11, 13};
  for (const auto& other : Sizes{{c, 1, 1}, {1, c, 11, 13}, {}}) {
    for (const OpKind op : {OpKind::add, OpKind::mul}) made.push_back(instance(op, {other, x}));
    for (const OpKind op : {OpKind::sub, OpKind::div, OpKind::maximum})
      made.push_back(instance(op, {x, other}));
  }
  return made;
}

std::vector<OpInstance> products_and_rows(int64_t n, int64_t c) {
  const std::vector<int64_t> x = {n, c, 13, 11};
  std::vector<OpInstance> made = {
      instance(OpKind::batch_norm, {x, {c}, {c}, {c}, {c}}),
      instance(OpKind::batch_norm_training, {x, {c}, {c}}),
      instance(OpKind::batch_norm_backward, {x, x, {c}, {c}, {c}}),
      instance(OpKind::sum_to, {{n, c, 31}}, {{"shape", Ints{n, c, 1}}}),
      instance(OpKind::linear, {{n, 401}, {c, 401}, {c}}),
      instance(OpKind::linear, {{n, c}, {1201, c}, {1201}}),
      instance(OpKind::matmul, {{n, 401}, {401, c}}),
      instance(OpKind::matmul, {{c, n}, {c, 401}}, {{"transpose_a", true}}),
      instance(OpKind::sum, {{n, c, 33, 31}}, {{"axes", Ints{2, 3}}}),
      instance(OpKind::mean, {{n, c, 33, 31}}, {{"axes", Ints{1}}, {"keepdims", true}}),
  };
  for (const OpKind op : {OpKind::softmax, OpKind::log_softmax})
    made.push_back(instance(op, {{n, c, 1001}}, {{"axis", int64_t{2}}}));
  return made;
}

TEST_P(OneDnnShapes, AgreeWithTheReferenceAndKeepTheirBits) {
  const auto [n, c] = GetParam();
  size_t ops = 0;
  for (const auto make :
       {convolutions, pools, elementwise_ops, other_activations, repeated_operands, products_and_rows}) {
    const auto made = make(n, c);
    check(made);
    if (HasFailure()) return;
    ops += made.size();
  }
  EXPECT_GT(run_, static_cast<int64_t>(ops) * 9 / 10);
  if (n > 1 && c > 1) {
    EXPECT_GT(slices_, 3);
  }
}

// One channel in each group: 32 fill blocks, 33 do not.
std::vector<OpInstance> depthwise_convolutions(int64_t n, int64_t c) {
  std::vector<OpInstance> made;
  constexpr int64_t h = 13, w = 11;
  for (const Window& window : windows) {
    const Named geometry = {{"stride", window.stride}, {"padding", window.padding}, {"groups", c}};
    Named data = geometry, weights = geometry;
    data.emplace_back("input_size", Ints{h, w});
    weights.emplace_back("kernel_size", window.kernel);
    const std::vector<int64_t> x = {n, c, h, w}, weight = {c, 1, window.kernel[0], window.kernel[1]},
                               y = {n, c, window.along(0, h), window.along(1, w)};
    made.push_back(instance(OpKind::conv2d, {x, weight, {c}}, geometry));
    made.push_back(instance(OpKind::conv2d_backward_data, {y, weight}, data));
    made.push_back(instance(OpKind::conv2d_backward_weights, {x, y}, weights));
  }
  return made;
}

using OneDnnDepthwise = OneDnnShapes;

TEST_P(OneDnnDepthwise, AgreesWithTheReferenceAndKeepsItsBits) {
  const auto [n, c] = GetParam();
  const auto made = depthwise_convolutions(n, c);
  check(made);
  EXPECT_EQ(run_, static_cast<int64_t>(made.size()));
}

INSTANTIATE_TEST_SUITE_P(BatchAndChannels, OneDnnDepthwise,
                         testing::Combine(testing::Values(1, 17), testing::Values(32, 33)));

INSTANTIATE_TEST_SUITE_P(BatchAndChannels, OneDnnShapes,
                         testing::Combine(testing::Values(1, 17), testing::Values(1, 17, 33)));

// In plain layouts each group is a product of its own: auto must know how slow that is.
TEST(OneDnnDepthwiseEstimate, IsLongInPlainLayouts) {
  const auto backend = make_onednn_backend();
  int compared = 0;
  for (const OpInstance& each : depthwise_convolutions(16, 64)) {
    double plain = 0, blocked = 0;
    for (const Implementation& way : backend->implementations(graph_of(each), 0)) {
      const bool is_plain = std::ranges::all_of(way.operands, &Layout::is_plain) && way.results[0].is_plain();
      double& least = is_plain ? plain : blocked;
      if (least == 0 || way.seconds < least) least = way.seconds;
    }
    if (blocked == 0) continue;  // of some windows oneDNN has no gradient by weights in blocks
    EXPECT_GT(plain, 3 * blocked) << to_string(each);
    ++compared;
  }
  EXPECT_GT(compared, 0);
}

}  // namespace
}  // namespace sinter
