#pragma once

#include <functional>

#include "backends/jit/sparse_gradient.h"

namespace sinter::jit {

/// The gradients that are there, for a band of rows of windows and all channels of a sample, sorted by window
/// and by place in the window: what is added to the same pixels comes one after the other, so that the sums
/// stay in registers. Channels are taken in parts of some blocks of sixteen, whose weights stay in the first
/// cache.
class WindowLists {
 public:
  struct Shape {
    int64_t band;    ///< rows of windows
    int64_t blocks;  ///< of sixteen channels, in a part
    int64_t step;    ///< from a channel to the next where its weights are looked up
  };
  WindowLists(KernelBuilder& k, const SparseForm& form, const Type& type, const PixelValue& dy,
              const PixelValue& argmax, const Shape& shape);

  int64_t parts() const { return parts_; }
  /// Rows `first` and on of windows.
  void collect(const Sample& sample, const Index& first);
  /// Calls with every gradient of a part, a window of the band and a place in it: where the weights of its
  /// channel are among those of the part, an i32 below `offsets`, and its value in all lanes.
  void over(const Index& part, const Index& window, int64_t element,
            const std::function<void(Expr offset, Expr value)>& body) const;
  int64_t offsets() const { return (shape_.blocks * vector_size - 1) * shape_.step + 1; }

 private:
  struct Loaded {
    Expr dy, argmax;
  };
  void bring_channels_together(const Sample& sample, const Index& first);
  Loaded load(const Sample& sample, const Index& first, const Index& block, const Index& window) const;
  void collect_window(const Sample& sample, const Index& first, const Index& part, const Index& window) const;
  Index begin_at(const Index& part, const Index& window, int64_t element) const;
  std::vector<Index> blocks_of(const Index& part) const {
    return {shape_.blocks, blocks_ - part * shape_.blocks};
  }

  KernelBuilder& k_;
  const SparseForm& form_;
  PixelValue dy_, argmax_;
  Shape shape_;
  bool are_together_;  ///< sixteen channels of a window, where they lie
  int64_t channels_, blocks_, parts_, windows_, elements_, capacity_;
  BufferId offsets_table_, offsets_, values_, ends_, together_dy_ = -1, together_argmax_ = -1;
  TileHandle count_;
};

}  // namespace sinter::jit
