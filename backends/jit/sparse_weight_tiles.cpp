#include "backends/jit/sparse_weight_tiles.h"

#include "backends/jit/tile_shape.h"

namespace sinter::jit {
namespace {

// Of sixteen channels of a pixel, in each layout of x, and of one element. Sixteen channels of a
// batch-blocked value lie in as many pages.
constexpr double gather_seconds = 4e-9, page_seconds = 40e-9, copy_seconds = 1e-9, element_seconds = 0.5e-9;

// All of x once.
double pack_seconds(const Convolution& size, const Layout& x) {
  const WeightLanes lanes(size);
  const auto pixels = static_cast<double>(size.n * size.h * size.w);
  if (lanes.flat) return pixels * static_cast<double>(size.c) * element_seconds;
  return pixels * static_cast<double>(lanes.planes) *
         (x == channel_blocked() ? copy_seconds
          : x.is_plain()         ? gather_seconds
                                 : page_seconds);
}

WeightCut cut_of_blocks(const Convolution& size, int64_t blocks) {
  constexpr int64_t sums_bytes = 512 << 10;
  const WeightLanes lanes(size);
  const int64_t plane_bytes = blocks * vector_size * size.kh * lanes.row_vectors * vector_size *
                              static_cast<int64_t>(size_of(DType::f32));
  const int64_t tiles =
      tile_count(lanes.planes, std::clamp<int64_t>(sums_bytes / plane_bytes, 1, lanes.planes));
  return {blocks, tile_count(lanes.planes, tiles), tile_count(size.o, blocks * vector_size), tiles};
}

}  // namespace

WeightLanes::WeightLanes(const Convolution& size) {
  const int64_t blocks = tile_count(size.c, vector_size),
                flat_vectors = tile_count(size.kw * size.c, vector_size);
  flat = flat_vectors < size.kw * blocks;
  step = flat ? size.c : vector_size;
  planes = flat ? 1 : blocks;
  row_vectors = flat ? flat_vectors : size.kw;
}

double cut_seconds(const Convolution& size, const WeightCut& cut, const Layout& x, const Type& dy) {
  return static_cast<double>(cut.o_tiles) * pack_seconds(size, x) +
         static_cast<double>(cut.plane_tiles) * list_seconds(dy);
}

WeightCut choose_cut(const Convolution& size, const Layout& x, const Type& dy) {
  constexpr int64_t wanted_units = 4, samples_worth_a_group = 4;
  const int64_t all = tile_count(size.o, vector_size);
  WeightCut best = cut_of_blocks(size, 1);
  for (int64_t tiles = all; tiles > 0; --tiles) {
    const WeightCut cut = cut_of_blocks(size, tile_count(all, tiles));
    if (cut_seconds(size, cut, x, dy) <= cut_seconds(size, best, x, dy)) best = cut;
  }
  const int64_t groups = std::min(tile_count(wanted_units, best.tiles()), size.n / samples_worth_a_group);
  if (groups < 2 && best.tiles() == 1 && all > 1) best = cut_of_blocks(size, tile_count(all, 2));
  best.samples = tile_count(size.n, std::max<int64_t>(1, groups));
  best.groups = tile_count(size.n, best.samples);
  return best;
}

}  // namespace sinter::jit
