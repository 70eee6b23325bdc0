#include "ir/ops/pooling.h"

#include <cmath>
#include <limits>

#include "ir/build.h"
#include "ir/ops/window.h"

namespace sinter::ops {
namespace {

const Ints& stride_of(const Attributes& a) {
  return a.ints("stride").empty() ? a.ints("kernel_size") : a.ints("stride");
}

constexpr bool is_average(OpKind kind) {
  return kind == OpKind::avg_pool2d || kind == OpKind::avg_pool2d_backward;
}

Sliding sliding(const Attributes& a) {
  static const Ints dense = {1, 1};
  return {stride_of(a), a.ints("padding"), is_average(a.kind()) ? dense : a.ints("dilation"),
          a.boolean("ceil_mode")};
}

Window pool_window(const Attributes& a, std::span<const int64_t> x, std::span<const int64_t> y) {
  const Ints& kernel = a.ints("kernel_size");
  return window(x, y, kernel[0], kernel[1], sliding(a));
}

// The taps [begin, end) of output p that fall inside the input.
struct Taps {
  int64_t begin, end;
};

Taps inside(const Slide& slide, int64_t p) {
  const int64_t start = slide.at(p, 0), room = slide.input - start;
  const auto taps_within = [&](int64_t size) { return (size + slide.dilation - 1) / slide.dilation; };
  return {start < 0 ? taps_within(-start) : 0, std::min(slide.kernel, taps_within(room))};
}

// Between the taps of a dilated window there may be room for all of a small image.
void check_windows(const Inference& in, const Slide& slide, std::string_view name) {
  if (slide.dilation == 1) return;
  for (int64_t p = 0; p < slide.output; ++p)
    if (const Taps taps = inside(slide, p); taps.begin >= taps.end)
      in.reject(fmt::format("window {} along the {} has its elements before and behind the image", p, name));
}

Shape pooled(const Inference& in, const Shape& x) {
  const Attributes& a = in.attributes();
  const Ints &kernel = a.ints("kernel_size"), &padding = a.ints("padding");
  for (int i = 0; i < 4; ++i)
    if (padding[i] >= kernel[i % 2])
      in.reject(fmt::format("padding {} with a kernel of {}: a window could lie in the padding alone",
                            padding[i], kernel[i % 2]),
                "padding < kernel_size");
  if (x[2].size == 0 || x[3].size == 0) in.reject("an image without elements has nothing to pool");
  const Shape out = slide_output(in, x, kernel[0], kernel[1], sliding(a));
  const int64_t x_size[] = {0, 0, x[2].size, x[3].size}, y_size[] = {0, 0, out[0].size, out[1].size};
  const Window win = pool_window(a, x_size, y_size);
  check_windows(in, win.h, "height");
  check_windows(in, win.w, "width");
  return {x[0], x[1], out[0], out[1]};
}

std::vector<Type> infer_backward(const Inference& in) {
  const Shape& dy = in[0].shape;
  const Ints& size = in.attributes().ints("input_size");
  Shape x = {dy[0], dy[1], size[0], size[1]};
  const Shape expected = pooled(in, x);
  if (expected != dy)
    in.reject(fmt::format("dy is {} where the forward pool gives {}", to_string(dy), to_string(expected)));
  return {{in[0].dtype, std::move(x), {}}};
}

// Calls f(p, q, rows of taps, columns of taps) for each output of a plane.
template <typename F>
void for_each_window(const Window& win, F&& f) {
  for (int64_t p = 0; p < win.h.output; ++p)
    for (int64_t q = 0; q < win.w.output; ++q) f(p, q, inside(win.h, p), inside(win.w, q));
}

// Index of the largest element within the window; the first of equals, and NaN before all.
template <typename T>
int64_t largest(const T* x, const Window& win, int64_t p, int64_t q, Taps rows, Taps cols) {
  int64_t best = rows.begin * win.w.kernel + cols.begin;
  T best_value = x[win.h.at(p, rows.begin) * win.w.input + win.w.at(q, cols.begin)];
  for (int64_t kh = rows.begin; kh < rows.end; ++kh)
    for (int64_t kw = cols.begin; kw < cols.end; ++kw) {
      const T value = x[win.h.at(p, kh) * win.w.input + win.w.at(q, kw)];
      if (value > best_value || (std::isnan(value) && !std::isnan(best_value))) {
        best = kh * win.w.kernel + kw;
        best_value = value;
      }
    }
  return best;
}

// The taps that are not beyond the padding on the far side, where ceil_mode may put some.
int64_t padded_taps(const Slide& slide, int64_t p) {
  return std::min(slide.kernel, slide.input + slide.after - slide.at(p, 0));
}

int64_t divisor(const Window& win, int64_t p, int64_t q, Taps rows, Taps cols, bool count_include_pad) {
  return count_include_pad ? padded_taps(win.h, p) * padded_taps(win.w, q)
                           : (rows.end - rows.begin) * (cols.end - cols.begin);
}

template <typename F>
void dispatch_argmax(DType type, F&& f) {
  if (type == DType::u8)
    f.template operator()<uint8_t>();
  else
    f.template operator()<int32_t>();
}

}  // namespace

std::vector<Type> infer_max_pool2d(const Inference& in) {
  return {{in[0].dtype, pooled(in, in[0].shape), {}}};
}

std::vector<Type> infer_max_pool2d_argmax(const Inference& in) {
  const Ints& kernel = in.attributes().ints("kernel_size");
  const Shape shape = pooled(in, in[0].shape);
  return {{in[0].dtype, shape, {}}, {kernel[0] * kernel[1] <= 256 ? DType::u8 : DType::i32, shape, {}}};
}

std::vector<Type> infer_max_pool2d_backward(const Inference& in) {
  const DType type = in[1].dtype;
  if (type != DType::u8 && type != DType::i32)
    in.reject(fmt::format("argmax is of type {}; expected u8 or i32", to_string(type)));
  return infer_backward(in);
}

std::vector<Type> infer_avg_pool2d(const Inference& in) { return infer_max_pool2d(in); }
std::vector<Type> infer_avg_pool2d_backward(const Inference& in) { return infer_backward(in); }

std::vector<Type> infer_global_avg_pool2d(const Inference& in) {
  const Shape& x = in[0].shape;
  return {{in[0].dtype, {x[0], x[1], 1, 1}, {}}};
}

namespace {

// The forward pool's attributes and the input's size, as the backward op wants them.
std::vector<Attributes::Named> backward_attributes(const Differentiation& d) {
  auto named = d.attributes.named();
  const Shape& x = d.x(0).shape();
  named.emplace_back("input_size", Ints{x[2].size, x[3].size});
  return named;
}

}  // namespace

OperandGradients max_pool2d_argmax_gradient(const Differentiation& d) {
  if (!d.gradients[0]) return {std::nullopt};
  return {apply(OpKind::max_pool2d_backward, {*d.gradients[0], d.results[1]}, backward_attributes(d))};
}

OperandGradients avg_pool2d_gradient(const Differentiation& d) {
  return {apply(OpKind::avg_pool2d_backward, {*d.gradients[0]}, backward_attributes(d))};
}

OperandGradients avg_pool2d_backward_gradient(const Differentiation& d) {
  const Attributes& a = d.attributes;
  return {avg_pool2d(*d.gradients[0], {.kernel_size = a.ints("kernel_size"),
                                       .stride = a.ints("stride"),
                                       .padding = a.ints("padding"),
                                       .count_include_pad = a.boolean("count_include_pad"),
                                       .ceil_mode = a.boolean("ceil_mode")})};
}

OperandGradients global_avg_pool2d_gradient(const Differentiation& d) {
  const Shape x = d.x(0).shape();
  return {broadcast_to(*d.gradients[0] * (1.0 / static_cast<double>(x[2].size * x[3].size)), sizes(x))};
}

// A unit is one plane. Serves max_pool2d (one result) and max_pool2d_argmax (two).
void evaluate_max_pool2d(const Evaluation& e, int64_t begin, int64_t end) {
  const TensorView &x = e.operands[0], &y = e.results[0];
  const Window win = pool_window(e.attributes, x.shape, y.shape);
  const int64_t x_plane = win.h.input * win.w.input, y_plane = win.h.output * win.w.output;
  const TensorView argmax = e.results.size() > 1 ? e.results[1] : TensorView{};
  dispatch_floating(x.dtype, [&]<typename T>() {
    dispatch_argmax(argmax.present() ? argmax.dtype : DType::i32, [&]<typename Index>() {
      for (int64_t unit = begin; unit < end; ++unit) {
        const T* in = x.as<T>() + unit * x_plane;
        for_each_window(win, [&](int64_t p, int64_t q, Taps rows, Taps cols) {
          const int64_t best = largest(in, win, p, q, rows, cols), at = unit * y_plane + p * win.w.output + q;
          y.as<T>()[at] =
              in[win.h.at(p, best / win.w.kernel) * win.w.input + win.w.at(q, best % win.w.kernel)];
          if (argmax.present()) argmax.as<Index>()[at] = static_cast<Index>(best);
        });
      }
    });
  });
}

// A unit is one plane. An argmax outside the window or in the padding adds nothing: it can only come from a
// graph that feeds something else than max_pool2d_argmax's second result.
void evaluate_max_pool2d_backward(const Evaluation& e, int64_t begin, int64_t end) {
  const TensorView &dy = e.operands[0], &argmax = e.operands[1], &dx = e.results[0];
  const Window win = pool_window(e.attributes, dx.shape, dy.shape);
  const int64_t x_plane = win.h.input * win.w.input, y_plane = win.h.output * win.w.output;
  dispatch_floating(dy.dtype, [&]<typename T>() {
    dispatch_argmax(argmax.dtype, [&]<typename Index>() {
      for (int64_t unit = begin; unit < end; ++unit) {
        T* out = dx.as<T>() + unit * x_plane;
        std::fill_n(out, x_plane, T(0));
        for_each_window(win, [&](int64_t p, int64_t q, Taps rows, Taps cols) {
          const int64_t at = unit * y_plane + p * win.w.output + q;
          const int64_t best = argmax.as<Index>()[at], kh = best / win.w.kernel, kw = best % win.w.kernel;
          if (best < 0 || kh < rows.begin || kh >= rows.end || kw < cols.begin || kw >= cols.end) return;
          out[win.h.at(p, kh) * win.w.input + win.w.at(q, kw)] += dy.as<T>()[at];
        });
      }
    });
  });
}

void evaluate_avg_pool2d(const Evaluation& e, int64_t begin, int64_t end) {
  const TensorView &x = e.operands[0], &y = e.results[0];
  const Window win = pool_window(e.attributes, x.shape, y.shape);
  const bool count_include_pad = e.attributes.boolean("count_include_pad");
  const int64_t x_plane = win.h.input * win.w.input, y_plane = win.h.output * win.w.output;
  dispatch_floating(x.dtype, [&]<typename T>() {
    for (int64_t unit = begin; unit < end; ++unit) {
      const T* in = x.as<T>() + unit * x_plane;
      for_each_window(win, [&](int64_t p, int64_t q, Taps rows, Taps cols) {
        T total = 0;
        for (int64_t kh = rows.begin; kh < rows.end; ++kh)
          for (int64_t kw = cols.begin; kw < cols.end; ++kw)
            total += in[win.h.at(p, kh) * win.w.input + win.w.at(q, kw)];
        y.as<T>()[unit * y_plane + p * win.w.output + q] =
            total / static_cast<T>(divisor(win, p, q, rows, cols, count_include_pad));
      });
    }
  });
}

void evaluate_avg_pool2d_backward(const Evaluation& e, int64_t begin, int64_t end) {
  const TensorView &dy = e.operands[0], &dx = e.results[0];
  const Window win = pool_window(e.attributes, dx.shape, dy.shape);
  const bool count_include_pad = e.attributes.boolean("count_include_pad");
  const int64_t x_plane = win.h.input * win.w.input, y_plane = win.h.output * win.w.output;
  dispatch_floating(dy.dtype, [&]<typename T>() {
    for (int64_t unit = begin; unit < end; ++unit) {
      T* out = dx.as<T>() + unit * x_plane;
      std::fill_n(out, x_plane, T(0));
      for_each_window(win, [&](int64_t p, int64_t q, Taps rows, Taps cols) {
        const T share = dy.as<T>()[unit * y_plane + p * win.w.output + q] /
                        static_cast<T>(divisor(win, p, q, rows, cols, count_include_pad));
        for (int64_t kh = rows.begin; kh < rows.end; ++kh)
          for (int64_t kw = cols.begin; kw < cols.end; ++kw)
            out[win.h.at(p, kh) * win.w.input + win.w.at(q, kw)] += share;
      });
    }
  });
}

void evaluate_global_avg_pool2d(const Evaluation& e, int64_t begin, int64_t end) {
  const TensorView &x = e.operands[0], &y = e.results[0];
  const int64_t plane = x.dim(2) * x.dim(3);
  dispatch_floating(x.dtype, [&]<typename T>() {
    for (int64_t unit = begin; unit < end; ++unit) {
      double total = 0;
      for (int64_t i = 0; i < plane; ++i) total += x.as<T>()[unit * plane + i];
      y.as<T>()[unit] = static_cast<T>(total / static_cast<double>(plane));
    }
  });
}

double pool_flops(const Attributes& attributes, std::span<const std::optional<Type>>,
                  std::span<const Type> results) {
  const Ints& kernel = attributes.ints("kernel_size");
  return static_cast<double>(kernel[0] * kernel[1]) * per_sample_count(results[0].shape);
}

double pool_backward_flops(const Attributes& attributes, std::span<const std::optional<Type>> operands,
                           std::span<const Type>) {
  const Ints& kernel = attributes.ints("kernel_size");
  return static_cast<double>(kernel[0] * kernel[1]) * per_sample_count(operands[0]->shape);
}

}  // namespace sinter::ops
