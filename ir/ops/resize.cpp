#include "ir/build.h"
#include "ir/ops/resampling.h"
#include "ir/ops/spatial.h"

namespace sinter::ops {
namespace {

Shape resized(const Inference& in, const Shape& x, const Ints& size) {
  const Attributes& a = in.attributes();
  if (a.boolean("align_corners") && a.word("mode") == "nearest")
    in.reject("the nearest pixel knows no align_corners", "mode = linear");
  for (size_t d = 2; d < 4; ++d)
    if (x[d].is_symbol() || x[d].size == 0)
      in.reject(fmt::format("an image of height and width {} and {}; resampling needs numbers from 1 on",
                            to_string(x[2]), to_string(x[3])));
  return {x[0], x[1], size[0], size[1]};
}

// Calls f(p, q, h, w, share) for each element of x that an element of y is made of.
template <typename F>
void for_each_share(const Attributes& a, const TensorView& x, const TensorView& y, F&& f) {
  const Resampling resampling(a);
  for (int64_t p = 0; p < y.dim(2); ++p) {
    const Mix h = resampling.at(p, x.dim(2), y.dim(2));
    for (int64_t q = 0; q < y.dim(3); ++q) {
      const Mix w = resampling.at(q, x.dim(3), y.dim(3));
      f(p, q, h.low, w.low, (1 - h.share) * (1 - w.share));
      if (!resampling.linear) continue;
      f(p, q, h.low, w.high, (1 - h.share) * w.share);
      f(p, q, h.high, w.low, h.share * (1 - w.share));
      f(p, q, h.high, w.high, h.share * w.share);
    }
  }
}

double share_flops(const Attributes& a, const Shape& y) {
  return Resampling(a).linear ? 8 * per_sample_count(y) : 0;
}

}  // namespace

std::vector<Type> infer_resize(const Inference& in) {
  return {{in[0].dtype, resized(in, in[0].shape, in.attributes().ints("output_size")), {}}};
}

std::vector<Type> infer_resize_backward(const Inference& in) {
  return {{in[0].dtype, resized(in, in[0].shape, in.attributes().ints("input_size")), {}}};
}

namespace {

std::vector<Attributes::Named> resampling_attributes(const Differentiation& d, std::string_view size_name) {
  const Shape& x = d.x(0).shape();
  return {{size_name, Ints{x[2].size, x[3].size}},
          {"mode", d.attributes.word("mode")},
          {"align_corners", d.attributes.boolean("align_corners")}};
}

}  // namespace

OperandGradients resize_gradient(const Differentiation& d) {
  return {apply(OpKind::resize_backward, {*d.gradients[0]}, resampling_attributes(d, "input_size"))};
}

OperandGradients resize_backward_gradient(const Differentiation& d) {
  return {apply(OpKind::resize, {*d.gradients[0]}, resampling_attributes(d, "output_size"))};
}

void evaluate_resize(const Evaluation& e, int64_t begin, int64_t end) {
  const TensorView &x = e.operands[0], &y = e.results[0];
  const int64_t x_plane = x.dim(2) * x.dim(3), y_plane = y.dim(2) * y.dim(3);
  dispatch_floating(x.dtype, [&]<typename T>() {
    for (int64_t unit = begin; unit < end; ++unit) {
      const T* from = x.as<T>() + unit * x_plane;
      T* to = y.as<T>() + unit * y_plane;
      std::fill_n(to, y_plane, T(0));
      for_each_share(e.attributes, x, y, [&](int64_t p, int64_t q, int64_t h, int64_t w, double share) {
        to[p * y.dim(3) + q] += static_cast<T>(share) * from[h * x.dim(3) + w];
      });
    }
  });
}

void evaluate_resize_backward(const Evaluation& e, int64_t begin, int64_t end) {
  const TensorView &dy = e.operands[0], &dx = e.results[0];
  const int64_t x_plane = dx.dim(2) * dx.dim(3), y_plane = dy.dim(2) * dy.dim(3);
  dispatch_floating(dy.dtype, [&]<typename T>() {
    for (int64_t unit = begin; unit < end; ++unit) {
      const T* from = dy.as<T>() + unit * y_plane;
      T* to = dx.as<T>() + unit * x_plane;
      std::fill_n(to, x_plane, T(0));
      for_each_share(e.attributes, dx, dy, [&](int64_t p, int64_t q, int64_t h, int64_t w, double share) {
        to[h * dx.dim(3) + w] += static_cast<T>(share) * from[p * dy.dim(3) + q];
      });
    }
  });
}

double resize_flops(const Attributes& a, std::span<const std::optional<Type>>,
                    std::span<const Type> results) {
  return share_flops(a, results[0].shape);
}

double resize_backward_flops(const Attributes& a, std::span<const std::optional<Type>> operands,
                             std::span<const Type>) {
  return share_flops(a, operands[0]->shape);
}

}  // namespace sinter::ops
