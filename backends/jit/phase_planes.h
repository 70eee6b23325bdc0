#pragma once

#include <functional>

#include "backends/jit/kernel_builder.h"
#include "backends/jit/sweep.h"

namespace sinter::jit {

/// The input of a convolution, one group of one sample of a plain value, as lanes over neighbouring pixels
/// want it: with zeros around it, and where results are a stride apart as a plane for each remainder of rows
/// and columns that taps read, so that what a tap of the kernel multiplies lies in one run for a whole plane
/// of results, rows of `width()` behind one another.
class PhasePlanes {
 public:
  PhasePlanes(const PlaneProduct& product, const Sweep& vertical, const Sweep& horizontal);

  int64_t width() const { return width_; }
  /// Vectors of a plane of results.
  int64_t vectors() const;
  /// Behind the last plane lies what its last lanes read.
  int64_t elements() const;
  /// Vectors that packing one image moves, and whether their elements lie apart.
  int64_t packed_vectors() const;
  bool gathers() const { return horizontal_.in_step > 1; }

  /// `image`: of all groups of all samples.
  void pack(KernelBuilder& k, BufferId x, const Index& image, BufferId packed) const;

  struct Tap {
    Index channel;  ///< of the input
    Index kernel_row, kernel_column;
    Index from;  ///< where the first result's input lies
  };
  /// All of a channel.
  std::vector<Tap> taps(const Index& channel) const;
  /// From where a tap reads a channel to where it reads the next.
  int64_t channel_elements() const { return planes() * plane_elements(); }
  /// Loops over channels and rows of the kernel, its columns unrolled.
  void over_taps(KernelBuilder& k, const std::function<void(const Tap&)>& body) const;

 private:
  /// Of the taps along one dimension that read the plane of a phase: the tap of this number.
  struct PhaseTap {
    int64_t phase;
    Index number;
  };
  Tap tap(const Index& channel, const PhaseTap& down, const PhaseTap& across) const;
  int64_t planes() const { return row_phases_ * column_phases_; }
  int64_t plane_elements() const { return height_ * width_; }
  void pack_plane(KernelBuilder& k, BufferId x, const Index& from_plane, BufferId packed,
                  const Index& to_plane, int64_t row_phase, int64_t column_phase) const;
  void copy_row(KernelBuilder& k, BufferId x, const Index& from_row, BufferId packed, const Index& to,
                int64_t column_phase) const;

  PlaneProduct product_;
  Sweep vertical_, horizontal_;
  int64_t row_phases_, column_phases_;  ///< planes of a channel, down and across
  int64_t height_, width_;
};

}  // namespace sinter::jit
