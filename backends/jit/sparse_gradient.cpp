#include "backends/jit/sparse_gradient.h"

#include <algorithm>

#include "backends/jit/elementwise.h"
#include "backends/jit/tile_shape.h"

namespace sinter::jit {
namespace {

constexpr int64_t first_cache_bytes = 32 << 10;
constexpr double gathered_seconds = 30e-9, contiguous_seconds = 6e-9;  // of sixteen gradients

int64_t round_up(int64_t elements) { return tile_count(elements, vector_size) * vector_size; }

bool is_bias_gradient(const Node& node, ValueId dy) {
  return node.op == OpKind::sum && node.operands[0] == dy && node.attributes.ints("axes") == Ints{0, 2, 3} &&
         !node.attributes.boolean("keepdims");
}

std::optional<std::string> find_parts(const Graph& body, OpKind product, SparseForm& found) {
  ValueId unpooled;
  for (NodeId id = 0; id < static_cast<NodeId>(body.nodes().size()); ++id) {
    const Node& node = body.node(id);
    if (node.op == OpKind::max_pool2d_backward && found.unpool < 0) {
      found.unpool = id;
      found.dy = node.operands[0];
      found.argmax = node.operands[1];
      unpooled = node.results[0];
    } else if (node.op == product && found.product < 0) {
      found.product = id;
    } else if (product == OpKind::conv2d_backward_weights) {
      if (!is_bias_gradient(node, unpooled) || found.bias)
        return fmt::format("{} is no sum of the convolution's dy", to_string(node.op));
      found.bias = node.results[0];
    } else if (auto why = refuses_elementwise(body, node)) {
      return why;
    }
  }
  if (found.unpool < 0) return "it has no max_pool2d_backward";
  if (found.product < 0) return fmt::format("it has no {}", to_string(product));
  return std::nullopt;
}

std::optional<std::string> refuses_operands(const Graph& body, const SparseForm& form) {
  const Node &unpool = body.node(form.unpool), &product = body.node(form.product);
  for (const Node* node : {&unpool, &product})
    for (const ValueId id : node->operands)
      if (id != unpool.results[0] && body.info(id).kind != ValueKind::input)
        return fmt::format("something is computed before the {}", to_string(node->op));
  const ValueId made = product.results[0];
  for (const Node& node : body.nodes())
    for (const ValueId id : node.operands) {
      const bool behind = &node != &unpool && &node != &product && node.op != OpKind::sum;
      if (!behind) continue;
      if (id == unpool.results[0]) return "the pool's gradient has other readers";
      if (body.type(id).shape != body.type(made).shape && element_count(body.type(id).shape) != 1)
        return fmt::format("{} has an operand of another shape", to_string(node.op));
    }
  for (const GraphResult& result : body.results())
    if (result.value == unpool.results[0]) return "the pool's gradient is a result";
  if (body.type(form.dy).dtype != DType::f32) return "the gradient is not in f32";
  return std::nullopt;
}

}  // namespace

std::optional<std::string> refuses_sparse(const Graph& body, OpKind product, SparseForm* form) {
  SparseForm found;
  if (auto why = find_parts(body, product, found)) return why;
  const Node &unpool = body.node(found.unpool), &node = body.node(found.product);
  const bool weights = product == OpKind::conv2d_backward_weights;
  if (node.operands[weights ? 1 : 0] != unpool.results[0])
    return fmt::format("{} is of something else than the pool's gradient", to_string(product));
  if (auto why = refuses_grouped_or_dilated(node)) return why;
  if (auto why = refuses_operands(body, found)) return why;
  const Shape& x = body.type(weights ? node.operands[0] : node.results[0]).shape;
  const Shape& weight = body.type(weights ? node.results[0] : node.operands[1]).shape;
  found.convolution = convolution(x, weight, body.type(unpool.results[0]).shape, node.attributes);
  found.pool = pool_sizes(body, unpool);
  const Shape& pooled = body.type(found.dy).shape;
  found.pool.oh = pooled[2].size;
  found.pool.ow = pooled[3].size;
  if (form != nullptr) *form = found;
  return std::nullopt;
}

PixelGrid::PixelGrid(const SparseForm& form, int64_t step)
    : step(step),
      row_pixels(form.convolution.stride_h),
      column_pixels(form.convolution.stride_w),
      top(form.convolution.top + form.pool.top * form.convolution.stride_h),
      left(form.convolution.left + form.pool.left * form.convolution.stride_w),
      convolution_(form.convolution),
      pool_(form.pool) {
  const int64_t reached = ((pool_.ow - 1) * pool_.stride_w + pool_.kw - 1) * column_pixels + convolution_.kw;
  width = std::max(reached, convolution_.w + left);
}

int64_t PixelGrid::rows(int64_t pool_rows) const {
  return ((pool_rows - 1) * pool_.stride_h + pool_.kh - 1) * row_pixels + convolution_.kh;
}

int64_t choose_band(const SparseForm& form, const PixelGrid& grid) {
  int64_t band = 1;
  while (band < form.pool.oh &&
         grid.rows(band + 1) * grid.width * vector_size * size_of(DType::f32) <= first_cache_bytes * 3 / 4)
    ++band;
  return tile_count(form.pool.oh, tile_count(form.pool.oh, band));
}

GradientLists::GradientLists(KernelBuilder& k, const SparseForm& form, const PixelGrid& grid,
                             const PixelValue& dy, const PixelValue& argmax, int64_t band, int64_t channels,
                             bool skip_zeros)
    : k_(k),
      form_(form),
      grid_(grid),
      dy_(dy),
      argmax_(argmax),
      band_(band),
      windows_(band * form.pool.ow),
      capacity_(round_up(windows_) + vector_size),
      skip_zeros_(skip_zeros) {
  const PoolSizes& pool = form.pool;
  const int64_t last_row = ((band - 1) * pool.stride_h + pool.kh - 1) * grid.row_pixels,
                last_column = ((pool.ow - 1) * pool.stride_w + pool.kw - 1) * grid.column_pixels;
  places_ = (last_row * grid.width + last_column) * grid.step + 1;
  starts_ = k.workspace("starts", DType::i32, round_up(windows_));
  places_list_ = k.workspace("places", DType::i32, channels * capacity_);
  values_ = k.workspace("values", DType::f32, channels * capacity_);
  counts_ = k.workspace("counts", DType::i32, channels);
}

void GradientLists::prepare() {
  const PoolSizes& pool = form_.pool;
  k_.loop("p", 0, band_, [&](Index p) {
    k_.loop("q", 0, pool.ow, [&](Index q) {
      const Index pixel =
          p * (pool.stride_h * grid_.row_pixels * grid_.width) + q * (pool.stride_w * grid_.column_pixels);
      k_.store({.buffer = starts_, .index = p * pool.ow + q}, k_.index(DType::i32, pixel * grid_.step));
    });
  });
  for (int64_t i = windows_; i < round_up(windows_); ++i)
    k_.store({.buffer = starts_, .index = i}, k_.index(DType::i32, 0));
}

// A window's elements are numbered row by row.
Expr GradientLists::place_of(const Index& first_window, Expr argmax) const {
  const PoolSizes& pool = form_.pool;
  const auto number = [&](int64_t value) { return k_.number(DType::i32, static_cast<double>(value), true); };
  const int64_t column = grid_.column_pixels * grid_.step,
                row = grid_.row_pixels * grid_.width * grid_.step - pool.kw * column;
  Expr place = k_.load({.buffer = starts_, .index = first_window}, true) + argmax * number(column);
  for (int64_t i = 1; i < pool.kh; ++i)
    place =
        place + select(k_.apply(Op::greater_equal, {argmax, number(i * pool.kw)}), number(row), number(0));
  return place;
}

void GradientLists::collect(const Sample& sample, const Channel& channel, const Index& first,
                            const Index& slot, const std::function<void(Expr)>& each) {
  const TileHandle count = k_.tile("count", DType::i32, false, {});
  count.set({}, k_.number(DType::i32, 0, false));
  k_.loop("v", 0, tile_count(windows_, vector_size), [&](Index v) {
    const Index pixel = first * form_.pool.ow + v * vector_size;
    Expr dy = k_.load(dy_.pixels(sample, channel, pixel), true);
    // Windows of the next band.
    if (band_ < form_.pool.oh && windows_ % vector_size != 0)
      dy = k_.first_lanes(dy, windows_ - v * vector_size);
    dy = k_.let("dy", dy);
    if (each) each(dy);
    const Expr argmax =
        k_.let("argmax", k_.cast(k_.load(argmax_.pixels(sample, channel, pixel), true), DType::i32));
    if (!skip_zeros_) {
      const Index at = slot * capacity_ + v * vector_size;
      k_.store({.buffer = places_list_, .index = at}, place_of(v * vector_size, argmax));
      k_.store({.buffer = values_, .index = at}, dy);
      return;
    }
    const Expr is_there = k_.let("is_there", k_.apply(Op::not_equal, {dy, k_.number(DType::f32, 0, true)}));
    const auto append = [&](BufferId list, const Expr& value) {
      k_.store({.buffer = list, .index = slot * capacity_, .offset = Offset{count().id(), windows_ + 1}},
               k_.compress(value, is_there));
    };
    append(places_list_, place_of(v * vector_size, argmax));
    append(values_, dy);
    count.set({}, count() + k_.count_lanes(is_there));
  });
  if (!skip_zeros_) {  // those of the last band that are there
    const Index left = (form_.pool.oh - first) * form_.pool.ow;
    const Expr all = k_.number(DType::i32, static_cast<double>(windows_), false);
    count.set({}, minimum(k_.index(DType::i32, left), all));
  }
  k_.store({.buffer = counts_, .index = slot}, count());
}

void GradientLists::over(const Index& slot, const std::function<void(Expr, Expr)>& body) const {
  k_.loop_counted("e", windows_, k_.load({.buffer = counts_, .index = slot}, false), [&](Index e) {
    const Index at = slot * capacity_ + e;
    const Expr place = k_.let("place", k_.load({.buffer = places_list_, .index = at}, false));
    const Expr value = k_.let("value", k_.load({.buffer = values_, .index = at, .lane_stride = 0}, true));
    body(place, value);
  });
}

// In steps that each take about as long as a product: what sixteen gradients cost to sort out, against the
// products of the third of them that is expected to be zero.
bool pays_to_skip_zeros(int64_t products, const CpuTarget& cpu) {
  const int64_t sorting = cpu.has_avx512 ? 16 : 96;
  return products * vector_size / 3 > sorting;
}

double list_seconds(const Type& dy) {
  const double vectors = static_cast<double>(element_count(dy.shape)) / static_cast<double>(vector_size);
  return vectors * (dy.layout.is_plain() ? contiguous_seconds : gathered_seconds);
}

double expected_gradients(const Shape& dy) { return 0.75 * static_cast<double>(element_count(dy)); }

}  // namespace sinter::jit
