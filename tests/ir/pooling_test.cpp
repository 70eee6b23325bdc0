#include <gtest/gtest.h>

#include "tests/ir/by_hand.h"

/// By hand, where the meaning of an op is a decision: NaN, ties, padding, wide windows.
namespace sinter {
namespace {

const std::vector<Attributes::Named> pool_2x2 = {{"kernel_size", Ints{2, 2}}};

TEST(MaxPool2d, NanWins) {
  const Tensor x = f32({1, 1, 2, 4}, {1, nan, 3, 4, 5, 6, infinity, 8});
  const auto results = apply_all(OpKind::max_pool2d_argmax, {x}, pool_2x2);
  expect_elements(results[0], {nan, infinity});
  expect_elements(results[1], {1, 2});
  expect_elements(apply_one(OpKind::max_pool2d, {x}, pool_2x2), {nan, infinity});
}

TEST(MaxPool2d, TheFirstOfEqualsAndOfNansIsTheArgmax) {
  const Tensor x =
      f32({1, 1, 2, 6}, {7, 7, -infinity, -infinity, nan, 0, 7, 7, -infinity, -infinity, nan, 9});
  expect_elements(apply_all(OpKind::max_pool2d_argmax, {x}, pool_2x2)[1], {0, 0, 0});
}

TEST(MaxPool2d, PaddingNeverWins) {
  const Tensor x = f32({1, 1, 1, 1}, {-3});
  const auto results =
      apply_all(OpKind::max_pool2d_argmax, {x}, {{"kernel_size", Ints{2, 2}}, {"padding", Ints{1, 1, 0, 0}}});
  expect_elements(results[0], {-3});
  expect_elements(results[1], {3});
}

TEST(MaxPool2d, ArgmaxIsWideForWindowsOfMoreThan256Elements) {
  const auto pooled = [](int64_t width) {
    return apply_all(OpKind::max_pool2d_argmax, {counting({1, 1, 16, width})},
                     {{"kernel_size", Ints{16, width}}})[1];
  };
  EXPECT_EQ(pooled(16).dtype(), DType::u8);
  EXPECT_EQ(pooled(16).at(0), 255);
  EXPECT_EQ(pooled(17).dtype(), DType::i32);
  EXPECT_EQ(pooled(17).at(0), 271);
}

TEST(MaxPool2d, BackwardAddsUpWhereWindowsOverlap) {
  const Tensor dy = f32({1, 1, 1, 2}, {10, 1}), argmax = Tensor::of<uint8_t>({1, 1, 1, 2}, {1, 0});
  const Tensor dx =
      apply_one(OpKind::max_pool2d_backward, {dy, argmax},
                {{"input_size", Ints{1, 3}}, {"kernel_size", Ints{1, 2}}, {"stride", Ints{1, 1}}});
  expect_elements(dx, {0, 11, 0});
}

TEST(MaxPool2d, BackwardIgnoresAnArgmaxOutsideTheWindow) {
  const Tensor dy = f32({1, 1, 1, 2}, {10, 1}), argmax = Tensor::of<int32_t>({1, 1, 1, 2}, {-1, 99});
  const Tensor dx = apply_one(OpKind::max_pool2d_backward, {dy, argmax},
                              {{"input_size", Ints{2, 4}}, {"kernel_size", Ints{2, 2}}});
  expect_elements(dx, Numbers(8, 0));
}

TEST(MaxPool2d, CeilModeAddsTheWindowOfTheRest) {
  const Tensor x = counting({1, 1, 1, 5});
  const auto pooled = [&](std::vector<Attributes::Named> given) {
    given.emplace_back("ceil_mode", true);
    return apply_one(OpKind::max_pool2d, {x}, given);
  };
  expect_elements(pooled({{"kernel_size", Ints{1, 2}}}), {1, 3, 4});
  // Size 5 with padding 1 on both sides and stride 6: a second window would begin behind the image.
  expect_elements(
      pooled({{"kernel_size", Ints{1, 2}}, {"stride", Ints{1, 6}}, {"padding", Ints{0, 1, 0, 1}}}), {0});
}

TEST(MaxPool2d, DilationLeavesOutWhatIsBetweenTaps) {
  const Tensor x = f32({1, 1, 1, 5}, {1, 9, 2, 4, 3});
  const auto results =
      apply_all(OpKind::max_pool2d_argmax, {x},
                {{"kernel_size", Ints{1, 2}}, {"stride", Ints{1, 1}}, {"dilation", Ints{1, 2}}});
  expect_elements(results[0], {2, 9, 3});
  expect_elements(results[1], {1, 0, 1});
  const Tensor dx = apply_one(OpKind::max_pool2d_backward, {f32({1, 1, 1, 3}, {1, 2, 4}), results[1]},
                              {{"input_size", Ints{1, 5}},
                               {"kernel_size", Ints{1, 2}},
                               {"stride", Ints{1, 1}},
                               {"dilation", Ints{1, 2}}});
  expect_elements(dx, {0, 2, 1, 0, 4});
}

// As PyTorch: the last window has two elements of padding within the padded image, and one beyond it.
TEST(AvgPool2d, WhatCeilModePutsBeyondThePaddingNeverCounts) {
  const Tensor x = f32({1, 1, 1, 4}, {12, 24, 36, 48});
  const auto pooled = [&](bool count_include_pad) {
    return apply_one(OpKind::avg_pool2d, {x},
                     {{"kernel_size", Ints{1, 3}},
                      {"stride", Ints{1, 2}},
                      {"padding", Ints{0, 1, 0, 1}},
                      {"ceil_mode", true},
                      {"count_include_pad", count_include_pad}});
  };
  expect_elements(pooled(true), {(12 + 24) / 3.0, (24 + 36 + 48) / 3.0, 48 / 2.0});
  expect_elements(pooled(false), {(12 + 24) / 2.0, (24 + 36 + 48) / 3.0, 48});
}

TEST(AvgPool2d, PaddingCountsUnlessToldOtherwise) {
  const Tensor x = f32({1, 1, 1, 2}, {6, 12});
  const std::vector<Attributes::Named> padded = {
      {"kernel_size", Ints{1, 3}}, {"stride", Ints{1, 1}}, {"padding", Ints{0, 1, 0, 2}}};
  expect_elements(apply_one(OpKind::avg_pool2d, {x}, padded), {6, 6, 4});
  auto inside = padded;
  inside.emplace_back("count_include_pad", false);
  expect_elements(apply_one(OpKind::avg_pool2d, {x}, inside), {9, 9, 12});
  auto backward = inside;
  backward.emplace_back("input_size", Ints{1, 2});
  const Tensor dx = apply_one(OpKind::avg_pool2d_backward, {f32({1, 1, 1, 3}, {2, 4, 8})}, backward);
  expect_elements(dx, {1 + 2, 1 + 2 + 8});
}

TEST(GlobalAvgPool2d, EmptyBatch) {
  EXPECT_EQ(apply_one(OpKind::global_avg_pool2d, {Tensor(DType::f32, {0, 3, 2, 2})}).shape(),
            (Sizes{0, 3, 1, 1}));
}

}  // namespace
}  // namespace sinter
