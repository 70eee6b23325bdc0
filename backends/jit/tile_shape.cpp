#include "backends/jit/tile_shape.h"

#include <algorithm>
#include <array>

namespace sinter::jit {

namespace {

// Cycles of a step of the reduction over one tile. A chain of sums shorter than the latency of a multiply-add
// leaves the unit idle.
double cycles_of_one(const TileSpace& space, const TileShape& tile) {
  constexpr int64_t latency = 4;
  const double loads =
      static_cast<double>(tile.outer) + space.vector_load * static_cast<double>(tile.inner * space.group);
  const int64_t sums = tile.outer * tile.inner * space.group;
  // Loads wait for a place beside the sums even where there is room for them.
  return std::max(static_cast<double>(std::max(sums, latency)), loads) + loads / 8;
}

struct Pieces {
  int64_t size, count;
};

// What cutting leaves: whole pieces, and what is over.
std::array<Pieces, 2> cut(int64_t total, int64_t size) {
  const int64_t rest = total % size;
  return {{{size, total / size}, {rest, rest > 0 ? 1 : 0}}};
}

}  // namespace

double tile_cycles(const TileSpace& space, const TileShape& tile) {
  double total = 0;
  for (const Pieces outer : cut(space.outer, tile.outer))
    for (const Pieces inner : cut(space.inner, tile.inner))
      total +=
          static_cast<double>(outer.count * inner.count) * cycles_of_one(space, {outer.size, inner.size});
  return total;
}

TileShape choose_tile(const TileSpace& space) {
  TileShape best{1, std::min(space.inner_step, space.inner)};
  double least = tile_cycles(space, best);
  for (int64_t outer = 1; outer <= std::min(space.outer, space.registers); ++outer)
    for (int64_t inner = space.inner_step; inner < space.inner + space.inner_step;
         inner += space.inner_step) {
      // Beside the sums: vectors to multiply with, and a broadcast.
      if (outer * inner * space.group + std::min<int64_t>(inner * space.group, 2) + 1 > space.registers)
        break;
      const TileShape tile{outer, std::min(inner, space.inner)};
      const double own = tile_cycles(space, tile);
      if (own < least || (own == least && tile.outer * tile.inner > best.outer * best.inner)) {
        least = own;
        best = tile;
      }
    }
  return best;
}

void for_own_tile(KernelBuilder& builder, const Index& tile, int64_t total, int64_t size,
                  const std::function<void(Index start, int64_t size)>& body) {
  const int64_t whole = total / size, rest = total % size;
  if (whole > 0) builder.when({whole - 1 - tile}, [&] { body(tile * size, size); });
  if (rest > 0) builder.when({tile - whole}, [&] { body(whole * size, rest); });
}

void for_tiles(KernelBuilder& builder, std::string name, int64_t total, int64_t size,
               const std::function<void(Index start, int64_t size)>& body) {
  const int64_t whole = total / size, rest = total % size;
  if (whole == 1) {
    body(0, size);
  } else if (whole > 1) {
    builder.loop(std::move(name), 0, whole, [&](Index tile) { body(tile * size, size); });
  }
  if (rest != 0) body(whole * size, rest);
}

}  // namespace sinter::jit
