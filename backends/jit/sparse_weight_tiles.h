#pragma once

#include <algorithm>

#include "backends/jit/sparse_gradient.h"

namespace sinter::jit {

/// What sixteen lanes hold of a gradient by weights: as many channels, plane by plane, or, of few channels,
/// neighbouring taps of a kernel row with all their channels.
struct WeightLanes {
  bool flat;
  int64_t step, planes, row_vectors;

  explicit WeightLanes(const Convolution& size);
};

/// Cuts the work into units: a tile of weights, whose sums stay in a second cache, summed over a group of
/// samples.
struct WeightCut {
  int64_t blocks, planes;        ///< of a tile: blocks of sixteen output channels, planes of input channels
  int64_t o_tiles, plane_tiles;  ///< of all weights
  int64_t groups = 1, samples = 0;  ///< groups of so many samples, whose sums are added up at the end

  int64_t tiles() const { return o_tiles * plane_tiles; }
  int64_t channels(const Convolution& size) const { return std::min(size.o, blocks * vector_size); }
};

/// The cut that takes the least time to pack x, once for each tile of output channels, and to make lists,
/// once for each tile of planes; with enough units for a few threads.
WeightCut choose_cut(const Convolution& size, const Layout& x, const Type& dy);
/// That time.
double cut_seconds(const Convolution& size, const WeightCut& cut, const Layout& x, const Type& dy);

/// Where the sums of the tiles lie: those of a unit one after the other, by plane, output channel and vector
/// of weights.
class WeightTiles {
 public:
  WeightTiles(const Convolution& size, const WeightCut& cut)
      : cut_(cut), channels_(cut.channels(size)), vectors_(size.kh * WeightLanes(size).row_vectors) {}

  int64_t vectors() const { return vectors_; }  ///< of an output channel and a plane
  int64_t unit_elements() const { return cut_.planes * channels_ * vectors_ * vector_size; }
  int64_t group_elements() const { return cut_.tiles() * unit_elements(); }
  Index tile_at(const Index& o_tile, const Index& plane_tile) const {
    return (o_tile * cut_.plane_tiles + plane_tile) * unit_elements();
  }
  Index at(const Index& plane, const Index& o, const Index& vector) const {
    return ((plane * channels_ + o) * vectors_ + vector) * vector_size;
  }

 private:
  WeightCut cut_;
  int64_t channels_, vectors_;
};

}  // namespace sinter::jit
