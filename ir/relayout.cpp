#include "ir/relayout.h"

#include <cstring>

#include "ir/error.h"

namespace sinter {

Relayout::Relayout(const Type& from, const Type& to) : element_bytes_(size_of(to.dtype)) {
  require(from.dtype == to.dtype && from.shape == to.shape, "a reorder keeps element type and shape");
  const auto dims = sizes(to.shape);
  for (size_t d = 0; d < dims.size(); ++d)
    outer_.push_back({dims[d], from.layout.offsets(dims, d), to.layout.offsets(dims, d)});
  last_ = {1, {0}, {0}};  // of a scalar
  if (!outer_.empty()) {
    last_ = std::move(outer_.back());
    outer_.pop_back();
  }
  for (const Dimension& dimension : outer_) units_ *= static_cast<int64_t>(dimension.to.size());
  if (last_.to.empty()) units_ = 0;
}

// A unit is one row of the last dimension.
template <typename Element>
void Relayout::move_unit(const Element* x, Element* y, int64_t unit) const noexcept {
  bool padding = false;
  for (size_t d = outer_.size(); d-- > 0;) {
    const auto count = static_cast<int64_t>(outer_[d].to.size());
    const int64_t i = unit % count;
    unit /= count;
    y += outer_[d].to[i];
    if (i < outer_[d].size)
      x += outer_[d].from[i];
    else
      padding = true;
  }
  const int64_t moved = padding ? 0 : last_.size;
  for (int64_t i = 0; i < moved; ++i) y[last_.to[i]] = x[last_.from[i]];
  for (int64_t i = moved; i < static_cast<int64_t>(last_.to.size()); ++i) y[last_.to[i]] = Element(0);
}

void Relayout::run(const void* x, void* y, int64_t begin, int64_t end) const noexcept {
  const auto move = [&]<typename Element>(Element) {
    for (int64_t unit = begin; unit < end; ++unit)
      move_unit(static_cast<const Element*>(x), static_cast<Element*>(y), unit);
  };
  // Elements of any type: only their size counts.
  if (element_bytes_ == 1) return move(uint8_t{});
  if (element_bytes_ == 2) return move(uint16_t{});
  if (element_bytes_ == 4) return move(uint32_t{});
  move(uint64_t{});
}

void relayout(const Type& from, const void* x, const Type& to, void* y) {
  const Relayout move(from, to);
  move.run(x, y, 0, move.units());
}

}  // namespace sinter
