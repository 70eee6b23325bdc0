#include "backends/jit/batch_lanes.h"

namespace sinter::jit {

Layout batch_blocked(size_t rank) {
  std::string tag = "A";
  for (size_t i = 1; i < rank; ++i) tag += static_cast<char>('a' + i);
  return Layout::parse(fmt::format("{}{}a", tag, vector_size));
}

int64_t batch_blocks(int64_t samples) { return (samples + vector_size - 1) / vector_size; }

BatchValue::BatchValue(KernelBuilder& builder, BufferId buffer, const Type& type)
    : builder_(&builder), buffer_(buffer), shape_(sizes(type.shape)), blocked_(!type.layout.is_plain()) {
  require(!blocked_ || type.layout == batch_blocked(shape_.size()), "a plain or a batch-blocked value");
}

std::optional<Index> BatchValue::count(const Index& block) const {
  if (shape_[0] % vector_size == 0) return std::nullopt;
  return shape_[0] - block * vector_size;
}

Access BatchValue::access(const Index& block, std::span<const Index> at) const {
  Index index = 0;
  int64_t sample = 1;  // elements
  for (size_t i = 1; i < shape_.size(); ++i) {
    index = index * shape_[i] + at[i - 1];
    sample *= shape_[i];
  }
  if (blocked_) return {.buffer = buffer_, .index = (block * sample + index) * vector_size};
  return {.buffer = buffer_,
          .index = block * (sample * vector_size) + index,
          .lane_stride = sample,
          .count = count(block)};
}

Expr BatchValue::load(const Index& block, std::span<const Index> at) const {
  return builder_->load(access(block, at), true);
}

void BatchValue::store(const Index& block, std::span<const Index> at, Expr value) const {
  const auto samples = count(block);
  builder_->store(access(block, at), blocked_ && samples ? builder_->first_lanes(value, *samples) : value);
}

}  // namespace sinter::jit
