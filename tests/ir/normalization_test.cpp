#include <gtest/gtest.h>

#include "tests/ir/by_hand.h"

/// By hand, where the meaning of an op is a decision: biased and unbiased variances, what is left out.
namespace sinter {
namespace {

void expect_near(const Tensor& tensor, const Numbers& expected) {
  ASSERT_EQ(tensor.count(), static_cast<int64_t>(expected.size()));
  for (int64_t i = 0; i < tensor.count(); ++i) EXPECT_NEAR(tensor.at(i), expected[i], 1e-5) << i;
}

// Channel 0 holds 1, 3, 5, 7: mean 4, biased variance 5. Channel 1 holds 2, 2, 2, 2.
const Tensor picture = f32({2, 2, 1, 2}, {1, 3, 2, 2, 5, 7, 2, 2});

TEST(BatchNorm, UsesTheRunningStatistics) {
  const Tensor mean = f32({2}, {1, 0}), variance = f32({2}, {4, 1}), weight = f32({2}, {10, 1}),
               bias = f32({2}, {100, 0});
  const std::vector<Attributes::Named> exact = {{"epsilon", 0.0}};
  expect_near(apply_one(OpKind::batch_norm, {picture, mean, variance, weight, bias}, exact),
              {100, 110, 2, 2, 120, 130, 2, 2});
  expect_near(apply_one(OpKind::batch_norm, {picture, mean, variance}, exact), {0, 1, 2, 2, 2, 3, 2, 2});
}

TEST(BatchNorm, TrainingNormalisesByTheBiasedVarianceOfTheBatch) {
  const auto results = apply_all(OpKind::batch_norm_training, {picture, f32({2}, {3, 1}), f32({2}, {1, 7})},
                                 {{"epsilon", 4.0}});
  expect_near(results[0], {-2, 0, 7, 7, 2, 4, 7, 7});  // (x - 4) / 3 * 3 + 1
  expect_near(results[1], {4, 2});
  expect_near(results[2], {5, 0});
}

TEST(BatchNorm, BackwardTakesOffTheMeanAndTheShareOfX) {
  // z = (x - 4) / 3 = -1, -1/3, 1/3, 1 with epsilon 4; dy = 1, 0, 0, 0: dweight -1, dbias 1.
  const Tensor dy = f32({2, 1, 1, 2}, {1, 0, 0, 0}), x = f32({2, 1, 1, 2}, {1, 3, 5, 7});
  const auto results = apply_all(OpKind::batch_norm_backward,
                                 {dy, x, f32({1}, {4}), f32({1}, {5}), f32({1}, {6})}, {{"epsilon", 4.0}});
  expect_near(results[1], {-1});
  expect_near(results[2], {1});
  // 6 / 3 * (dy - 1 / 4 + z / 4)
  expect_near(results[0], {1, -2.0 / 3, -1.0 / 3, 0});
}

TEST(BatchNorm, OneValueHasNoVariance) {
  try {
    apply_one(OpKind::batch_norm_training, {f32({1, 2, 1, 1}, {1, 2})});
    FAIL() << "accepted";
  } catch (const InputError& error) {
    EXPECT_EQ(error.message(),
              "batch_norm_training: a channel has fewer than two values, and so no variance");
  }
}

}  // namespace
}  // namespace sinter
