#include <gtest/gtest.h>

#include "tests/ir/by_hand.h"

/// By hand, where the meaning of an op is a decision: axes, nothing to reduce, ties.
namespace sinter {
namespace {

TEST(Reduction, WithoutAxesReducesAll) {
  const Tensor x = counting({2, 3});
  expect_elements(apply_one(OpKind::sum, {x}), {15});
  EXPECT_EQ(apply_one(OpKind::sum, {x}, {{"keepdims", true}}).shape(), (Sizes{1, 1}));
  expect_elements(apply_one(OpKind::sum, {x}, {{"axes", Ints{-1}}}), {3, 12});
  expect_elements(apply_one(OpKind::mean, {x}, {{"axes", Ints{0}}}), {1.5, 2.5, 3.5});
  expect_elements(apply_one(OpKind::sum, {Tensor::scalar(DType::f32, 4)}), {4});
}

TEST(Reduction, OfNothing) {
  const Tensor nothing(DType::f32, {0, 2});
  expect_elements(apply_one(OpKind::sum, {nothing}), {0});
  expect_elements(apply_one(OpKind::mean, {nothing}), {nan});
  expect_elements(apply_one(OpKind::sum, {nothing}, {{"axes", Ints{0}}}), {0, 0});
  EXPECT_EQ(apply_one(OpKind::sum, {nothing}, {{"axes", Ints{1}}}).shape(), (Sizes{0}));
}

TEST(Reduction, ManySmallNumbersAddUpExactly) {
  Tensor x(DType::f32, {1 << 20});
  for (float& value : x.values<float>()) value = 0.1F;
  EXPECT_EQ(apply_one(OpKind::mean, {x}).at(0), 0.1F) << "a sum in f32 would be off";
}

TEST(SumTo, SumsRepeatedDimensions) {
  const Tensor x = counting({2, 2, 3});
  expect_elements(apply_one(OpKind::sum_to, {x}, {{"shape", Ints{2, 1}}}),
                  {0 + 1 + 2 + 6 + 7 + 8, 3 + 4 + 5 + 9 + 10 + 11});
  EXPECT_EQ(apply_one(OpKind::sum_to, {x}, {{"shape", Ints{2, 2, 3}}}), x);
}

TEST(Argmax, FirstOfEqualsAndNanWins) {
  const Tensor x = f32({3, 4}, {1, 5, 5, 2, nan, 9, nan, 9, -infinity, -infinity, -infinity, -infinity});
  const Tensor y = apply_one(OpKind::argmax, {x});
  EXPECT_EQ(y.dtype(), DType::i64);
  expect_elements(y, {1, 0, 0});
  expect_elements(
      apply_one(OpKind::argmax, {Tensor::of<bool>({3}, {false, true, true})}, {{"axis", int64_t{0}}}), {1});
}

}  // namespace
}  // namespace sinter
