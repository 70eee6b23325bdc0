#include <gtest/gtest.h>

#include "tests/ir/by_hand.h"

/// By hand, where the meaning of an op is a decision: the apply operand, and many steps.
namespace sinter {
namespace {

TEST(SgdUpdate, AppliesOnlyWhereToldTo) {
  const Tensor parameter = f32({2}, {1, 2}), gradient = f32({2}, {nan, 10}),
               rate = Tensor::scalar(DType::f32, 0.1);
  const Tensor velocity = f32({2}, {3, 4});
  const auto update = [&](std::optional<Tensor> apply) {
    return apply_all(OpKind::sgd_update, {parameter, gradient, rate, velocity, std::move(apply)},
                     {{"momentum", 0.5}});
  };
  const auto skipped = update(Tensor::of<bool>({}, {false}));
  EXPECT_EQ(skipped[0], parameter);
  EXPECT_EQ(skipped[1], velocity);
  for (const auto& results : {update(Tensor::of<bool>({}, {true})), update(std::nullopt)}) {
    EXPECT_FLOAT_EQ(static_cast<float>(results[0].at(1)), 2 - 0.1F * 12);
    expect_elements(results[1], {nan, 12});
  }
}

// Minimises (x - 3)^2 by hand and by the op, which must stay together for many steps.
TEST(SgdUpdate, FollowsAPlainLoop) {
  for (const bool nesterov : {false, true}) {
    double x = 0, v = 0;
    Tensor parameter = Tensor::scalar(DType::f64, 0), velocity = Tensor::scalar(DType::f64, 0);
    for (int step = 0; step < 50; ++step) {
      const Tensor gradient = Tensor::scalar(DType::f64, 2 * (parameter.at(0) - 3));
      const auto results =
          apply_all(OpKind::sgd_update, {parameter, gradient, Tensor::scalar(DType::f64, 0.05), velocity},
                    {{"momentum", 0.9}, {"weight_decay", 0.01}, {"nesterov", nesterov}});
      const double d = 2 * (x - 3) + 0.01 * x;
      v = 0.9 * v + d;
      x -= 0.05 * (nesterov ? d + 0.9 * v : v);
      parameter = results[0];
      velocity = results[1];
      ASSERT_NEAR(parameter.at(0), x, 1e-12) << "step " << step;
      ASSERT_NEAR(velocity.at(0), v, 1e-12) << "step " << step;
    }
    EXPECT_NEAR(x, 6 / 2.01, 0.25) << "the loop itself finds the minimum";
  }
}

}  // namespace
}  // namespace sinter
