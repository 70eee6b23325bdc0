#pragma once

#include <vector>

#include "ir/type.h"

namespace sinter {

/// Moves the elements of a tensor from one layout to another and fills blocks up with zeros. Immutable; made
/// once for a pair of layouts. Needs: a concrete shape, layouts that are not opaque.
class Relayout {
 public:
  /// From `from` to `to`, which have the same element type and shape.
  Relayout(const Type& from, const Type& to);

  /// Independent parts.
  int64_t units() const { return units_; }
  /// Moves the parts [begin, end). Neither allocates nor throws.
  void run(const void* x, void* y, int64_t begin, int64_t end) const noexcept;

 private:
  template <typename Element>
  void move_unit(const Element* x, Element* y, int64_t unit) const noexcept;

  /// Of one dimension: how many indices there are, and how far each moves in the two layouts.
  struct Dimension {
    int64_t size;  ///< those beyond are padding
    std::vector<int64_t> from, to;
  };

  std::vector<Dimension> outer_;  ///< all dimensions but the last
  Dimension last_;
  int64_t units_ = 1;
  int64_t element_bytes_;
};

/// All of a tensor at once.
void relayout(const Type& from, const void* x, const Type& to, void* y);

}  // namespace sinter
