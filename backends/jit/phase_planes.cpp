#include "backends/jit/phase_planes.h"

#include <algorithm>
#include <numeric>

#include "backends/jit/row_vectors.h"
#include "backends/jit/tile_shape.h"

namespace sinter::jit {
namespace {

// Every so many taps read the same plane, so many elements further on.
struct Period {
  int64_t taps, moved;
};

Period period_of(const Sweep& sweep) {
  const int64_t common = std::gcd(sweep.in_step, sweep.in_tap_step);
  return {sweep.in_step / common, sweep.in_tap_step / common};
}

// The first taps of a period have a plane each.
int64_t phases_of(const Sweep& sweep) { return std::clamp<int64_t>(sweep.taps, 1, period_of(sweep).taps); }

int64_t taps_of(const Sweep& sweep, int64_t phase) {
  return tile_count(sweep.taps - phase, period_of(sweep).taps);
}

// Where a plane begins in the input, and where in it the first of its taps reads.
int64_t remainder_of(const Sweep& sweep, int64_t phase) { return phase * sweep.in_tap_step % sweep.in_step; }
int64_t shift_of(const Sweep& sweep, int64_t tap) { return tap * sweep.in_tap_step / sweep.in_step; }

int64_t extent_of(const Sweep& sweep) {
  return sweep.results + shift_of(sweep, std::max<int64_t>(sweep.taps, 1) - 1);
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

void PhasePlanes::pack(KernelBuilder& k, BufferId x, const Index& image, BufferId packed) const {
  k.loop("c", 0, product_.in_channels, [&](Index c) {
    const Index from = image * product_.in_channels + c;
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
    const Index from = row * vertical_.in_step + remainder_of(vertical_, row_phase) + vertical_.in_offset,
                to = (to_plane * height_ + row) * width_;
    k.when({from, product_.in_rows - 1 - from},
           [&] { copy_row(k, x, from_plane * product_.in_rows + from, packed, to, column_phase); });
    k.when({-1 - from}, [&] { zero_run(k, packed, to, width_); });
    k.when({from - product_.in_rows}, [&] { zero_run(k, packed, to, width_); });
  });
}

void PhasePlanes::copy_row(KernelBuilder& k, BufferId x, const Index& from_row, BufferId packed,
                           const Index& to, int64_t column_phase) const {
  const int64_t step = horizontal_.in_step,
                offset = remainder_of(horizontal_, column_phase) + horizontal_.in_offset;
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

PhasePlanes::Tap PhasePlanes::tap(const Index& channel, const PhaseTap& down, const PhaseTap& across) const {
  const Period rows = period_of(vertical_), columns = period_of(horizontal_);
  const Index plane = channel * planes() + down.phase * column_phases_ + across.phase;
  const Index row = down.number * rows.moved + shift_of(vertical_, down.phase),
              column = across.number * columns.moved + shift_of(horizontal_, across.phase);
  return {channel, vertical_.tap_first + (down.number * rows.taps + down.phase) * vertical_.tap_step,
          horizontal_.tap_first + (across.number * columns.taps + across.phase) * horizontal_.tap_step,
          (plane * height_ + row) * width_ + column};
}

std::vector<PhasePlanes::Tap> PhasePlanes::taps(const Index& channel) const {
  std::vector<Tap> taps;
  const Period rows = period_of(vertical_), columns = period_of(horizontal_);
  for (int64_t y = 0; y < vertical_.taps; ++y)
    for (int64_t x = 0; x < horizontal_.taps; ++x)
      taps.push_back(tap(channel, {y % rows.taps, y / rows.taps}, {x % columns.taps, x / columns.taps}));
  return taps;
}

void PhasePlanes::over_taps(KernelBuilder& k, const std::function<void(const Tap&)>& body) const {
  if (vertical_.taps == 0 || horizontal_.taps == 0) return;
  k.loop("c", 0, product_.in_channels, [&](Index c) {
    for (int64_t row = 0; row < row_phases_; ++row)
      k.loop("ky", 0, taps_of(vertical_, row), [&](Index ky) {
        for (int64_t column = 0; column < column_phases_; ++column)
          k.unroll("kx", taps_of(horizontal_, column), [&](Index kx) {
            body(tap(c, {row, ky}, {column, kx}));
          });
      });
  });
}

}  // namespace sinter::jit
