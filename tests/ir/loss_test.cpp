#include <gtest/gtest.h>

#include <cmath>

#include "tests/ir/by_hand.h"

/// By hand, where the meaning of an op is a decision: overflow, labels outside the classes, reductions.
namespace sinter {
namespace {

TEST(Softmax, DoesNotOverflow) {
  expect_elements(apply_one(OpKind::softmax, {f32({2, 2}, {1e30F, 1e30F, -1e30F, 1e30F})}), {0.5, 0.5, 0, 1});
  expect_elements(apply_one(OpKind::log_softmax, {f32({2}, {-200, 200})}), {-400, 0});
  expect_elements(apply_one(OpKind::softmax, {f32({2}, {nan, 1})}), {nan, nan});
}

TEST(CrossEntropy, ALabelOutsideTheClassesGivesNan) {
  const Tensor logits = f32({3, 2}, {0, 0, 1, 1, 2, 2}), labels = Tensor::of<int64_t>({3}, {1, 2, -1});
  const Tensor each =
      apply_one(OpKind::softmax_cross_entropy, {logits, labels}, {{"reduction", std::string("none")}});
  EXPECT_FLOAT_EQ(static_cast<float>(each.at(0)), std::log(2.0F));
  EXPECT_TRUE(std::isnan(each.at(1)) && std::isnan(each.at(2)));
  expect_elements(apply_one(OpKind::softmax_cross_entropy, {logits, labels}), {nan});
}

// torch.nn.functional.cross_entropy(x, torch.tensor([1, 0]), label_smoothing=.2) and its gradient,
// PyTorch 1.13.
TEST(CrossEntropy, SmoothsLabelsAsPyTorchDoes) {
  const Tensor x = Tensor::of<double>({2, 3}, {1, 2, -1, 0.5, 0, 3}),
               labels = Tensor::of<int64_t>({2}, {1, 0});
  const std::vector<Attributes::Named> smoothing = {{"label_smoothing", 0.2}};
  EXPECT_NEAR(apply_one(OpKind::softmax_cross_entropy, {x, labels}, smoothing).at(0), 1.5531092542354434,
              1e-15);
  const double expected[] = {0.09641489683787624, -0.08064107698421275, -0.015773819853663468,
                             -0.3970726104929595, -0.01134009318730441, 0.40841270368026383};
  const Tensor dx = apply_one(OpKind::softmax_cross_entropy_backward,
                              {x, labels, Tensor::scalar(DType::f64, 1)}, smoothing);
  for (int64_t i = 0; i < 6; ++i) EXPECT_NEAR(dx.at(i), expected[i], 1e-15);
}

TEST(CrossEntropy, Reductions) {
  const Tensor logits(DType::f64, {4, 2}), labels = Tensor::of<uint8_t>({4}, {0, 1, 0, 1});
  const auto loss = [&](const char* reduction) {
    return apply_one(OpKind::softmax_cross_entropy, {logits, labels},
                     {{"reduction", std::string(reduction)}});
  };
  expect_elements(loss("sum"), {4 * std::log(2.0)});
  expect_elements(loss("mean"), {std::log(2.0)});
  expect_elements(loss("none"), Numbers(4, std::log(2.0)));
  const Tensor none(DType::f64, {0, 2}), no_labels(DType::u8, {0});
  expect_elements(apply_one(OpKind::softmax_cross_entropy, {none, no_labels}), {nan});
}

}  // namespace
}  // namespace sinter
