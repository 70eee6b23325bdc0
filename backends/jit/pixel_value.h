#pragma once

#include "backends/jit/kernel_builder.h"

namespace sinter::jit {

/// `aBcd16b`: sixteen channels of every pixel together.
Layout channel_blocked();

/// One sample, as a place in loops over blocks of sixteen and the samples in each.
struct Sample {
  Index block, lane;
  Index number() const { return block * vector_size + lane; }
};

/// A channel, or with lane 0 the first of sixteen.
struct Channel {
  Index block, lane;
  Index number() const { return block * vector_size + lane; }
};

/// A value [N, C, H, W] of a kernel that works on one sample at a time, plain, channel-blocked or
/// batch-blocked.
class PixelValue {
 public:
  PixelValue(KernelBuilder& builder, BufferId buffer, const Type& type);

  /// Whether a value of this type can be one.
  static bool holds(const Type& type);

  int64_t channels() const { return shape_[1]; }
  /// One element; `pixel` is row * W + column.
  Access one(const Sample& sample, const Channel& channel, const Index& pixel) const;
  /// Sixteen pixels of a channel from `pixel` on; those beyond the plane's last are not there.
  Access pixels(const Sample& sample, const Channel& channel, const Index& pixel) const;
  /// Sixteen channels of a pixel from the first of `block` on.
  Access channels_at(const Sample& sample, const Index& block, const Index& pixel) const;
  /// Stores them, zeros where there is no channel but a place for one.
  void store_channels(const Sample& sample, const Index& block, const Index& pixel, Expr value) const;

 private:
  enum class Kind : uint8_t { plain, channel_blocked, batch_blocked };

  KernelBuilder* builder_;
  BufferId buffer_;
  std::vector<int64_t> shape_;
  Kind kind_;
};

}  // namespace sinter::jit
