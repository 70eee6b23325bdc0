#include <algorithm>

#include "ir/build.h"
#include "ir/ops/border.h"
#include "ir/ops/spatial.h"

namespace sinter::ops {
namespace {

Shape padded(const Inference& in, const Shape& x) {
  const Ints& padding = in.attributes().ints("padding");
  const Border border = border_of(in.attributes());
  Shape y = x;
  for (size_t d = 2; d < 4; ++d) {
    if (x[d].is_symbol())
      in.reject(fmt::format("dimension {} is the symbol {}; padding needs a number", d, x[d].symbol));
    const int64_t size = x[d].size, before = padding[d - 2], after = padding[d];
    if (border == Border::reflect && std::max(before, after) >= std::max<int64_t>(size, 1))
      in.reject(fmt::format("reflection of {} elements at the borders of {}", std::max(before, after), size),
                "padding < the size");
    if (border == Border::edge && size == 0) in.reject("an image without elements has no edge");
    y[d] = size + before + after;
  }
  return y;
}

// Calls f(row of y, column of y, row of x, column of x) for each element of a padded plane, -1 where x has
// none.
template <typename F>
void for_each_source(const Attributes& a, const TensorView& x, const TensorView& y, F&& f) {
  const Border border = border_of(a);
  const Ints& padding = a.ints("padding");
  for (int64_t p = 0; p < y.dim(2); ++p) {
    const int64_t h = border_source(border, p, padding[0], x.dim(2));
    for (int64_t q = 0; q < y.dim(3); ++q) f(p, q, h, border_source(border, q, padding[1], x.dim(3)));
  }
}

}  // namespace

std::vector<Type> infer_pad(const Inference& in) { return {{in[0].dtype, padded(in, in[0].shape), {}}}; }

std::vector<Type> infer_pad_backward(const Inference& in) {
  const Shape& dy = in[0].shape;
  const Ints& size = in.attributes().ints("input_size");
  Shape x = {dy[0], dy[1], size[0], size[1]};
  const Shape expected = padded(in, x);
  if (expected != dy)
    in.reject(fmt::format("dy is {} where padding gives {}", to_string(dy), to_string(expected)));
  return {{in[0].dtype, std::move(x), {}}};
}

OperandGradients pad_gradient(const Differentiation& d) {
  const Shape& x = d.x(0).shape();
  return {apply(OpKind::pad_backward, {*d.gradients[0]},
                {{"input_size", Ints{x[2].size, x[3].size}},
                 {"padding", d.attributes.ints("padding")},
                 {"mode", d.attributes.word("mode")}})};
}

OperandGradients pad_backward_gradient(const Differentiation& d) {
  return {apply(OpKind::pad, {*d.gradients[0]},
                {{"padding", d.attributes.ints("padding")}, {"mode", d.attributes.word("mode")}})};
}

void evaluate_pad(const Evaluation& e, int64_t begin, int64_t end) {
  const TensorView &x = e.operands[0], &y = e.results[0];
  const int64_t x_plane = x.dim(2) * x.dim(3), y_plane = y.dim(2) * y.dim(3);
  const double value = e.attributes.real("value");
  dispatch_floating(x.dtype, [&]<typename T>() {
    for (int64_t unit = begin; unit < end; ++unit) {
      const T* from = x.as<T>() + unit * x_plane;
      T* to = y.as<T>() + unit * y_plane;
      for_each_source(e.attributes, x, y, [&](int64_t p, int64_t q, int64_t h, int64_t w) {
        to[p * y.dim(3) + q] = h < 0 || w < 0 ? static_cast<T>(value) : from[h * x.dim(3) + w];
      });
    }
  });
}

void evaluate_pad_backward(const Evaluation& e, int64_t begin, int64_t end) {
  const TensorView &dy = e.operands[0], &dx = e.results[0];
  const int64_t x_plane = dx.dim(2) * dx.dim(3), y_plane = dy.dim(2) * dy.dim(3);
  dispatch_floating(dy.dtype, [&]<typename T>() {
    for (int64_t unit = begin; unit < end; ++unit) {
      const T* from = dy.as<T>() + unit * y_plane;
      T* to = dx.as<T>() + unit * x_plane;
      std::fill_n(to, x_plane, T(0));
      for_each_source(e.attributes, dx, dy, [&](int64_t p, int64_t q, int64_t h, int64_t w) {
        if (h >= 0 && w >= 0) to[h * dx.dim(3) + w] += from[p * dy.dim(3) + q];
      });
    }
  });
}

}  // namespace sinter::ops
