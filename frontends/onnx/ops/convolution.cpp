#include <array>

#include "frontends/onnx/expressions.h"
#include "frontends/onnx/op_table.h"
#include "frontends/onnx/window.h"

namespace sinter::onnx {
namespace {

Ints kernel_of(const NodeImport& in, Value weight) {
  const Shape& shape = weight.shape();
  if (shape.size() < 3 || !is_concrete(shape))
    in.reject(fmt::format("the weight is {}; expected output and input channels and a window, all known",
                          to_string(weight.type())));
  const Ints sizes = sinter::sizes(shape);
  const Ints kernel(sizes.begin() + 2, sizes.end());
  if (in.has_attribute("kernel_shape"))
    if (const Ints given = in.ints("kernel_shape"); given != kernel)
      in.reject(fmt::format("kernel_shape is [{}]; the weight has [{}]", fmt::join(given, ", "),
                            fmt::join(kernel, ", ")));
  return kernel;
}

Conv2dOptions plane_options(const Windows& w, int64_t groups) {
  return {.stride = Windows::plane(w.stride),
          .padding = w.padding(),
          .dilation = Windows::plane(w.dilation),
          .groups = groups};
}

// A window's slices of depth stand as channels: one convolution of planes for each slice of the result.
Value conv3d(Value x, Value weight, OptionalValue bias, const Windows& w, int64_t groups) {
  x = zeros_around(x, 2, w.before[0], w.behind[0]);
  const int64_t depth = known_depth(x, 2, "a convolution");
  if (w.span(0) > depth)
    fail_input("the window's depth is {}, larger than the padded input's, {}", w.span(0), depth);
  const Shape shape = x.shape(), of_weight = weight.shape();
  const Value flat =
      reshape_to(weight, {of_weight[0], of_weight[1].size * w.kernel[0], of_weight[3], of_weight[4]});
  std::vector<Value> slices;
  for (int64_t at = 0; at + w.span(0) <= depth; at += w.stride[0]) {
    const Value window = part(x, 2, at, at + w.span(0), w.dilation[0]);
    const Value planes = reshape_to(window, {shape[0], shape[1].size * w.kernel[0], shape[3], shape[4]});
    slices.push_back(insert_axis(conv2d(planes, flat, bias, plane_options(w, groups)), 2));
  }
  return joined(std::move(slices), 2);
}

void conv(NodeImport& in) {
  const Value weight = in.value(1);
  Value x = in.value(0);
  const int64_t groups = in.integer("group", 1);
  Windows w = read_windows(in, x.shape(), kernel_of(in, weight));
  const OptionalValue bias = in.optional_value(2);
  if (w.rank() == 3) {
    for (size_t i = 1; i < 5; ++i) known_size(x, i, "a convolution");
    return in.result(0, conv3d(x, weight, bias, w, groups));
  }
  const bool line = w.rank() == 1;
  x = at_least_planes(x, w);
  const Value y = conv2d(x, at_least_planes(weight), bias, plane_options(w, groups));
  in.result(0, line ? remove_axis(y, 2) : y);
}

// The size of the result, and what must still be added behind it where it is to be larger than all windows
// together.
struct TransposedSize {
  Ints size, behind;
};

TransposedSize transposed_size(const NodeImport& in, const Shape& x, Windows& w) {
  const size_t rank = w.rank();
  const Ints more = in.ints("output_padding", Ints(rank, 0));
  Ints wanted = in.ints("output_shape", Ints{});
  const std::string automatic = in.word("auto_pad", "NOTSET");
  if (wanted.size() == rank + 2) wanted.erase(wanted.begin(), wanted.begin() + 2);
  if (more.size() != rank || (!wanted.empty() && wanted.size() != rank))
    in.reject(fmt::format("output_padding and output_shape have {} and {} numbers; expected {}", more.size(),
                          wanted.size(), rank));
  TransposedSize result{Ints(rank), Ints(rank, 0)};
  for (size_t i = 0; i < rank; ++i) {
    const Dim& size = x[2 + i];
    if (size.is_symbol())
      in.reject(fmt::format("dimension {} is the symbol {}; expected a number", 2 + i, size.symbol));
    if (more[i] < 0 || more[i] >= std::max(w.stride[i], w.dilation[i]))
      in.reject(fmt::format("output_padding is [{}]; expected less than the stride", fmt::join(more, ", ")));
    const int64_t full = checked_product(std::vector{w.stride[i], size.size - 1}) + more[i] + w.span(i);
    const bool same = automatic.starts_with("SAME");
    if (!wanted.empty() || same) {
      const int64_t target = wanted.empty() ? size.size * w.stride[i] : wanted[i];
      const int64_t total = full - target, half = std::max<int64_t>(total, 0) / 2;
      w.before[i] = automatic == "SAME_UPPER" || total < 0 ? half : total - half;
      w.behind[i] = total - w.before[i];
    }
    result.behind[i] = std::max<int64_t>(-w.behind[i], 0);
    w.behind[i] = std::max<int64_t>(w.behind[i], 0);
    result.size[i] = full - w.before[i] - w.behind[i];
    if (result.size[i] < 1) in.reject(fmt::format("padding leaves nothing of dimension {}", 2 + i));
  }
  return result;
}

Value transposed_planes(Value x, Value weight, const Windows& w, const Ints& size, int64_t groups) {
  return apply(OpKind::conv2d_backward_data, {x, weight},
               {{"input_size", Windows::plane(size)},
                {"stride", Windows::plane(w.stride)},
                {"padding", w.padding()},
                {"dilation", Windows::plane(w.dilation)},
                {"groups", groups}});
}

// Each slice of the result adds up what slices of x and of the window meet in it.
Value transposed_3d(NodeImport& in, Value x, Value weight, const Windows& w, const Ints& size,
                    int64_t groups) {
  const int64_t depth = known_depth(x, 2, "a convolution");
  if (size[0] > depth * w.stride[0] + w.span(0))
    in.reject(fmt::format("a depth of {} from {}", size[0], depth));
  std::vector<Value> slices;
  for (int64_t at = 0; at < size[0]; ++at) {
    OptionalValue sum;
    for (int64_t k = 0; k < w.kernel[0]; ++k) {
      const int64_t from = at + w.before[0] - k * w.dilation[0];
      if (from < 0 || from % w.stride[0] != 0 || from / w.stride[0] >= depth) continue;
      const Value plane = remove_axis(element(x, 2, from / w.stride[0]), 2);
      const Value y = transposed_planes(plane, remove_axis(element(weight, 2, k), 2), w, size, groups);
      sum = sum ? *sum + y : y;
    }
    if (!sum) in.reject(fmt::format("slice {} of the result has no part of x", at));
    slices.push_back(insert_axis(*sum, 2));
  }
  return joined(std::move(slices), 2);
}

void conv_transpose(NodeImport& in) {
  Value x = in.value(0);
  const Value weight = in.value(1);
  const int64_t groups = in.integer("group", 1);
  Windows w = read_windows(in, x.shape(), kernel_of(in, weight), true);
  TransposedSize out = transposed_size(in, x.shape(), w);
  const size_t rank = w.rank();
  OptionalValue y;
  if (rank == 3) {
    y = transposed_3d(in, x, weight, w, out.size, groups);
  } else {
    x = at_least_planes(x, w);
    if (rank == 1) out.size.insert(out.size.begin(), 1);
    y = transposed_planes(x, at_least_planes(weight), w, out.size, groups);
    if (rank == 1) y = remove_axis(*y, 2);
  }
  for (size_t i = 0; i < rank; ++i) y = zeros_around(*y, 2 + i, 0, out.behind[i]);
  if (in.has(2)) {
    Shape shape(rank + 1, Dim(1));
    shape[0] = in.value(2).shape().at(0);
    y = *y + reshape_to(in.value(2), shape);
  }
  in.result(0, *y);
}

constexpr std::array<Op, 2> rows = {{
    {"Conv", {1, 11}, conv, {1, 2}},
    {"ConvTranspose", {1, 11}, conv_transpose, {1, 2}},
}};

}  // namespace

std::span<const Op> convolution_ops() { return rows; }

}  // namespace sinter::onnx
