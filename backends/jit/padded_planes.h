#pragma once

#include "backends/jit/pixel_value.h"

namespace sinter::jit {

/// Some rows of some channels of one sample of a plain or channel-blocked value, in the thread's workspace
/// with zeros around them: what kernels read one element at a time, for all lanes.
class PaddedPlanes {
 public:
  /// Rows of `columns` elements, of which the first is column `first_column` of x.
  struct Window {
    int64_t channels, rows, columns, first_column;
  };

  PaddedPlanes(KernelBuilder& k, BufferId x, const Type& type, const Window& window);

  /// How many channels x has together: what units are multiples of.
  static int64_t granule(const Type& type) { return type.layout.is_plain() ? 1 : vector_size; }

  /// Fills rows from `first_row` of x on, for channels from `first_channel` on, a multiple of the granule.
  void pack(const Index& sample, const Index& first_channel, int64_t channels, const Index& first_row) const;
  /// An element, for all lanes. The channel is one of those that are packed, the first of them 0.
  Expr spread(const Channel& channel, const Index& row, const Index& column) const;
  /// Calls with tiles of at most `most` channels that lie together.
  void over_tiles(int64_t channels, int64_t most,
                  const std::function<void(const Channel& first, int64_t count)>& body) const;

 private:
  bool blocked() const { return lanes_ > 1; }
  Index at(const Index& plane, const Index& row) const;
  void copy_row(const Index& from, const Index& to) const;

  KernelBuilder& k_;
  BufferId x_, packed_ = -1;
  int64_t all_planes_, height_, width_;  ///< of x
  int64_t lanes_;                        ///< channels that lie together
  Window window_;
};

}  // namespace sinter::jit
