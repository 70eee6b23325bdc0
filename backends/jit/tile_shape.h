#pragma once

#include <cstdint>
#include <functional>

#include "backends/jit/kernel_builder.h"

namespace sinter::jit {

/// Outputs whose sums are in registers at the same time: `outer` broadcast factors by `inner` vectors.
struct TileShape {
  int64_t outer, inner;
};

/// What bounds a choice: `outer` x `inner` outputs, tiles a multiple of `inner_step` wide.
struct TileSpace {
  int64_t outer, inner;
  int64_t inner_step = 1;
  int64_t group = 1;  ///< rows of sums for each column of the tile
  int64_t registers = 32;
  double vector_load = 1;  ///< cycles: above 1 where vectors come from beyond the first cache
};

/// The shape that takes the fewest cycles over the whole space, remainders included: a multiply-add or a load
/// takes one. At least {1, inner_step}.
TileShape choose_tile(const TileSpace& space);

/// Cycles of a step of the reduction over all of the space, cut into tiles of this shape, where a
/// multiply-add for each sum takes one.
double tile_cycles(const TileSpace& space, const TileShape& tile);

inline int64_t tile_count(int64_t total, int64_t size) { return (total + size - 1) / size; }

/// Calls `body` for the tile of a unit: whole, or at the end what is left.
void for_own_tile(KernelBuilder& builder, const Index& tile, int64_t total, int64_t size,
                  const std::function<void(Index start, int64_t size)>& body);

/// Calls `body` for whole tiles in a loop, then for what is left.
void for_tiles(KernelBuilder& builder, std::string name, int64_t total, int64_t size,
               const std::function<void(Index start, int64_t size)>& body);

}  // namespace sinter::jit
