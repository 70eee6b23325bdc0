#include <gtest/gtest.h>

#include "tests/ir/by_hand.h"

/// concat and slice by hand.
namespace sinter {
namespace {

TEST(Concat, JoinsAlongTheAxis) {
  const Tensor a = f32({2, 1, 2}, {1, 2, 3, 4}), b = f32({2, 2, 2}, {10, 20, 30, 40, 50, 60, 70, 80});
  const Tensor y = apply_one(OpKind::concat, {a, b});
  ASSERT_EQ(y.shape(), (Sizes{2, 3, 2}));
  expect_elements(y, {1, 2, 10, 20, 30, 40, 3, 4, 50, 60, 70, 80});
  expect_elements(apply_one(OpKind::concat, {f32({2}, {1, 2}), f32({1}, {3})}, {{"axis", int64_t{-1}}}),
                  {1, 2, 3});
}

TEST(Concat, OfOneIsThatOne) { expect_elements(apply_one(OpKind::concat, {f32({1, 2}, {5, 6})}), {5, 6}); }

TEST(Slice, TakesEveryStep) {
  const Tensor x = counting({2, 5});
  const std::vector<Attributes::Named> odd = {
      {"start", int64_t{1}}, {"end", int64_t{5}}, {"step", int64_t{2}}};
  expect_elements(apply_one(OpKind::slice, {x}, odd), {1, 3, 6, 8});
  expect_elements(
      apply_one(OpKind::slice, {x}, {{"axis", int64_t{0}}, {"start", int64_t{1}}, {"end", int64_t{2}}}),
      {5, 6, 7, 8, 9});
}

TEST(Slice, BackwardPutsZerosBetween) {
  const Tensor dy = f32({1, 2}, {7, 8});
  expect_elements(
      apply_one(OpKind::slice_backward, {dy},
                {{"start", int64_t{1}}, {"end", int64_t{4}}, {"step", int64_t{2}}, {"size", int64_t{5}}}),
      {0, 7, 0, 8, 0});
}

}  // namespace
}  // namespace sinter
