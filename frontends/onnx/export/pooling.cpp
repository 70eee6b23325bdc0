#include <array>

#include "frontends/onnx/export_table.h"

namespace sinter::onnx {
namespace {

/// The windows of a pool of x [N, C, H, W].
struct Pool {
  Ints kernel, stride, padding, dilation;
  bool ceil_mode;

  explicit Pool(const Attributes& a, bool dilated)
      : kernel(a.ints("kernel_size")),
        stride(a.ints("stride").empty() ? kernel : a.ints("stride")),
        padding(a.ints("padding")),
        dilation(dilated ? a.ints("dilation") : Ints{1, 1}),
        ceil_mode(a.boolean("ceil_mode")) {}

  int64_t span(size_t i) const { return dilation[i] * (kernel[i] - 1) + 1; }
  int64_t padded(size_t i, int64_t size) const { return size + padding[i] + padding[2 + i]; }
  // How far the last of `count` windows reaches beyond the padding.
  int64_t beyond(size_t i, int64_t size, int64_t count) const {
    return std::max<int64_t>((count - 1) * stride[i] + span(i) - padded(i, size), 0);
  }
  // Whether ONNX counts as many windows: it keeps a last one that begins in the padding behind x.
  bool is_usual(size_t i, int64_t size, int64_t count) const {
    return (padded(i, size) - span(i) + stride[i] - 1) / stride[i] + 1 == count;
  }
  NamedAttributes attributes() const {
    return {{"kernel_shape", kernel}, {"strides", stride}, {"pads", padding}, {"ceil_mode", ceil_mode}};
  }
};

// How far windows reach beyond the padding, of height and width; what ONNX counts otherwise is said by more
// padding instead.
Ints settle_ceil_mode(const NodeExport& out, Pool& pool) {
  Ints beyond = {0, 0};
  if (!pool.ceil_mode) return beyond;
  bool usual = true;
  for (size_t i = 0; i < 2; ++i) {
    const Dim &size = out.shape(0)[2 + i], &count = out.result_type().shape[2 + i];
    if (size.is_symbol() || count.is_symbol()) return beyond;
    beyond[i] = pool.beyond(i, size.size, count.size);
    usual = usual && pool.is_usual(i, size.size, count.size);
  }
  if (!usual) {
    pool.ceil_mode = false;
    for (size_t i = 0; i < 2; ++i) pool.padding[2 + i] += beyond[i];
  }
  return beyond;
}

void max_pool(NodeExport& out) {
  Pool pool(out.attributes(), true);
  settle_ceil_mode(out, pool);
  NamedAttributes attributes = pool.attributes();
  attributes.emplace_back("dilations", pool.dilation);
  out.result("MaxPool", out.inputs(), std::move(attributes));
}

// The index of the largest in its window, from its index in all of x.
void max_pool_argmax(NodeExport& out) {
  Pool pool(out.attributes(), true);
  settle_ceil_mode(out, pool);
  const Shape &x = out.shape(0), &y = out.result_type(1).shape;
  const int64_t height = out.known_size(x, 2), width = out.known_size(x, 3);
  NamedAttributes attributes = pool.attributes();
  attributes.emplace_back("dilations", pool.dilation);
  const std::string flat = out.emit_second("MaxPool", out.inputs(), std::move(attributes));
  const auto scalar = [&](int64_t number) { return out.tensor("number", Tensor::of<int64_t>({}, {number})); };
  const auto tap = [&](const std::string& position, size_t d) {
    Ints shape(4, 1), first;
    shape[2 + d] = y[2 + d].size;
    for (int64_t i = 0; i < y[2 + d].size; ++i) first.push_back(i * pool.stride[d] - pool.padding[d]);
    const std::string begin =
        out.tensor("begin", Tensor::of<int64_t>(shape, std::span<const int64_t>(first)));
    return out.emit("Div", {out.emit("Sub", {position, begin}), scalar(pool.dilation[d])});
  };
  const auto rest = [&](const std::string& number, int64_t divisor) {
    const std::string whole = out.emit("Div", {number, scalar(divisor)});
    return out.emit("Sub", {number, out.emit("Mul", {whole, scalar(divisor)})});
  };
  const std::string in_plane = rest(flat, height * width);
  const std::string row = tap(out.emit("Div", {in_plane, scalar(width)}), 0);
  const std::string column = tap(rest(in_plane, width), 1);
  const std::string in_window = out.emit("Add", {out.emit("Mul", {row, scalar(pool.kernel[1])}), column});
  out.result_at(1, "Cast", {in_window}, {{"to", out.result_number(1)}});
}

// How many elements of each window count, where not all of those beyond the padding do, as a part of all.
Tensor counted_part(const Pool& pool, const Ints& sizes, const Ints& counts, DType dtype) {
  const auto counted = [&](size_t i, int64_t window) {
    const int64_t begin = window * pool.stride[i];
    return std::min(pool.kernel[i], pool.padded(i, sizes[i]) - begin);
  };
  Tensor parts(dtype, {1, 1, counts[0], counts[1]});
  const auto all = static_cast<double>(pool.kernel[0] * pool.kernel[1]);
  for (int64_t p = 0; p < counts[0]; ++p)
    for (int64_t q = 0; q < counts[1]; ++q)
      parts.set(p * counts[1] + q, all / static_cast<double>(counted(0, p) * counted(1, q)));
  return parts;
}

// What lies beyond the padding never counts here; where ONNX would count it, the means are put right.
void avg_pool(NodeExport& out) {
  Pool pool(out.attributes(), false);
  const Pool asked = pool;
  const bool counts_padding = out.attributes().boolean("count_include_pad");
  const Ints beyond = settle_ceil_mode(out, pool);
  const bool reaches = beyond[0] > 0 || beyond[1] > 0;
  if (reaches && pool.ceil_mode && counts_padding) {
    pool.ceil_mode = false;
    for (size_t i = 0; i < 2; ++i) pool.padding[2 + i] += beyond[i];
  }
  NamedAttributes attributes = pool.attributes();
  attributes.emplace_back("count_include_pad", counts_padding);
  if (!reaches || !counts_padding) return out.result("AveragePool", out.inputs(), std::move(attributes));
  const Shape &x = out.shape(0), &y = out.result_type().shape;
  const std::string parts = out.tensor(
      "parts", counted_part(asked, {x[2].size, x[3].size}, {y[2].size, y[3].size}, out.type(0).dtype));
  out.result("Mul", {out.emit("AveragePool", out.inputs(), std::move(attributes)), parts});
}

void global_avg_pool(NodeExport& out) { out.result("GlobalAveragePool", out.inputs()); }

constexpr std::array<ExportRule, 4> rules = {{
    {OpKind::max_pool2d, max_pool, {"MaxPool"}},
    {OpKind::max_pool2d_argmax, max_pool_argmax, {"MaxPool", "Div", "Sub", "Mul", "Add", "Cast"}},
    {OpKind::avg_pool2d, avg_pool, {"AveragePool", "Mul"}},
    {OpKind::global_avg_pool2d, global_avg_pool, {"GlobalAveragePool"}},
}};

}  // namespace

std::span<const ExportRule> pooling_exports() { return rules; }

}  // namespace sinter::onnx
