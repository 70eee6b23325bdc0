#include "backends/jit/phase_planes.h"

#include <algorithm>

#include "backends/jit/row_vectors.h"
#include "backends/jit/tile_shape.h"

namespace sinter::jit {
namespace {

// Of the taps those of one remainder.
int64_t taps_of(const Sweep& sweep, int64_t phase) { return tile_count(sweep.taps - phase, sweep.in_step); }

int64_t phases_of(const Sweep& sweep) { return std::clamp<int64_t>(sweep.taps, 1, sweep.in_step); }

int64_t extent_of(const Sweep& sweep) {
  return sweep.results + (std::max<int64_t>(sweep.taps, 1) - 1) / sweep.in_step;
}

}  // namespace

PhasePlanes::PhasePlanes(const PlaneProduct& product, const Sweep& vertical, const Sweep& horizontal)
    : product_(product),
      vertical_(vertical),
      horizontal_(horizontal),
      row_phases_(phases_of(vertical)),
      column_phases_(phases_of(horizontal)),
      height_(extent_of(vertical)),
      width_(extent_of(horizontal)) {}

int64_t PhasePlanes::vectors() const { return tile_count(vertical_.results * width_, vector_size); }

int64_t PhasePlanes::elements() const {
  return product_.in_channels * planes() * plane_elements() + vector_size + width_ - horizontal_.results;
}

int64_t PhasePlanes::packed_vectors() const {
  return product_.in_channels * planes() * height_ * tile_count(width_, vector_size);
}

void PhasePlanes::pack(KernelBuilder& k, BufferId x, const Index& sample, BufferId packed) const {
  k.loop("c", 0, product_.in_channels, [&](Index c) {
    const Index from = sample * product_.in_channels + c;
    for (int64_t row = 0; row < row_phases_; ++row)
      for (int64_t column = 0; column < column_phases_; ++column)
        pack_plane(k, x, from, packed, c * planes() + row * column_phases_ + column, row, column);
  });
  const int64_t end = product_.in_channels * planes() * plane_elements();
  zero_run(k, packed, end, elements() - end);
}

void PhasePlanes::pack_plane(KernelBuilder& k, BufferId x, const Index& from_plane, BufferId packed,
                             const Index& to_plane, int64_t row_phase, int64_t column_phase) const {
  k.loop("row", 0, height_, [&](Index row) {
    const Index from = row * vertical_.in_step + row_phase + vertical_.in_offset,
                to = (to_plane * height_ + row) * width_;
    k.when({from, product_.in_rows - 1 - from},
           [&] { copy_row(k, x, from_plane * product_.in_rows + from, packed, to, column_phase); });
    k.when({-1 - from}, [&] { zero_run(k, packed, to, width_); });
    k.when({from - product_.in_rows}, [&] { zero_run(k, packed, to, width_); });
  });
}

void PhasePlanes::copy_row(KernelBuilder& k, BufferId x, const Index& from_row, BufferId packed,
                           const Index& to, int64_t column_phase) const {
  const int64_t step = horizontal_.in_step, offset = column_phase + horizontal_.in_offset;
  // Columns whose element of x, at column * step + offset, is one.
  const int64_t first = offset < 0 ? std::min(width_, tile_count(-offset, step)) : 0,
                beyond = product_.in_columns - offset;
  const int64_t end = beyond > 0 ? std::clamp(tile_count(beyond, step), first, width_) : first;
  zero_run(k, packed, to, first);
  for_vectors(k, end - first, [&](const Index& at, const std::optional<Index>& count) {
    const Index column = (at + first) * step + offset;
    const Access from{
        .buffer = x, .index = from_row * product_.in_columns + column, .lane_stride = step, .count = count};
    k.store({.buffer = packed, .index = to + first + at, .count = count}, k.load(from, true));
  });
  zero_run(k, packed, to + end, width_ - end);
}

void PhasePlanes::over_taps(KernelBuilder& k, const std::function<void(const Tap&)>& body) const {
  if (vertical_.taps == 0 || horizontal_.taps == 0) return;
  k.loop("c", 0, product_.in_channels, [&](Index c) {
    for (int64_t row = 0; row < row_phases_; ++row)
      k.loop("ky", 0, taps_of(vertical_, row), [&](Index ky) {
        for (int64_t column = 0; column < column_phases_; ++column)
          k.unroll("kx", taps_of(horizontal_, column), [&](Index kx) {
            const Index plane = c * planes() + row * column_phases_ + column;
            const Index y = ky * vertical_.in_step + row, x = kx * horizontal_.in_step + column;
            body({c, vertical_.tap_first + y * vertical_.tap_step,
                  horizontal_.tap_first + x * horizontal_.tap_step, (plane * height_ + ky) * width_ + kx});
          });
      });
  });
}

}  // namespace sinter::jit
