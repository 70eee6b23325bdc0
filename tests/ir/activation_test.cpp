#include <gtest/gtest.h>

#include "tests/ir/by_hand.h"

/// By hand and from tables, where the meaning of an op is a decision: NaN, limits, slopes.
namespace sinter {
namespace {

void expect_near(const Tensor& tensor, const Numbers& expected) {
  ASSERT_EQ(tensor.count(), static_cast<int64_t>(expected.size()));
  for (int64_t i = 0; i < tensor.count(); ++i) EXPECT_NEAR(tensor.at(i), expected[i], 2e-6) << i;
}

TEST(Activation, LinesBelowZeroBend) {
  const Tensor x = f32({3}, {-1, 0, 2});
  expect_near(apply_one(OpKind::elu, {x}, {{"alpha", 2.0}}), {-1.2642411, 0, 2});
  expect_near(apply_one(OpKind::selu, {x}), {-1.1113307, 0, 2.1014020});
  expect_near(apply_one(OpKind::silu, {x}), {-0.2689414, 0, 1.7615942});
  expect_near(apply_one(OpKind::gelu, {x}), {-0.1586553, 0, 1.9544997});
  expect_near(apply_one(OpKind::gelu, {x}, {{"approximate", std::string("tanh")}}),
              {-0.1588080, 0, 1.9545977});
  expect_near(apply_one(OpKind::erf, {x}), {-0.8427008, 0, 0.9953223});
  expect_near(apply_one(OpKind::softplus, {x}), {0.3132617, 0.6931472, 2.1269280});
}

TEST(Activation, SoftplusIsALineBeyondItsThreshold) {
  expect_near(apply_one(OpKind::softplus, {f32({2}, {1, 3})}, {{"beta", 2.0}, {"threshold", 4.0}}),
              {1.0634640, 3});
}

TEST(Activation, HardOnesAndClipKeepNan) {
  const Tensor x = f32({5}, {-4, -3, 0, 3, nan});
  expect_elements(apply_one(OpKind::hard_sigmoid, {x}), {0, 0, 0.5, 1, nan});
  expect_elements(apply_one(OpKind::hard_swish, {x}), {0, 0, 0, 3, nan});
  expect_elements(apply_one(OpKind::clip, {x}, {{"min", -3.0}, {"max", 1.0}}), {-3, -3, 0, 1, nan});
}

TEST(Activation, PreluHasOneSlopeOrOneForEachChannel) {
  const Tensor x = f32({1, 2, 2}, {-1, 1, -2, 2});
  expect_elements(apply_one(OpKind::prelu, {x, f32({1}, {0.5F})}), {-0.5, 1, -1, 2});
  expect_elements(apply_one(OpKind::prelu, {x, f32({2}, {0.5F, 3})}), {-0.5, 1, -6, 2});
}

TEST(Activation, RefusesLimitsAndSlopesThatDoNotFit) {
  const auto message = [](const auto& build) -> std::string {
    try {
      build();
    } catch (const InputError& error) {
      return error.message();
    }
    return "accepted";
  };
  EXPECT_EQ(message([] {
              apply_one(OpKind::clip, {f32({1}, {0})}, {{"min", 2.0}, {"max", 1.0}});
            }),
            "clip: min 2 is above max 1");
  EXPECT_EQ(message([] {
              apply_one(OpKind::prelu, {f32({1, 2}, {0, 0}), f32({3}, {1, 1, 1})});
            }),
            "prelu: weight has 3 elements for x of shape [1, 2]");
}

}  // namespace
}  // namespace sinter
