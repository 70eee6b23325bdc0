#include <array>
#include <numeric>

#include "frontends/onnx/expressions.h"
#include "frontends/onnx/op_table.h"
#include "frontends/onnx/window.h"

namespace sinter::onnx {
namespace {

// The type in which a pool of x is computed: the IR pools floating numbers, which hold small integers
// exactly.
Value floating(Value x) { return is_integer(x.dtype()) ? cast(x, DType::f32) : x; }

// The IR's own stride is the kernel's size: leaving it to that keeps one text for one pool.
PoolOptions plane_options(const Windows& w, bool ceil_mode) {
  const Ints kernel = Windows::plane(w.kernel), stride = Windows::plane(w.stride);
  return {.kernel_size = kernel,
          .stride = stride == kernel ? Ints{} : stride,
          .padding = w.padding(),
          .dilation = Windows::plane(w.dilation),
          .ceil_mode = ceil_mode};
}

// Where the windows begin and end along the depth, cut to x.
struct DepthWindow {
  std::vector<int64_t> slices;
  int64_t counted;  ///< slices and padding before and behind them
};

std::vector<DepthWindow> depth_windows(const Windows& w, int64_t depth, bool ceil_mode) {
  const int64_t padded = depth + w.before[0] + w.behind[0];
  if (w.span(0) > padded)
    fail_input("the window's depth is {}, larger than the padded input's, {}", w.span(0), padded);
  std::vector<DepthWindow> windows;
  for (int64_t at = -w.before[0];; at += w.stride[0]) {
    const int64_t end = at + w.span(0);
    const bool beyond = end > depth + w.behind[0];
    if (beyond && (!ceil_mode || at >= depth || end - (depth + w.behind[0]) >= w.stride[0])) break;
    DepthWindow window{{}, 0};
    for (int64_t k = 0; k < w.kernel[0]; ++k) {
      const int64_t slice = at + k * w.dilation[0];
      if (slice >= 0 && slice < depth) window.slices.push_back(slice);
      if (slice < depth + w.behind[0]) ++window.counted;
    }
    windows.push_back(std::move(window));
  }
  return windows;
}

// Pools each slice of depth that a window reads, and joins what `join` makes of each window's.
template <typename Pool, typename Join>
Value pool_3d(Value x, const Windows& w, bool ceil_mode, Pool pool, Join join) {
  const int64_t depth = known_depth(x, 2, "a pool");
  std::vector<OptionalValue> pooled(static_cast<size_t>(depth));
  std::vector<Value> results;
  for (const DepthWindow& window : depth_windows(w, depth, ceil_mode)) {
    if (window.slices.empty()) fail_input("a window lies in the padding alone");
    std::vector<Value> slices;
    for (const int64_t i : window.slices) {
      if (!pooled[i]) pooled[i] = pool(remove_axis(element(x, 2, i), 2));
      slices.push_back(*pooled[i]);
    }
    results.push_back(insert_axis(join(slices, window), 2));
  }
  return joined(std::move(results), 2);
}

// Where each maximum lies in all of x, from where it lies in its window.
Value flat_indices(NodeImport& in, Value argmax, const Shape& x, const Windows& w) {
  const Ints size = sizes(x), kernel = Windows::plane(w.kernel), stride = Windows::plane(w.stride),
             dilation = Windows::plane(w.dilation), padding = w.padding();
  const bool by_columns = in.integer("storage_order", 0) == 1;
  const Shape out = argmax.shape();
  Graph& graph = in.graph();
  const Value in_window = cast(argmax, DType::f64);
  const Value row = cast(cast(in_window / static_cast<double>(kernel[1]), DType::i64), DType::f64);
  const Value column = in_window - row * static_cast<double>(kernel[1]);
  const auto position = [&](Value tap, size_t d) {
    const Value first =
        counting(graph, DType::f64, out[2 + d].size, 2 + d, 4) * static_cast<double>(stride[d]);
    return first - static_cast<double>(padding[d]) + tap * static_cast<double>(dilation[d]);
  };
  const Value h = position(row, 0), v = position(column, 1);
  const Value plane = counting(graph, DType::f64, size[0], 0, 4) * static_cast<double>(size[1]) +
                      counting(graph, DType::f64, size[1], 1, 4);
  const Value in_plane =
      by_columns ? v * static_cast<double>(size[2]) + h : h * static_cast<double>(size[3]) + v;
  return cast(plane * static_cast<double>(size[2] * size[3]) + in_plane, DType::i64);
}

void max_pool(NodeImport& in) {
  const Value given = in.value(0);
  Value x = floating(given);
  Windows w = read_windows(in, x.shape(), in.ints("kernel_shape"));
  const bool ceil_mode = in.flag("ceil_mode", false);
  in.attribute("storage_order");
  const DType dtype = given.dtype();
  if (w.rank() == 3) {
    const auto pool = [&](Value slice) { return max_pool2d(slice, plane_options(w, ceil_mode)); };
    const auto join = [](const std::vector<Value>& slices, const DepthWindow&) {
      return std::accumulate(slices.begin() + 1, slices.end(), slices[0], maximum);
    };
    return in.result(0, as_type(pool_3d(x, w, ceil_mode, pool, join), dtype));
  }
  const bool line = w.rank() == 1;
  x = at_least_planes(x, w);
  const auto done = [&](Value y) { return line ? remove_axis(y, 2) : y; };
  if (!in.wants(1)) return in.result(0, done(as_type(max_pool2d(x, plane_options(w, ceil_mode)), dtype)));
  for (size_t i = 0; i < 4; ++i) known_size(x, i, "the output of indices");
  const Value y = max_pool2d(x, plane_options(w, ceil_mode));
  const auto both =
      in.graph().append(OpKind::max_pool2d_argmax, std::vector<OptionalValue>{x},
                        Attributes(OpKind::max_pool2d_argmax,
                                   in.graph().node(in.graph().info(y.id()).node).attributes.named()));
  in.result(0, done(as_type(both[0], dtype)));
  in.result(1, done(flat_indices(in, both[1], x.shape(), w)));
}

void average_pool(NodeImport& in) {
  Value x = in.value(0);
  Windows w = read_windows(in, x.shape(), in.ints("kernel_shape"));
  for (const int64_t dilation : w.dilation)
    if (dilation != 1) in.reject("dilations other than 1 are not supported");
  const bool ceil_mode = in.flag("ceil_mode", false), counts_padding = in.flag("count_include_pad", false);
  const auto pool = [&](Value planes) {
    const PoolOptions options = plane_options(w, ceil_mode);
    return avg_pool2d(planes, {.kernel_size = options.kernel_size,
                               .stride = options.stride,
                               .padding = options.padding,
                               .count_include_pad = counts_padding,
                               .ceil_mode = ceil_mode});
  };
  if (w.rank() == 3) {
    const auto join = [&](const std::vector<Value>& slices, const DepthWindow& window) {
      const Value sum = std::accumulate(slices.begin() + 1, slices.end(), slices[0], add);
      return sum / static_cast<double>(counts_padding ? window.counted : static_cast<int64_t>(slices.size()));
    };
    return in.result(0, pool_3d(x, w, ceil_mode, pool, join));
  }
  const bool line = w.rank() == 1;
  x = at_least_planes(x, w);
  const Value y = pool(x);
  in.result(0, line ? remove_axis(y, 2) : y);
}

Ints behind_channels(const NodeImport& in, Value x) {
  const size_t rank = x.shape().size();
  if (rank < 3) in.reject(fmt::format("x is {}; expected N, C and more", to_string(x.type())));
  Ints axes(rank - 2);
  std::iota(axes.begin(), axes.end(), 2);
  return axes;
}

void global_average_pool(NodeImport& in) {
  const Value x = in.value(0);
  const Ints axes = behind_channels(in, x);
  in.result(0, axes.size() == 2 ? global_avg_pool2d(x) : mean(x, {.axes = axes, .keepdims = true}));
}

void global_max_pool(NodeImport& in) {
  const Value x = in.value(0);
  const Ints axes = behind_channels(in, x);
  if (axes.size() != 2) return in.result(0, largest(x, axes));
  in.result(0, max_pool2d(x, {.kernel_size = {known_size(x, 2, "a pool"), known_size(x, 3, "a pool")}}));
}

constexpr std::array<Op, 4> rows = {{
    {"MaxPool", {1, 8, 10, 11, 12}, max_pool},
    {"AveragePool", {1, 7, 10, 11, 19}, average_pool},
    {"GlobalAveragePool", {1}, global_average_pool},
    {"GlobalMaxPool", {1}, global_max_pool},
}};

}  // namespace

std::span<const Op> pooling_ops() { return rows; }

}  // namespace sinter::onnx
