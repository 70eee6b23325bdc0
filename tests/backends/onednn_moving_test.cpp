#include "tests/backends/onednn_shapes.h"

/// Parts of images, images in others and of other sizes: where samples, channels or rows are cut out, put in,
/// turned round or resampled.
namespace sinter {
namespace {

constexpr int64_t h = 7, w = 11;

std::vector<OpInstance> slices(int64_t n, int64_t c) {
  std::vector<OpInstance> made;
  const std::vector<int64_t> x = {n, c, h, w};
  for (int64_t axis = 0; axis < 4; ++axis)
    for (const int64_t step : {1, 2, 3}) {
      const int64_t size = x[axis], start = size / 3, end = size - size / 5;
      if (step > 1 && end - start <= step) continue;
      const Named part = {{"axis", axis}, {"start", start}, {"end", end}, {"step", step}};
      made.push_back(instance(OpKind::slice, {x}, part));
      Named backward = part;
      backward.emplace_back("size", size);
      auto dy = x;
      dy[axis] = (end - start + step - 1) / step;
      made.push_back(instance(OpKind::slice_backward, {dy}, backward));
    }
  made.push_back(instance(OpKind::slice, {{n, 77}},
                          {{"axis", int64_t{-1}}, {"start", int64_t{5}}, {"end", int64_t{64}}}));
  return made;
}

std::vector<OpInstance> joined(int64_t n, int64_t c) {
  std::vector<OpInstance> made;
  for (int64_t axis = 0; axis < 4; ++axis) {
    std::vector<int64_t> x = {n, c, h, w}, other = x;
    other[axis] = 3;
    made.push_back(instance(OpKind::concat, {x, other, x}, {{"axis", axis}}));
  }
  made.push_back(instance(OpKind::concat, {{n, c, h, w}, {n, 32, h, w}, {n, 16, h, w}}));
  made.push_back(instance(OpKind::concat, {{n, c}, {n, 5}, {n, c}}));
  return made;
}

std::vector<OpInstance> padded(int64_t n, int64_t c) {
  std::vector<OpInstance> made;
  for (const Ints& padding : {Ints{1, 1, 1, 1}, Ints{0, 3, 2, 0}, Ints{0, 0, 0, 0}}) {
    made.push_back(instance(OpKind::pad, {{n, c, h, w}}, {{"padding", padding}}));
    made.push_back(instance(OpKind::pad, {{n, c, h, w}}, {{"padding", padding}, {"value", -1.5}}));
    const std::vector<int64_t> dy = {n, c, h + padding[0] + padding[2], w + padding[1] + padding[3]};
    made.push_back(instance(OpKind::pad_backward, {dy}, {{"input_size", Ints{h, w}}, {"padding", padding}}));
  }
  return made;
}

std::vector<OpInstance> turned(int64_t n, int64_t c) {
  std::vector<OpInstance> made;
  for (const Ints& permutation : {Ints{0, 2, 3, 1}, Ints{0, 3, 1, 2}, Ints{1, 0, 2, 3}, Ints{3, 2, 1, 0}})
    made.push_back(instance(OpKind::transpose, {{n, c, h, w}}, {{"permutation", permutation}}));
  made.push_back(instance(OpKind::transpose, {{n, 129}}, {{"permutation", Ints{1, 0}}}));
  return made;
}

std::vector<OpInstance> resampled(int64_t n, int64_t c) {
  std::vector<OpInstance> made;
  const auto both = [&](const Ints& size, std::string mode) {
    made.push_back(instance(OpKind::resize, {{n, c, h, w}}, {{"output_size", size}, {"mode", mode}}));
    made.push_back(instance(OpKind::resize_backward, {{n, c, size[0], size[1]}},
                            {{"input_size", Ints{h, w}}, {"mode", mode}}));
  };
  for (const Ints& size : {Ints{2 * h, 2 * w}, Ints{h, 3 * w}, Ints{5 * h, 4 * w}}) both(size, "nearest");
  for (const Ints& size : {Ints{2 * h, 2 * w}, Ints{13, 17}, Ints{5, 6}, Ints{1, 1}}) both(size, "linear");
  return made;
}

using OneDnnMoving = OneDnnShapes;

TEST_P(OneDnnMoving, AgreesWithTheReferenceAndKeepsItsBits) {
  const auto [n, c] = GetParam();
  tolerance_ = 2e-5;
  for (const auto make : {slices, joined, padded, turned, resampled}) {
    const auto made = make(n, c);
    run_ = 0;
    check(made);
    if (HasFailure()) return;
    EXPECT_EQ(run_, static_cast<int64_t>(made.size())) << to_string(made[0]);
  }
}

INSTANTIATE_TEST_SUITE_P(BatchAndChannels, OneDnnMoving,
                         testing::Values(std::tuple(1, 1), std::tuple(17, 1), std::tuple(1, 17),
                                         std::tuple(17, 3), std::tuple(17, 6), std::tuple(3, 32),
                                         std::tuple(17, 17)));

// What oneDNN has no primitive for, or one of other numbers.
TEST(OneDnnMovingDeclines, WhatItDoesOtherwise) {
  const OpInstance declined[] = {
      // the nearest to the pixel's centre, not to its corner
      instance(OpKind::resize, {{2, 3, 4, 6}}, {{"output_size", Ints{8, 9}}}),
      instance(OpKind::resize, {{2, 3, 4, 6}}, {{"output_size", Ints{2, 3}}}),
      instance(OpKind::resize_backward, {{2, 3, 6, 6}}, {{"input_size", Ints{4, 6}}}),
      instance(OpKind::resize, {{2, 3, 4, 6}},
               {{"output_size", Ints{8, 12}}, {"mode", std::string("linear")}, {"align_corners", true}}),
      instance(OpKind::pad, {{2, 3, 4, 6}},
               {{"padding", Ints{1, 1, 1, 1}}, {"mode", std::string("reflect")}}),
      instance(OpKind::pad, {{2, 3, 4, 6}}, {{"padding", Ints{1, 1, 1, 1}}, {"mode", std::string("edge")}}),
      instance(OpKind::pad_backward, {{2, 3, 6, 8}},
               {{"input_size", Ints{4, 6}}, {"padding", Ints{1, 1, 1, 1}}, {"mode", std::string("edge")}}),
      instance(OpKind::concat, Sizes(32, {2, 3, 4, 6})),  // more operands than a kernel takes
  };
  const auto backend = make_onednn_backend();
  for (const OpInstance& each : declined)
    EXPECT_EQ(backend->declines(graph_of(each), 0), "there is no primitive for it") << to_string(each);
}

// What fills up blocks is 0, whatever surrounds the image.
TEST(OneDnnMovingDeclines, NumbersAroundImagesWhoseBlocksAreNotFull) {
  const auto backend = make_onednn_backend();
  const Layout offered[] = {Layout::parse("aBcd16b")};
  const auto blocked = [&](int64_t channels, double value) {
    const auto pad =
        instance(OpKind::pad, {{2, channels, 4, 6}}, {{"padding", Ints{1, 1, 1, 1}}, {"value", value}});
    const auto ways = backend->implementations(graph_of(pad), 0, offered);
    return std::ranges::any_of(ways, [&](const Implementation& way) { return way.results[0] == offered[0]; });
  };
  EXPECT_TRUE(blocked(17, 0));
  EXPECT_TRUE(blocked(32, 1));
  EXPECT_FALSE(blocked(17, 1));
}

}  // namespace
}  // namespace sinter
