#include "tests/ir/naive_array.h"

#include <algorithm>

namespace sinter {

double& Array::at(const Index& index) {
  int64_t offset = 0;
  for (size_t d = 0; d < shape.size(); ++d) offset = offset * shape[d] + index[d];
  return data.at(offset);
}

double Array::broadcast(Index index) const {
  index.erase(index.begin(), index.end() - static_cast<int64_t>(shape.size()));
  for (size_t d = 0; d < shape.size(); ++d)
    if (shape[d] == 1) index[d] = 0;
  return at(index);
}

void for_each_index(const Index& shape, const std::function<void(const Index&)>& f) {
  if (std::ranges::count(shape, 0)) return;
  Index index(shape.size(), 0);
  while (true) {
    f(index);
    size_t d = shape.size();
    while (d > 0 && ++index[d - 1] == shape[d - 1]) index[--d] = 0;
    if (d == 0) return;
  }
}

int64_t positive_axis(int64_t axis, const Array& x) {
  return axis < 0 ? axis + static_cast<int64_t>(x.shape.size()) : axis;
}

}  // namespace sinter
