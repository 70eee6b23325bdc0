#include "backends/jit/pixel_value.h"

#include "backends/jit/batch_lanes.h"

namespace sinter::jit {

Layout channel_blocked() { return Layout::parse("aBcd16b"); }

PixelValue::PixelValue(KernelBuilder& builder, BufferId buffer, const Type& type)
    : builder_(&builder),
      buffer_(buffer),
      shape_(sizes(type.shape)),
      kind_(type.layout.is_plain()             ? Kind::plain
            : type.layout == channel_blocked() ? Kind::channel_blocked
                                               : Kind::batch_blocked) {
  require(holds(type), "a plain, channel-blocked or batch-blocked value");
}

bool PixelValue::holds(const Type& type) {
  return type.shape.size() == 4 &&
         (type.layout.is_plain() || type.layout == channel_blocked() || type.layout == batch_blocked(4));
}

Access PixelValue::one(const Sample& sample, const Channel& channel, const Index& pixel) const {
  const int64_t plane = shape_[2] * shape_[3];
  switch (kind_) {
    case Kind::plain:
      return {.buffer = buffer_, .index = (sample.number() * shape_[1] + channel.number()) * plane + pixel};
    case Kind::channel_blocked: {
      const int64_t blocks = batch_blocks(shape_[1]);
      return {
          .buffer = buffer_,
          .index = ((sample.number() * blocks + channel.block) * plane + pixel) * vector_size + channel.lane};
    }
    case Kind::batch_blocked:
      return {.buffer = buffer_,
              .index = ((sample.block * shape_[1] + channel.number()) * plane + pixel) * vector_size +
                       sample.lane};
  }
  require(false, "a kind of value");
  return {};
}

Access PixelValue::pixels(const Sample& sample, const Channel& channel, const Index& pixel) const {
  Access access = one(sample, channel, pixel);
  access.lane_stride = kind_ == Kind::plain ? 1 : vector_size;
  access.count = shape_[2] * shape_[3] - pixel;
  return access;
}

Access PixelValue::channels_at(const Sample& sample, const Index& block, const Index& pixel) const {
  Access access = one(sample, {block, 0}, pixel);
  if (kind_ == Kind::channel_blocked) return access;
  access.lane_stride = shape_[2] * shape_[3] * (kind_ == Kind::plain ? 1 : vector_size);
  if (shape_[1] % vector_size != 0) access.count = shape_[1] - block * vector_size;
  return access;
}

void PixelValue::store_channels(const Sample& sample, const Index& block, const Index& pixel,
                                Expr value) const {
  const bool fills = kind_ == Kind::channel_blocked && shape_[1] % vector_size != 0;
  builder_->store(channels_at(sample, block, pixel),
                  fills ? builder_->first_lanes(value, shape_[1] - block * vector_size) : value);
}

}  // namespace sinter::jit
