#include <gtest/gtest.h>

#include "tests/ir/by_hand.h"

/// By hand, where the meaning of an op is a decision: NaN, extremes, broadcasting, wrapping and saturating
/// integers.
namespace sinter {
namespace {

TEST(Activation, NanStaysAndExtremesAreFinite) {
  expect_elements(apply_one(OpKind::relu, {f32({4}, {nan, -1, 0, infinity})}), {nan, 0, 0, infinity});
  expect_elements(apply_one(OpKind::leaky_relu, {f32({3}, {nan, -2, 2})}, {{"alpha", 0.5}}), {nan, -1, 2});
  expect_elements(apply_one(OpKind::sigmoid, {f32({3}, {-1000, 0, 1000})}), {0, 0.5, 1});
  expect_elements(apply_one(OpKind::tanh, {f32({3}, {-1000, 0, 1000})}), {-1, 0, 1});
}

TEST(Extremum, NanWinsFromEitherSide) {
  const Tensor a = f32({3}, {nan, 1, 2}), b = f32({3}, {1, nan, 3});
  expect_elements(apply_one(OpKind::maximum, {a, b}), {nan, nan, 3});
  expect_elements(apply_one(OpKind::minimum, {a, b}), {nan, nan, 2});
}

TEST(Compare, WithNanOnlyNotEqualHolds) {
  const Tensor a = f32({3}, {nan, 1, 2}), b = f32({3}, {nan, 1, 1});
  const auto compared = [&](const char* predicate) {
    return elements(apply_one(OpKind::compare, {a, b}, {{"predicate", std::string(predicate)}}));
  };
  EXPECT_EQ(compared("eq"), (Numbers{0, 1, 0}));
  EXPECT_EQ(compared("ne"), (Numbers{1, 0, 1}));
  EXPECT_EQ(compared("lt"), (Numbers{0, 0, 0}));
  EXPECT_EQ(compared("le"), (Numbers{0, 1, 0}));
  EXPECT_EQ(compared("gt"), (Numbers{0, 0, 1}));
  EXPECT_EQ(compared("ge"), (Numbers{0, 1, 1}));
}

TEST(Elementwise, Broadcasts) {
  const Tensor column = f32({2, 1}, {10, 20}), row = f32({3}, {1, 2, 3});
  expect_elements(apply_one(OpKind::add, {column, row}), {11, 12, 13, 21, 22, 23});
  expect_elements(apply_one(OpKind::sub, {Tensor::scalar(DType::f32, 5), row}), {4, 3, 2});
  EXPECT_EQ(apply_one(OpKind::add, {Tensor(DType::f32, {0, 3}), row}).shape(), (Sizes{0, 3}));
  const Tensor condition = Tensor::of<bool>({2, 1}, {true, false});
  expect_elements(apply_one(OpKind::select, {condition, row, Tensor::scalar(DType::f32, 0)}),
                  {1, 2, 3, 0, 0, 0});
}

TEST(Elementwise, IntegersWrapAround) {
  const Tensor most = Tensor::of<int32_t>({2}, {INT32_MAX, INT32_MIN}),
               one = Tensor::of<int32_t>({2}, {1, -1});
  expect_elements(apply_one(OpKind::add, {most, one}), {double{INT32_MIN}, double{INT32_MAX}});
  const Tensor bytes = Tensor::of<uint8_t>({2}, {200, 3}), more = Tensor::of<uint8_t>({2}, {100, 4});
  expect_elements(apply_one(OpKind::add, {bytes, more}), {44, 7});
  expect_elements(apply_one(OpKind::sub, {bytes, more}), {100, 255});
  const Tensor longs = Tensor::of<int64_t>({1}, {INT64_MAX});
  EXPECT_EQ(apply_one(OpKind::mul, {longs, longs}).at(0), 1);
}

TEST(Pow, OfNegativeNumbersOnlyByWholeOnes) {
  const Tensor a = f32({6}, {-2, -2, -8, 0, 0, 4}), b = f32({6}, {3, -1, 0.5F, 0, -1, 0.5F});
  expect_elements(apply_one(OpKind::pow, {a, b}), {-8, -0.5, nan, 1, infinity, 2});
}

// Half way between two neighbours the even one; beyond 65504 by half a step, infinity; 2^-24 is the least.
TEST(Cast, RoundsToHalfTypes) {
  const auto rounded = [](DType type, std::vector<float> values) {
    const Tensor x = Tensor::of<float>({static_cast<int64_t>(values.size())}, std::span<const float>(values));
    const Tensor half = apply_one(OpKind::cast, {x}, {{"dtype", type}});
    EXPECT_EQ(half.dtype(), type);
    return elements(apply_one(OpKind::cast, {half}, {{"dtype", DType::f32}}));
  };
  EXPECT_EQ(
      rounded(DType::f16, {1, -2.5F, 2049, 2051, 65504, 65519, 65520, 1e-8F, 0x1p-24F, 0x1.8p-24F, 0x1p-14F}),
      (Numbers{1, -2.5, 2048, 2052, 65504, 65504, infinity, 0, 0x1p-24, 0x1p-23, 0x1p-14}));
  EXPECT_EQ(rounded(DType::bf16, {1, 257, 259, -3e38F, 3.4e38F, infinity}),
            (Numbers{1, 256, 260, static_cast<double>(-0x1.c4p127F), infinity, infinity}));
  EXPECT_TRUE(std::isnan(rounded(DType::f16, {nan})[0]));
  EXPECT_TRUE(std::isnan(rounded(DType::bf16, {nan})[0]));
}

TEST(Cast, RoundsTowardZeroAndSaturates) {
  const Tensor x = f32({7}, {-1.9F, 1.9F, 300, -300, nan, infinity, -infinity});
  const auto as = [&](DType type) { return apply_one(OpKind::cast, {x}, {{"dtype", type}}); };
  expect_elements(as(DType::i8), {-1, 1, 127, -128, 0, 127, -128});
  expect_elements(as(DType::u8), {0, 1, 255, 0, 0, 255, 0});
  expect_elements(as(DType::i32), {-1, 1, 300, -300, 0, INT32_MAX, INT32_MIN});
  EXPECT_EQ(as(DType::i64).values<int64_t>()[5], INT64_MAX);
  EXPECT_EQ(as(DType::i64).values<int64_t>()[6], INT64_MIN);
  expect_elements(as(DType::boolean), {1, 1, 1, 1, 1, 1, 1});
  expect_elements(apply_one(OpKind::cast, {Tensor::of<bool>({2}, {true, false})}, {{"dtype", DType::f64}}),
                  {1, 0});
}

TEST(IsFinite, FalseAtInfinitiesAndNan) {
  expect_elements(apply_one(OpKind::is_finite, {f32({4}, {nan, infinity, -infinity, 3e38F})}), {0, 0, 0, 1});
}

}  // namespace
}  // namespace sinter
