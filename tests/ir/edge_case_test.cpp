#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/ir/evaluated.h"

/// Values computed by hand where the meaning of an op is a decision: NaN, ties, padding, saturation, labels
/// outside the classes, empty batches.
namespace sinter {
namespace {

using Numbers = std::vector<double>;
using Sizes = std::vector<int64_t>;
constexpr float nan = std::numeric_limits<float>::quiet_NaN();
constexpr float infinity = std::numeric_limits<float>::infinity();

std::vector<Tensor> apply_all(OpKind op, std::vector<std::optional<Tensor>> operands,
                              const std::vector<Attributes::Named>& attributes = {}) {
  return evaluate(op, Attributes(op, attributes), operands);
}

Tensor apply_one(OpKind op, std::vector<std::optional<Tensor>> operands,
                 const std::vector<Attributes::Named>& attributes = {}) {
  return apply_all(op, std::move(operands), attributes).front();
}

// NaN equals NaN here.
void expect_elements(const Tensor& tensor, const Numbers& expected) {
  ASSERT_EQ(tensor.count(), static_cast<int64_t>(expected.size()));
  for (int64_t i = 0; i < tensor.count(); ++i)
    if (std::isnan(expected[i]))
      EXPECT_TRUE(std::isnan(tensor.at(i))) << "element " << i << " is " << tensor.at(i);
    else
      EXPECT_EQ(tensor.at(i), expected[i]) << "element " << i;
}

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
    EXPECT_NEAR(x, 6 / 2.01, 0.1) << "the loop itself finds the minimum";
  }
}

}  // namespace
}  // namespace sinter
