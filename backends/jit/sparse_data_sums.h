#pragma once

#include <memory>

#include "backends/jit/sparse_gradient.h"

namespace sinter::jit {

/// Weights as the gradients meet them: for each output channel and tap sixteen input channels together.
/// Output channels are in parts, the last of which has places for more than there are.
class PackedWeights {
 public:
  explicit PackedWeights(const SparseForm& form);

  int64_t planes() const { return planes_; }            ///< of sixteen input channels
  int64_t part_blocks() const { return part_blocks_; }  ///< of sixteen output channels, in a part
  int64_t taps() const { return taps_; }
  int64_t channel_elements() const { return taps_ * vector_size; }
  int64_t elements() const { return planes_ * outputs_ * channel_elements(); }
  Index at(const Index& plane, const Index& o, const Index& tap) const {
    return ((plane * outputs_ + o) * taps_ + tap) * vector_size;
  }

 private:
  int64_t taps_, planes_, part_blocks_, outputs_;
};

/// What the gradients of a band of rows of windows add to dx: sixteen channels of each pixel of a tile.
class SparseDataSums {
 public:
  virtual ~SparseDataSums() = default;
  /// The gradients of the rows `first` and on of windows.
  virtual void collect(const Sample& sample, const Index& first) = 0;
  /// Adds them to a plane of the tile, which begins at `pixels`.
  virtual void add(const Index& plane, const Access& pixels) = 0;
};

/// What both ways to add read.
struct SparseDataSource {
  const SparseForm& form;
  const PixelGrid& grid;
  const CpuTarget& cpu;
  PixelValue dy, argmax;
  Type dy_type;
  BufferId weights;  ///< packed
};

/// Whether the sums of a window's pixels stay in registers while its gradients are added, sorted by their
/// places: each product then loads a weight, where the other way loads and stores dx. Pays where lists are
/// not too short.
bool adds_by_window(const SparseForm& form, const CpuTarget& cpu);
/// Whether gradients that are zero are left out.
bool skips_zeros(const SparseForm& form, const CpuTarget& cpu);
/// Rows of windows of a band.
int64_t sparse_data_band(const SparseForm& form, const PixelGrid& grid, const CpuTarget& cpu);
std::unique_ptr<SparseDataSums> sparse_data_sums(KernelBuilder& k, const SparseDataSource& source);

}  // namespace sinter::jit
