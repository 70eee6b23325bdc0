#include "backends/jit/weight_sums.h"

#include <algorithm>

#include "backends/jit/floor_divided.h"
#include "backends/jit/tile_shape.h"

namespace sinter::jit {
namespace {

constexpr int64_t columns_at_once = 4;  // neighbours share most of what they read of x

// What a core reads of planes that stay in its first cache, in the next ones, and in none.
constexpr double first_cache_bytes = 32 << 10, near_bytes = 2 << 20;
constexpr double near_bytes_per_second = 100e9, far_bytes_per_second = 40e9;
constexpr int64_t registers_of_sums = 28;

}  // namespace

// Each tile of sums reads all planes of its output channels once for each input channel.
double weight_sums_seconds(const Convolution& size) {
  const double products = gradient_seconds(size);
  const int64_t taps = std::min(size.kw, registers_of_sums);
  const int64_t channels = std::min(size.o, registers_of_sums / taps);
  const int64_t vector_bytes = vector_size * size_of(DType::f32);
  const double planes = static_cast<double>(channels * size.oh * size.ow * vector_bytes);
  if (planes <= first_cache_bytes) return products;
  const double vectors =
      size.multiply_adds() / static_cast<double>(size.n) * static_cast<double>(batch_blocks(size.n));
  const double bytes = vectors * static_cast<double>(vector_bytes) *
                       (1 / static_cast<double>(taps) + 1 / static_cast<double>(channels));
  return std::max(products, bytes / (planes <= near_bytes ? near_bytes_per_second : far_bytes_per_second));
}

WeightSums::WeightSums(KernelBuilder& k, const Convolution& size, const BatchValue& x, const CpuTarget& cpu)
    : k_(k),
      size_(size),
      x_(x),
      taps_(std::min(size.kw, static_cast<int64_t>(cpu.vector_registers) - 3)),
      channels_(choose_tile(
                    {.outer = size.o, .inner = taps_, .inner_step = taps_, .registers = cpu.vector_registers})
                    .outer) {}

void WeightSums::over_taps(const std::function<void(const Taps&)>& body) const {
  const auto taps_of = [&](const Index& ky, const std::vector<Index>& first, const std::vector<Index>& end) {
    for (int64_t kx = 0; kx < size_.kw; kx += taps_)
      body({ky, kx, std::min(taps_, size_.kw - kx), first, end});
  };
  if (size_.stride_h == 1)
    return k_.loop("ky", 0, size_.kh, [&](Index ky) {
      taps_of(ky, {0, size_.top - ky}, {size_.oh, size_.h + size_.top - ky});
    });
  for (int64_t ky = 0; ky < size_.kh; ++ky)
    taps_of(ky, {std::max<int64_t>(0, ceil_divided(size_.top - ky, size_.stride_h))},
            {std::min(size_.oh, ceil_divided(size_.h + size_.top - ky, size_.stride_h))});
}

// Columns whose taps all lie within x run in a loop; those at the borders are written out.
void WeightSums::add(const TileHandle& sum, int64_t channels, const Taps& taps, const Row& row) const {
  const int64_t kx = taps.kx;
  const int64_t first = std::clamp<int64_t>(ceil_divided(size_.left - kx, size_.stride_w), 0, size_.ow);
  const int64_t end = std::clamp<int64_t>(
      ceil_divided(size_.w + size_.left - (kx + taps.count - 1), size_.stride_w), first, size_.ow);
  const auto border = [&](int64_t column) {
    const int64_t begin = size_.left - kx - column * size_.stride_w;
    add_column(sum, channels, taps, row, column, std::max<int64_t>(0, begin),
               std::min(taps.count, begin + size_.w));
  };
  for (int64_t column = 0; column < first; ++column) border(column);
  for_tiles(k_, "xt", end - first, columns_at_once, [&](Index start, int64_t width) {
    k_.unroll("u", width,
              [&](Index u) { add_column(sum, channels, taps, row, start + first + u, 0, taps.count); });
  });
  for (int64_t column = end; column < size_.ow; ++column) border(column);
}

void WeightSums::add_column(const TileHandle& sum, int64_t channels, const Taps& taps, const Row& row,
                            const Index& column, int64_t begin, int64_t end) const {
  const Index x_row = row.y * size_.stride_h + taps.ky - size_.top;
  const TileHandle dy = k_.tile("dy", DType::f32, true, {channels});
  k_.unroll("i", channels, [&](Index i) { dy.set({i}, row.dy(i, column)); });
  for (int64_t tap = begin; tap < end; ++tap) {
    const Index x_column = column * size_.stride_w + (taps.kx + tap - size_.left);
    const Expr x = k_.let("x", x_.load(row.block, {row.c, x_row, x_column}));
    k_.unroll("i", channels, [&](Index i) { sum.set({i, tap}, multiply_add(x, dy(i), sum(i, Index(tap)))); });
  }
}

}  // namespace sinter::jit
