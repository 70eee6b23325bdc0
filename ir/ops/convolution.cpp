#include "ir/ops/convolution.h"

#include "ir/build.h"
#include "ir/ops/dot.h"
#include "ir/ops/window.h"

namespace sinter::ops {

Shape slide_output(const Inference& inference, const Shape& input, int64_t kernel_h, int64_t kernel_w,
                   const Sliding& s) {
  const std::string_view names[] = {"height", "width"};
  const int64_t kernel[] = {kernel_h, kernel_w};
  Shape result;
  for (int i = 0; i < 2; ++i) {
    const Dim& size = input[2 + i];
    if (size.is_symbol())
      inference.reject(fmt::format("the {} is the symbol {}; windows need a number", names[i], size.symbol));
    const int64_t padded = size.size + s.padding[i] + s.padding[i + 2];
    const int64_t span = (kernel[i] - 1) * s.dilation[i] + 1;
    if (span > padded)
      inference.reject(fmt::format("the kernel's {}{} is {}, larger than the padded input's, {}", names[i],
                                   s.dilation[i] > 1 ? ", dilated," : "", span, padded),
                       fmt::format("kernel <= input + padding   ({} > {} + {} + {})", span, size.size,
                                   s.padding[i], s.padding[i + 2]));
    const int64_t room = padded - span;
    int64_t output = room / s.stride[i] + 1;
    // A window more for the rest, if it begins before the padding on the far side does.
    const bool begins_inside = output * s.stride[i] < size.size + s.padding[i];
    if (s.ceil_mode && room % s.stride[i] != 0 && begins_inside) ++output;
    result.push_back(output);
  }
  return result;
}

namespace {

Sliding sliding(const Attributes& a) { return {a.ints("stride"), a.ints("padding"), a.ints("dilation")}; }

Type with_shape(const Type& like, Shape shape) { return {like.dtype, std::move(shape), {}}; }

// The gradient ops are given the shape that the convolution they belong to would have: reject one that the
// forward convolution would not turn into dy's shape.
void check_belongs(const Inference& inference, const Shape& x, int64_t kernel_h, int64_t kernel_w,
                   const Shape& dy) {
  const Attributes& a = inference.attributes();
  const Shape out = slide_output(inference, x, kernel_h, kernel_w, sliding(a));
  if (out[0] != dy[2] || out[1] != dy[3])
    inference.reject(fmt::format("dy is {} x {} where the forward convolution gives {} x {}",
                                 to_string(dy[2]), to_string(dy[3]), to_string(out[0]), to_string(out[1])));
}

void check_groups(const Inference& in, const Dim& channels) {
  const int64_t groups = in.attributes().integer("groups");
  if (groups > 1 && (channels.is_symbol() || channels.size % groups != 0))
    in.reject(
        fmt::format("{} channels are no whole number for each of {} groups", to_string(channels), groups),
        "channels % groups == 0");
}

// out[p] += scale * in[p * stride]
template <typename T>
void add_scaled(T* out, const T* in, T scale, int64_t count, int64_t stride) {
  if (stride == 1)
    for (int64_t p = 0; p < count; ++p) out[p] += scale * in[p];
  else
    for (int64_t p = 0; p < count; ++p) out[p] += scale * in[p * stride];
}

// out[p * stride] += scale * in[p]
template <typename T>
void scatter_scaled(T* out, const T* in, T scale, int64_t count, int64_t stride) {
  if (stride == 1)
    for (int64_t p = 0; p < count; ++p) out[p] += scale * in[p];
  else
    for (int64_t p = 0; p < count; ++p) out[p * stride] += scale * in[p];
}

// Adds one tap (kh, kw) of the window over a whole plane, row by row.
template <typename T>
void add_tap(T* y, const T* x, T weight, const Window& win, int64_t kh, int64_t kw) {
  const int64_t q0 = win.w.first(kw), q1 = win.w.last(kw);
  for (int64_t p = win.h.first(kh); p < win.h.last(kh) && q0 < q1; ++p)
    add_scaled(y + p * win.w.output + q0, x + win.h.at(p, kh) * win.w.input + win.w.at(q0, kw), weight,
               q1 - q0, win.w.stride);
}

template <typename T>
void add_tap_transposed(T* dx, const T* dy, T weight, const Window& win, int64_t kh, int64_t kw) {
  const int64_t q0 = win.w.first(kw), q1 = win.w.last(kw);
  for (int64_t p = win.h.first(kh); p < win.h.last(kh) && q0 < q1; ++p)
    scatter_scaled(dx + win.h.at(p, kh) * win.w.input + win.w.at(q0, kw), dy + p * win.w.output + q0, weight,
                   q1 - q0, win.w.stride);
}

template <typename T>
T dot_tap(const T* x, const T* dy, const Window& win, int64_t kh, int64_t kw) {
  const int64_t q0 = win.w.first(kw), q1 = win.w.last(kw);
  T total = 0;
  for (int64_t p = win.h.first(kh); p < win.h.last(kh) && q0 < q1; ++p)
    total += dot(dy + p * win.w.output + q0, x + win.h.at(p, kh) * win.w.input + win.w.at(q0, kw), q1 - q0,
                 win.w.stride);
  return total;
}

}  // namespace

std::vector<Type> infer_conv2d(const Inference& in) {
  const Type &x = in[0], &weight = in[1];
  const auto kernel = in.sizes(1);
  const int64_t groups = in.attributes().integer("groups");
  if (x.shape[1] != Dim(kernel[1] * groups))
    in.reject(
        fmt::format("weight expects {} input channels, x has {}", kernel[1] * groups, to_string(x.shape[1])),
        fmt::format("C == I * groups   ({} != {} * {})", to_string(x.shape[1]), kernel[1], groups));
  check_groups(in, weight.shape[0]);
  const Shape out = slide_output(in, x.shape, kernel[2], kernel[3], sliding(in.attributes()));
  return {with_shape(x, {x.shape[0], weight.shape[0], out[0], out[1]})};
}

std::vector<Type> infer_conv2d_backward_data(const Inference& in) {
  const Type &dy = in[0], &weight = in[1];
  const auto kernel = in.sizes(1);
  const Ints& size = in.attributes().ints("input_size");
  check_groups(in, weight.shape[0]);
  const int64_t channels =
      checked_product(std::vector{weight.shape[1].size, in.attributes().integer("groups")});
  Shape x = {dy.shape[0], channels, size[0], size[1]};
  check_belongs(in, x, kernel[2], kernel[3], dy.shape);
  return {with_shape(dy, std::move(x))};
}

std::vector<Type> infer_conv2d_backward_weights(const Inference& in) {
  const Type &x = in[0], &dy = in[1];
  const Ints& kernel = in.attributes().ints("kernel_size");
  check_belongs(in, x.shape, kernel[0], kernel[1], dy.shape);
  const int64_t groups = in.attributes().integer("groups");
  for (const Dim& channels : {x.shape[1], dy.shape[1]}) check_groups(in, channels);
  // Without groups the channels may be a symbol.
  const Dim each = groups == 1 ? x.shape[1] : Dim(x.shape[1].size / groups);
  return {with_shape(x, {dy.shape[1], each, kernel[0], kernel[1]})};
}

namespace {

Value backward_data(Value dy, Value weight, const Shape& x, const Attributes& a) {
  return apply(OpKind::conv2d_backward_data, {dy, weight},
               {{"input_size", Ints{x[2].size, x[3].size}},
                {"stride", a.ints("stride")},
                {"padding", a.ints("padding")},
                {"dilation", a.ints("dilation")},
                {"groups", a.integer("groups")}});
}

Value backward_weights(Value x, Value dy, const Shape& weight, const Attributes& a) {
  return apply(OpKind::conv2d_backward_weights, {x, dy},
               {{"kernel_size", Ints{weight[2].size, weight[3].size}},
                {"stride", a.ints("stride")},
                {"padding", a.ints("padding")},
                {"dilation", a.ints("dilation")},
                {"groups", a.integer("groups")}});
}

Value forward(Value x, Value weight, const Attributes& a) {
  return conv2d(x, weight, {},
                {.stride = a.ints("stride"),
                 .padding = a.ints("padding"),
                 .dilation = a.ints("dilation"),
                 .groups = a.integer("groups")});
}

}  // namespace

OperandGradients conv2d_gradient(const Differentiation& d) {
  const Value x = d.x(0), weight = d.x(1), dy = *d.gradients[0];
  OperandGradients result = {backward_data(dy, weight, Shape(x.shape()), d.attributes),
                             backward_weights(x, dy, Shape(weight.shape()), d.attributes)};
  if (d.has(2)) result.push_back(sum(dy, {.axes = {0, 2, 3}}));
  return result;
}

// Both gradients of a convolution are linear in each operand, so theirs are convolutions again.
OperandGradients conv2d_backward_data_gradient(const Differentiation& d) {
  const Value dy = d.x(0), weight = d.x(1), ddx = *d.gradients[0];
  return {forward(ddx, weight, d.attributes), backward_weights(ddx, dy, Shape(weight.shape()), d.attributes)};
}

OperandGradients conv2d_backward_weights_gradient(const Differentiation& d) {
  const Value x = d.x(0), dy = d.x(1), ddw = *d.gradients[0];
  return {backward_data(dy, ddw, Shape(x.shape()), d.attributes), forward(x, ddw, d.attributes)};
}

// A unit is one plane of the output: image n, output channel o.
void evaluate_conv2d(const Evaluation& e, int64_t begin, int64_t end) {
  const TensorView &x = e.operands[0], &weight = e.operands[1], &y = e.results[0];
  const TensorView bias = e.operands.size() > 2 ? e.operands[2] : TensorView{};
  const Window win = window(x.shape, y.shape, weight.dim(2), weight.dim(3), sliding(e.attributes));
  const int64_t channels = weight.dim(1), outputs = weight.dim(0), taps = win.h.kernel * win.w.kernel;
  const int64_t of_group = outputs / e.attributes.integer("groups");
  const int64_t x_plane = win.h.input * win.w.input, y_plane = win.h.output * win.w.output;
  dispatch_floating(x.dtype, [&]<typename T>() {
    for (int64_t unit = begin; unit < end; ++unit) {
      const int64_t n = unit / outputs, o = unit % outputs;
      const int64_t first = n * x.dim(1) + o / of_group * channels;
      T* out = y.as<T>() + unit * y_plane;
      std::fill_n(out, y_plane, bias.present() ? bias.as<T>()[o] : T(0));
      for (int64_t c = 0; c < channels; ++c)
        for (int64_t tap = 0; tap < taps; ++tap)
          add_tap(out, x.as<T>() + (first + c) * x_plane, weight.as<T>()[(o * channels + c) * taps + tap],
                  win, tap / win.w.kernel, tap % win.w.kernel);
    }
  });
}

// A unit is one plane of dx: image n, input channel c.
void evaluate_conv2d_backward_data(const Evaluation& e, int64_t begin, int64_t end) {
  const TensorView &dy = e.operands[0], &weight = e.operands[1], &dx = e.results[0];
  const Window win = window(dx.shape, dy.shape, weight.dim(2), weight.dim(3), sliding(e.attributes));
  const int64_t channels = weight.dim(1), outputs = weight.dim(0), taps = win.h.kernel * win.w.kernel;
  const int64_t of_group = outputs / e.attributes.integer("groups");
  const int64_t x_plane = win.h.input * win.w.input, y_plane = win.h.output * win.w.output;
  dispatch_floating(dy.dtype, [&]<typename T>() {
    for (int64_t unit = begin; unit < end; ++unit) {
      const int64_t n = unit / dx.dim(1), c = unit % dx.dim(1) % channels;
      const int64_t first = unit % dx.dim(1) / channels * of_group;
      T* out = dx.as<T>() + unit * x_plane;
      std::fill_n(out, x_plane, T(0));
      for (int64_t o = first; o < first + of_group; ++o)
        for (int64_t tap = 0; tap < taps; ++tap)
          add_tap_transposed(out, dy.as<T>() + (n * outputs + o) * y_plane,
                             weight.as<T>()[(o * channels + c) * taps + tap], win, tap / win.w.kernel,
                             tap % win.w.kernel);
    }
  });
}

// A unit is one kernel of dw: output channel o, input channel c. Images are added up in order, in f64.
void evaluate_conv2d_backward_weights(const Evaluation& e, int64_t begin, int64_t end) {
  const TensorView &x = e.operands[0], &dy = e.operands[1], &dw = e.results[0];
  const Window win = window(x.shape, dy.shape, dw.dim(2), dw.dim(3), sliding(e.attributes));
  const int64_t channels = dw.dim(1), outputs = dy.dim(1), images = x.dim(0),
                taps = win.h.kernel * win.w.kernel;
  const int64_t of_group = outputs / e.attributes.integer("groups");
  const int64_t x_plane = win.h.input * win.w.input, y_plane = win.h.output * win.w.output;
  dispatch_floating(x.dtype, [&]<typename T>() {
    for (int64_t unit = begin; unit < end; ++unit) {
      const int64_t o = unit / channels, c = o / of_group * channels + unit % channels;
      for (int64_t tap = 0; tap < taps; ++tap) {
        double total = 0;
        for (int64_t n = 0; n < images; ++n)
          total += dot_tap(x.as<T>() + (n * x.dim(1) + c) * x_plane, dy.as<T>() + (n * outputs + o) * y_plane,
                           win, tap / win.w.kernel, tap % win.w.kernel);
        dw.as<T>()[unit * taps + tap] = static_cast<T>(total);
      }
    }
  });
}

namespace {

// 2 FLOPs for each multiply and add; taps in the padding count, as is the custom.
double conv_flops(const Shape& weight, const Shape& y) {
  double flops = 2;
  for (size_t i = 1; i < weight.size(); ++i) flops *= weight[i].size;
  return flops * per_sample_count(y);
}

}  // namespace

double conv2d_flops(const Attributes&, std::span<const std::optional<Type>> operands,
                    std::span<const Type> results) {
  return conv_flops(operands[1]->shape, results[0].shape);
}

double conv2d_backward_data_flops(const Attributes&, std::span<const std::optional<Type>> operands,
                                  std::span<const Type>) {
  return conv_flops(operands[1]->shape, operands[0]->shape);
}

double conv2d_backward_weights_flops(const Attributes&, std::span<const std::optional<Type>> operands,
                                     std::span<const Type> results) {
  return conv_flops(results[0].shape, operands[1]->shape);
}

}  // namespace sinter::ops
