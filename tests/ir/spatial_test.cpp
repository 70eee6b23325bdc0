#include <gtest/gtest.h>

#include "ir/op_table.h"
#include "tests/ir/by_hand.h"

/// pad and resize by hand; numbers of resize are those of PyTorch's interpolate.
namespace sinter {
namespace {

using Named = std::vector<Attributes::Named>;

const Tensor row = f32({1, 1, 1, 3}, {1, 2, 3});

TEST(Pad, ConstantReflectEdge) {
  const Ints padding = {0, 2, 0, 1};
  expect_elements(apply_one(OpKind::pad, {row}, {{"padding", padding}, {"value", 9.0}}), {9, 9, 1, 2, 3, 9});
  expect_elements(apply_one(OpKind::pad, {row}, {{"padding", padding}, {"mode", std::string("reflect")}}),
                  {3, 2, 1, 2, 3, 2});
  expect_elements(apply_one(OpKind::pad, {row}, {{"padding", padding}, {"mode", std::string("edge")}}),
                  {1, 1, 1, 2, 3, 3});
}

TEST(Pad, TopLeftBottomRight) {
  const Tensor x = f32({1, 1, 1, 1}, {5});
  const Tensor y = apply_one(OpKind::pad, {x}, {{"padding", Ints{1, 0, 0, 2}}});
  ASSERT_EQ(y.shape(), (Sizes{1, 1, 2, 3}));
  expect_elements(y, {0, 0, 0, 5, 0, 0});
}

TEST(Pad, BackwardAddsUpWhatCameFromOnePlace) {
  const Tensor dy = f32({1, 1, 1, 6}, {1, 2, 4, 8, 16, 32});
  const auto gradient = [&](std::string mode) {
    return apply_one(OpKind::pad_backward, {dy},
                     {{"input_size", Ints{1, 3}}, {"padding", Ints{0, 2, 0, 1}}, {"mode", std::move(mode)}});
  };
  expect_elements(gradient("constant"), {4, 8, 16});
  expect_elements(gradient("reflect"), {4, 2 + 8 + 32, 1 + 16});
  expect_elements(gradient("edge"), {1 + 2 + 4, 8, 16 + 32});
}

void expect_refused(OpKind op, const Tensor& x, const Named& attributes, std::string_view expected) {
  try {
    apply_one(op, {x}, attributes);
    FAIL() << "no error";
  } catch (const InputError& error) {
    EXPECT_EQ(error.message().substr(0, error.message().find('\n')), expected);
  }
}

TEST(Pad, SaysWhatCannotBe) {
  expect_refused(OpKind::pad, row, {{"padding", Ints{0, 3, 0, 0}}, {"mode", std::string("reflect")}},
                 "pad: reflection of 3 elements at the borders of 3");
  expect_refused(OpKind::pad, f32({1, 1, 1, 0}, {}), {{"mode", std::string("edge")}},
                 "pad: an image without elements has no edge");
  expect_refused(OpKind::pad_backward, row, {{"input_size", Ints{1, 2}}},
                 "pad_backward: dy is [1, 1, 1, 3] where padding gives [1, 1, 1, 2]");
}

Named to_width(int64_t width, std::string mode, bool align_corners = false) {
  return {{"output_size", Ints{1, width}}, {"mode", std::move(mode)}, {"align_corners", align_corners}};
}

TEST(Resize, Nearest) {
  expect_elements(apply_one(OpKind::resize, {row}, to_width(6, "nearest")), {1, 1, 2, 2, 3, 3});
  expect_elements(apply_one(OpKind::resize, {row}, to_width(2, "nearest")), {1, 2});
  expect_elements(apply_one(OpKind::resize, {row}, to_width(4, "nearest")), {1, 1, 2, 3});
}

TEST(Resize, HalfPixelCentres) {
  expect_elements(apply_one(OpKind::resize, {row}, to_width(6, "linear")), {1, 1.25, 1.75, 2.25, 2.75, 3});
  expect_elements(apply_one(OpKind::resize, {row}, to_width(1, "linear")), {2});
}

TEST(Resize, CornersOnCorners) {
  expect_elements(apply_one(OpKind::resize, {row}, to_width(5, "linear", true)), {1, 1.5, 2, 2.5, 3});
  expect_elements(apply_one(OpKind::resize, {row}, to_width(1, "linear", true)), {1});
}

TEST(Resize, BetweenFourPixels) {
  const Tensor x = f32({1, 1, 2, 2}, {0, 4, 8, 12});
  expect_elements(
      apply_one(OpKind::resize, {x},
                {{"output_size", Ints{3, 3}}, {"mode", std::string("linear")}, {"align_corners", true}}),
      {0, 2, 4, 4, 6, 8, 8, 10, 12});
}

TEST(Resize, SaysWhatCannotBe) {
  expect_refused(OpKind::resize, row, to_width(5, "nearest", true),
                 "resize: the nearest pixel knows no align_corners");
  expect_refused(OpKind::resize, f32({1, 1, 1, 0}, {}), to_width(5, "nearest"),
                 "resize: an image of height and width 1 and 0; resampling needs numbers from 1 on");
}

}  // namespace
}  // namespace sinter
