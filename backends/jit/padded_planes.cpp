#include "backends/jit/padded_planes.h"

#include <algorithm>

#include "backends/jit/row_vectors.h"
#include "backends/jit/tile_shape.h"

namespace sinter::jit {

PaddedPlanes::PaddedPlanes(KernelBuilder& k, BufferId x, const Type& type, const Window& window)
    : k_(k),
      x_(x),
      all_planes_(tile_count(type.shape[1].size, granule(type))),
      height_(type.shape[2].size),
      width_(type.shape[3].size),
      lanes_(granule(type)),
      window_(window) {
  require(type.layout.is_plain() || type.layout == channel_blocked(), "a plain or a channel-blocked value");
  packed_ = k_.workspace("packed", DType::f32,
                         tile_count(window.channels, lanes_) * lanes_ * window.rows * window.columns);
}

Index PaddedPlanes::at(const Index& plane, const Index& row) const {
  return (plane * window_.rows + row) * (window_.columns * lanes_);
}

void PaddedPlanes::pack(const Index& sample, const Index& first_channel, int64_t channels,
                        const Index& first_row) const {
  const int64_t row_elements = window_.columns * lanes_;
  const Index first = blocked() ? divided(first_channel, lanes_) : first_channel;
  k_.loop("plane", 0, tile_count(channels, lanes_), [&](Index plane) {
    k_.loop("row", 0, window_.rows, [&](Index row) {
      const Index from = first_row + row, to = at(plane, row);
      k_.when({from, height_ - 1 - from},
              [&] { copy_row(((sample * all_planes_ + first + plane) * height_ + from) * width_, to); });
      k_.when({-1 - from}, [&] { zero_run(k_, packed_, to, row_elements); });
      k_.when({from - height_}, [&] { zero_run(k_, packed_, to, row_elements); });
    });
  });
}

// `from`: the row's first pixel.
void PaddedPlanes::copy_row(const Index& from, const Index& to) const {
  const int64_t first = std::clamp<int64_t>(-window_.first_column, 0, window_.columns),
                end = std::clamp(width_ - window_.first_column, first, window_.columns);
  zero_run(k_, packed_, to, first * lanes_);
  for_vectors(k_, (end - first) * lanes_, [&](const Index& at, const std::optional<Index>& count) {
    const Index source = (from + first + window_.first_column) * lanes_ + at;
    k_.store({.buffer = packed_, .index = to + first * lanes_ + at, .count = count},
             k_.load({.buffer = x_, .index = source, .count = count}, true));
  });
  zero_run(k_, packed_, to + end * lanes_, (window_.columns - end) * lanes_);
}

Expr PaddedPlanes::spread(const Channel& channel, const Index& row, const Index& column) const {
  const Index index = blocked() ? at(channel.block, row) + column * lanes_ + channel.lane
                                : at(channel.number(), row) + column;
  return k_.load({.buffer = packed_, .index = index, .lane_stride = 0}, true);
}

void PaddedPlanes::over_tiles(int64_t channels, int64_t most,
                              const std::function<void(const Channel&, int64_t)>& body) const {
  const auto lanes_of = [&](const Index& block, int64_t count) {
    for_tiles(k_, "ct", count, most, [&](Index lane, int64_t tile) { body({block, lane}, tile); });
  };
  if (!blocked()) return lanes_of(0, channels);
  for_tiles(k_, "cb", channels / lanes_, 1, [&](Index block, int64_t) { lanes_of(block, lanes_); });
  if (channels % lanes_ != 0) lanes_of(channels / lanes_, channels % lanes_);
}

}  // namespace sinter::jit
