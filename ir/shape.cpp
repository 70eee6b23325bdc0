#include "ir/shape.h"

#include <algorithm>

#include "ir/error.h"

namespace sinter {

bool is_concrete(const Shape& shape) { return std::ranges::none_of(shape, &Dim::is_symbol); }

std::vector<int64_t> sizes(const Shape& shape) {
  std::vector<int64_t> result;
  result.reserve(shape.size());
  for (const Dim& dim : shape) {
    require(!dim.is_symbol(), "a shape with symbols where sizes are needed");
    result.push_back(dim.size);
  }
  return result;
}

int64_t checked_product(std::span<const int64_t> sizes) {
  constexpr int64_t limit = INT64_MAX / 16;
  for (const int64_t size : sizes)
    if (size < 0 || size > limit) fail_input("a tensor of {} elements cannot be", fmt::join(sizes, " x "));
  if (std::ranges::count(sizes, 0)) return 0;
  int64_t product = 1;
  for (const int64_t size : sizes) {
    if (product > limit / size) fail_input("a tensor of {} elements is too large", fmt::join(sizes, " x "));
    product *= size;
  }
  return product;
}

int64_t element_count(const Shape& shape) { return checked_product(sizes(shape)); }

double per_sample_count(const Shape& shape) {
  double count = 1;
  for (const Dim& dim : shape) count *= dim.is_symbol() ? 1.0 : static_cast<double>(dim.size);
  return count;
}

std::string to_string(const Dim& dim) { return dim.is_symbol() ? dim.symbol : std::to_string(dim.size); }

std::string to_string(const Shape& shape) {
  std::string text = "[";
  for (size_t i = 0; i < shape.size(); ++i) text += (i ? ", " : "") + to_string(shape[i]);
  return text + "]";
}

Shape broadcast(const Shape& a, const Shape& b) {
  Shape result(std::max(a.size(), b.size()), Dim(1));
  const size_t skip_a = result.size() - a.size(), skip_b = result.size() - b.size();
  for (size_t i = 0; i < result.size(); ++i) {
    const Dim da = i < skip_a ? Dim(1) : a[i - skip_a];
    const Dim db = i < skip_b ? Dim(1) : b[i - skip_b];
    if (da != db && da != Dim(1) && db != Dim(1))
      fail_input("shapes {} and {} do not broadcast: {} against {}", to_string(a), to_string(b),
                 to_string(da), to_string(db));
    result[i] = da == Dim(1) ? db : da;
  }
  return result;
}

bool broadcasts_to(const Shape& from, const Shape& to) {
  if (from.size() > to.size()) return false;
  const size_t skip = to.size() - from.size();
  for (size_t i = 0; i < from.size(); ++i)
    if (from[i] != to[i + skip] && from[i] != Dim(1)) return false;
  return true;
}

}  // namespace sinter
