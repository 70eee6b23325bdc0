#include <algorithm>
#include <cmath>

#include "tests/ir/naive_ops.h"

namespace sinter {
namespace {

// Walks a line of `size` elements beyond its ends, turning round at them, until `steps` are done.
int64_t mirrored(int64_t at, int64_t size) {
  while (at < 0 || at >= size) at = at < 0 ? -at : 2 * size - 2 - at;
  return at;
}

// f(index in the padded image, index in the image) where there is one.
template <typename F>
void for_each_pixel(const Attributes& a, const Index& image, const Index& padded, F f) {
  for_each_index(padded, [&](const Index& to) {
    Index from = to;
    for (size_t d = 2; d < 4; ++d) {
      from[d] -= a.ints("padding")[d - 2];
      if (a.word("mode") == "edge") from[d] = std::clamp<int64_t>(from[d], 0, image[d] - 1);
      if (a.word("mode") == "reflect") from[d] = mirrored(from[d], image[d]);
      if (from[d] < 0 || from[d] >= image[d]) return;
    }
    f(to, from);
  });
}

// How much pixel `from` of a line counts in pixel `to` of the other: a hat of width 1 around the place that
// it is taken from, as a weighted sum over all of the line.
double hat(const Attributes& a, int64_t to, int64_t from, int64_t output, int64_t input) {
  if (a.word("mode") == "nearest") return to * input / output == from;
  double place =
      (static_cast<double>(to) + 0.5) * static_cast<double>(input) / static_cast<double>(output) - 0.5;
  if (a.boolean("align_corners"))
    place = output == 1 ? 0 : static_cast<double>(to * (input - 1)) / static_cast<double>(output - 1);
  place = std::min(std::max(place, 0.0), static_cast<double>(input - 1));
  return std::max(0.0, 1 - std::abs(place - static_cast<double>(from)));
}

// f(index in the image, index in the resized one, weight) for all pairs of one plane.
template <typename F>
void for_each_pair(const Attributes& a, const Index& image, const Index& resized, F f) {
  for_each_index({image[0], image[1], image[2], image[3], resized[2], resized[3]}, [&](const Index& i) {
    const double weight = hat(a, i[4], i[2], resized[2], image[2]) * hat(a, i[5], i[3], resized[3], image[3]);
    f(Index{i[0], i[1], i[2], i[3]}, Index{i[0], i[1], i[4], i[5]}, weight);
  });
}

void pad(const Attributes& a, const Operands& x, Operands& y) {
  auto image = x[0];
  std::ranges::fill(y[0].data, a.real("value"));
  for_each_pixel(a, image.shape, y[0].shape,
                 [&](const Index& to, const Index& from) { y[0].at(to) = image.at(from); });
}

void pad_backward(const Attributes& a, const Operands& x, Operands& y) {
  auto dy = x[0];
  for_each_pixel(a, y[0].shape, dy.shape,
                 [&](const Index& to, const Index& from) { y[0].at(from) += dy.at(to); });
}

void resize(const Attributes& a, const Operands& x, Operands& y) {
  auto image = x[0];
  for_each_pair(a, image.shape, y[0].shape, [&](const Index& from, const Index& to, double weight) {
    y[0].at(to) += weight * image.at(from);
  });
}

void resize_backward(const Attributes& a, const Operands& x, Operands& y) {
  auto dy = x[0];
  for_each_pair(a, y[0].shape, dy.shape, [&](const Index& from, const Index& to, double weight) {
    y[0].at(from) += weight * dy.at(to);
  });
}

}  // namespace

NaiveOps naive_spatial() {
  return {
      {OpKind::pad, pad},
      {OpKind::pad_backward, pad_backward},
      {OpKind::resize, resize},
      {OpKind::resize_backward, resize_backward},
  };
}

}  // namespace sinter
