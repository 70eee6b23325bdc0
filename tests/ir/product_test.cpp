#include <gtest/gtest.h>

#include "tests/ir/by_hand.h"

/// By hand, where the meaning of an op is a decision: padding, strides, absent biases, empty batches.
namespace sinter {
namespace {

TEST(Conv2d, PaddingIsTopLeftBottomRight) {
  const Tensor x = f32({1, 1, 1, 1}, {5}), kernel = counting({1, 1, 2, 3}, 1);
  const Tensor y = apply_one(OpKind::conv2d, {x, kernel}, {{"padding", Ints{1, 0, 0, 2}}});
  ASSERT_EQ(y.shape(), (Sizes{1, 1, 1, 1}));
  EXPECT_EQ(y.at(0), 5 * 4) << "the only pixel lies under the kernel's second row, first column";
}

TEST(Conv2d, StrideLargerThanKernel) {
  const Tensor y = apply_one(OpKind::conv2d, {counting({1, 1, 1, 8}), f32({1, 1, 1, 2}, {1, 10})},
                             {{"stride", Ints{1, 3}}});
  expect_elements(y, {0 + 10, 3 + 40, 6 + 70});
}

TEST(Conv2d, BiasIsOptional) {
  const Tensor x = f32({1, 1, 1, 2}, {1, 2}), kernel = f32({2, 1, 1, 1}, {1, 10}),
               bias = f32({2}, {0.5F, -1});
  expect_elements(apply_one(OpKind::conv2d, {x, kernel}), {1, 2, 10, 20});
  expect_elements(apply_one(OpKind::conv2d, {x, kernel, std::nullopt}), {1, 2, 10, 20});
  expect_elements(apply_one(OpKind::conv2d, {x, kernel, bias}), {1.5, 2.5, 9, 19});
}

TEST(Conv2d, DilationLeavesOutWhatIsBetweenTaps) {
  const Tensor x = counting({1, 1, 1, 6}), kernel = f32({1, 1, 1, 2}, {1, 10});
  const std::vector<Attributes::Named> dilated = {{"dilation", Ints{1, 3}}};
  expect_elements(apply_one(OpKind::conv2d, {x, kernel}, dilated), {0 + 30, 1 + 40, 2 + 50});
  const Tensor dy = f32({1, 1, 1, 3}, {1, 2, 3});
  expect_elements(apply_one(OpKind::conv2d_backward_data, {dy, kernel},
                            {{"input_size", Ints{1, 6}}, {"dilation", Ints{1, 3}}}),
                  {1, 2, 3, 10, 20, 30});
  expect_elements(apply_one(OpKind::conv2d_backward_weights, {x, dy},
                            {{"kernel_size", Ints{1, 2}}, {"dilation", Ints{1, 3}}}),
                  {0 * 1 + 1 * 2 + 2 * 3, 3 * 1 + 4 * 2 + 5 * 3});
}

TEST(Conv2d, AGroupOfOutputsReadsItsGroupOfChannels) {
  const Tensor x = f32({1, 4, 1, 1}, {1, 2, 3, 4}), kernel = f32({2, 2, 1, 1}, {1, 10, 100, 1000});
  const std::vector<Attributes::Named> two = {{"groups", int64_t{2}}};
  expect_elements(apply_one(OpKind::conv2d, {x, kernel}, two), {1 + 20, 300 + 4000});
  const Tensor dy = f32({1, 2, 1, 1}, {1, 2});
  expect_elements(apply_one(OpKind::conv2d_backward_data, {dy, kernel},
                            {{"input_size", Ints{1, 1}}, {"groups", int64_t{2}}}),
                  {1, 10, 200, 2000});
  const Tensor dw = apply_one(OpKind::conv2d_backward_weights, {x, dy},
                              {{"kernel_size", Ints{1, 1}}, {"groups", int64_t{2}}});
  ASSERT_EQ(dw.shape(), (Sizes{2, 2, 1, 1}));
  expect_elements(dw, {1, 2, 6, 8});
}

TEST(Conv2d, EmptyBatch) {
  const Tensor x(DType::f32, {0, 2, 4, 4}), kernel = counting({3, 2, 3, 3}), dy(DType::f32, {0, 3, 2, 2});
  EXPECT_EQ(apply_one(OpKind::conv2d, {x, kernel}).shape(), (Sizes{0, 3, 2, 2}));
  const Tensor dw = apply_one(OpKind::conv2d_backward_weights, {x, dy}, {{"kernel_size", Ints{3, 3}}});
  EXPECT_EQ(elements(dw), Numbers(3 * 2 * 9, 0)) << "no image, no gradient";
}

TEST(Linear, AnyNumberOfLeadingDimensions) {
  const Tensor weight = f32({2, 3}, {1, 0, 0, 1, 1, 1});
  expect_elements(apply_one(OpKind::linear, {f32({3}, {1, 2, 3}), weight}), {1, 6});
  EXPECT_EQ(apply_one(OpKind::linear, {counting({4, 1, 3}), weight}).shape(), (Sizes{4, 1, 2}));
  EXPECT_EQ(apply_one(OpKind::linear, {Tensor(DType::f32, {0, 3}), weight}).shape(), (Sizes{0, 2}));
}

TEST(Matmul, TransposesAndBroadcasts) {
  const Tensor a = f32({2, 2}, {1, 2, 3, 4}), b = f32({2, 2}, {1, 10, 100, 1000});
  expect_elements(apply_one(OpKind::matmul, {a, b}), {201, 2010, 403, 4030});
  expect_elements(apply_one(OpKind::matmul, {a, b}, {{"transpose_a", true}}), {301, 3010, 402, 4020});
  expect_elements(apply_one(OpKind::matmul, {a, b}, {{"transpose_b", true}}), {21, 2100, 43, 4300});
  const Tensor batch = counting({2, 1, 2}, 1);
  expect_elements(apply_one(OpKind::matmul, {batch, b}), {201, 2010, 403, 4030});
  EXPECT_EQ(elements(apply_one(OpKind::matmul, {Tensor(DType::f32, {2, 0}), Tensor(DType::f32, {0, 3})})),
            Numbers(6, 0))
      << "an empty sum is zero";
}

}  // namespace
}  // namespace sinter
