#include "backends/jit/data_sums.h"

#include <algorithm>

#include "backends/jit/floor_divided.h"

namespace sinter::jit {

DataSums::DataSums(KernelBuilder& k, const Convolution& size, BufferId weight, const CpuTarget& cpu)
    : k_(k), size_(size), weight_(weight) {
  choose_tile(cpu.vector_registers);
}

// Beside the sums, kw weights of each channel stay in registers over a row of dy.
void DataSums::choose_tile(int64_t registers) {
  const int64_t widest = std::min<int64_t>(ceil_divided(size_.w, size_.stride_w) * size_.stride_w, 28);
  double most = 0;
  for (int64_t c = 1; c <= std::min<int64_t>(size_.c, 8); ++c)
    for (int64_t w = size_.stride_w; w <= widest; w += size_.stride_w) {
      const int64_t taps = std::min(size_.kw, registers / 4);
      if (c * (w + taps) + 2 > registers && (c > 1 || w > size_.stride_w)) break;
      const double loads =
          static_cast<double>(w + taps) / static_cast<double>(size_.stride_w) + static_cast<double>(c * taps);
      const double useful = static_cast<double>(c * w) / loads * static_cast<double>(size_.w) /
                            static_cast<double>(ceil_divided(size_.w, w) * w);
      if (useful <= most) continue;
      most = useful;
      channels_ = c;
      width_ = w;
    }
}

int64_t DataSums::first_step(int64_t phase) const { return ceil_divided(size_.top - phase, size_.stride_h); }

int64_t DataSums::end_step(int64_t phase) const {
  return floor_divided(size_.h - 1 + size_.top - phase, size_.stride_h) + 1;
}

// Rows by phase: those a multiple of the stride apart meet the same rows of the kernel.
void DataSums::write(const Index& c, int64_t channels, const Steps& steps, const Gradient& dy,
                     const Result& store) const {
  for (int64_t phase = 0; phase < size_.stride_h; ++phase) {
    if (first_step(phase) >= end_step(phase)) continue;
    std::vector<Index> first = {first_step(phase)}, end = {end_step(phase)};
    first.insert(first.end(), steps.first.begin(), steps.first.end());
    end.insert(end.end(), steps.end.begin(), steps.end.end());
    k_.loop("r", first, end, [&](Index r) {
      over_columns([&](Index column, int64_t start, int64_t width) {
        write_tile({c, channels, column, start, width}, r, phase, dy, store);
      });
    });
  }
}

// Tiles at the borders have columns known in advance; those between share their code.
void DataSums::over_columns(
    const std::function<void(Index column, int64_t start, int64_t width)>& body) const {
  const int64_t tiles = ceil_divided(size_.w, width_);
  const auto is_inner = [&](int64_t tile) {
    const int64_t from = tile * width_ + size_.left - (size_.kw - 1),
                  to = (tile + 1) * width_ - 1 + size_.left;
    return from >= 0 && to <= (size_.ow - 1) * size_.stride_w && (tile + 1) * width_ <= size_.w;
  };
  for (int64_t tile = 0; tile < tiles;) {
    int64_t end = tile;
    while (end < tiles && is_inner(end)) ++end;
    const int64_t start = tile * width_;
    if (end - tile > 1) {
      k_.loop("xt", 0, end - tile, [&](Index i) { body(i * width_ + start, start, width_); });
      tile = end;
      continue;
    }
    body(start, start, std::min(width_, size_.w - start));
    ++tile;
  }
}

void DataSums::write_tile(const Tile& tile, const Index& r, int64_t phase, const Gradient& dy,
                          const Result& store) const {
  const TileHandle sum = k_.tile("sum", DType::f32, true, {tile.channels, tile.width});
  const auto each = [&](const std::function<void(Index, Index)>& body) {
    k_.unroll("i", tile.channels, [&](Index i) { k_.unroll("j", tile.width, [&](Index j) { body(i, j); }); });
  };
  each([&](Index i, Index j) { sum.set({i, j}, k_.number(DType::f32, 0, true)); });
  const int64_t taps = size_.kh > phase ? ceil_divided(size_.kh - phase, size_.stride_h) : 0;
  if (taps > 0)
    k_.loop("o", 0, size_.o, [&](Index o) {
      k_.loop("t", std::vector<Index>{0, r - (size_.oh - 1)}, {taps, r + 1},
              [&](Index t) { add_row(sum, tile, o, r - t, t * size_.stride_h + phase, dy); });
    });
  each([&](Index i, Index j) {
    store(sum(i, j), tile.c + i, r * size_.stride_h + (phase - size_.top), tile.column + j);
  });
}

// One row of dy through one row of the kernel.
void DataSums::add_row(const TileHandle& sum, const Tile& tile, const Index& o, const Index& y,
                       const Index& ky, const Gradient& dy) const {
  const int64_t stride = size_.stride_w, start = tile.start;
  const int64_t first = std::max<int64_t>(0, ceil_divided(start + size_.left - (size_.kw - 1), stride)),
                last = std::min(size_.ow - 1, floor_divided(start + tile.width - 1 + size_.left, stride));
  const Index moved = divided(tile.column - start);
  for (int64_t x = first; x <= last; ++x) {
    const int64_t from = x * stride - size_.left - start;  // column of the tile that kx = 0 reaches
    const int64_t begin = std::max<int64_t>(0, -from), end = std::min(size_.kw, tile.width - from);
    if (begin >= end) continue;
    const Expr gradient = k_.let("dy", dy(o, y, moved + x));
    for (int64_t kx = begin; kx < end; ++kx)
      k_.unroll("i", tile.channels, [&](Index i) {
        const Index at = ((o * size_.c + tile.c + i) * size_.kh + ky) * size_.kw + kx;
        const Expr weight = k_.load({.buffer = weight_, .index = at, .lane_stride = 0}, true);
        sum.set({i, from + kx}, multiply_add(gradient, weight, sum(i, Index(from + kx))));
      });
  }
}

Index DataSums::divided(const Index& index) const {
  Index result = index.constant() / size_.stride_w;
  for (const Index::Term& term : index.terms())
    result += Index::variable(term.variable) * (term.factor / size_.stride_w);
  return result;
}

}  // namespace sinter::jit
