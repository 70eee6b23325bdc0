#include "ir/layout.h"

#include <algorithm>
#include <charconv>
#include <numeric>

#include "ir/error.h"
#include "ir/shape.h"

namespace sinter {
namespace {

constexpr size_t most_blocks = 4;  // with 4096 elements at most in each, padded sizes fit 63 bits

[[noreturn]] void bad_tag(std::string_view tag, std::string_view why) {
  fail_input("layout \"{}\": {}; expected a tag such as abcd, aBcd16b, Abcd16a or opaque(backend, bytes)",
             tag, why);
}

bool parse_number(std::string_view text, int64_t& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size();
}

Layout parse_opaque(std::string_view tag) {
  const size_t open = tag.find('('), comma = tag.find(", "), close = tag.find(')');
  int64_t bytes = -1;
  if (comma == std::string_view::npos || close + 1 != tag.size() || comma <= open + 1 ||
      !parse_number(tag.substr(comma + 2, close - comma - 2), bytes) || bytes < 0)
    bad_tag(tag, "not opaque(backend, bytes)");
  return Layout::opaque(tag.substr(open + 1, comma - open - 1), bytes);
}

}  // namespace

Layout Layout::opaque(std::string_view backend, int64_t bytes) {
  Layout layout;
  layout.tag_ = fmt::format("opaque({}, {})", backend, bytes);
  layout.opaque_bytes_ = bytes;
  return layout;
}

Layout Layout::parse(std::string_view tag) {
  if (tag.starts_with("opaque(")) return parse_opaque(tag);
  Layout layout;
  std::vector<int> capitals;
  size_t at = 0;
  for (; at < tag.size() && !(tag[at] >= '0' && tag[at] <= '9'); ++at) {
    const char c = tag[at];
    const bool capital = c >= 'A' && c <= 'L';
    if (!capital && !(c >= 'a' && c <= 'l')) bad_tag(tag, "a letter outside a..l");
    const int dimension = capital ? c - 'A' : c - 'a';
    if (std::ranges::count(layout.order_, dimension)) bad_tag(tag, "a dimension stands twice");
    layout.order_.push_back(dimension);
    if (capital) capitals.push_back(dimension);
  }
  const int rank = static_cast<int>(layout.order_.size());
  if (rank == 0) bad_tag(tag, "no dimensions");
  if (std::ranges::any_of(layout.order_, [&](int d) { return d >= rank; }))
    bad_tag(tag, "a dimension is left out");
  while (at < tag.size()) {
    size_t end = at;
    while (end < tag.size() && tag[end] >= '0' && tag[end] <= '9') ++end;
    int64_t size = 0;
    if (end == tag.size() || tag[at] == '0' || !parse_number(tag.substr(at, end - at), size) || size < 2 ||
        size > 4096)
      bad_tag(tag, "a block is a size from 2 to 4096 and a letter");
    const int dimension = tag[end] - 'a';
    if (!std::ranges::count(capitals, dimension))
      bad_tag(tag, "a block of a dimension without a capital letter");
    layout.blocks_.push_back({dimension, size});
    if (layout.blocks_.size() > most_blocks) bad_tag(tag, "more than 4 blocks");
    at = end + 1;
  }
  for (const int capital : capitals)
    if (!std::ranges::count(layout.blocks_, capital, &Block::dimension))
      bad_tag(tag, "a capital letter without a block");
  if (layout.blocks_.empty() && std::ranges::is_sorted(layout.order_))
    return Layout{};  // plain has one spelling
  layout.tag_ = tag;
  return layout;
}

std::vector<int64_t> Layout::padded(std::span<const int64_t> sizes) const {
  if (!order_.empty() && order_.size() != sizes.size())
    fail_input("layout {} on a value of {} dimensions", tag_, sizes.size());
  std::vector<int64_t> result(sizes.begin(), sizes.end());
  std::vector<int64_t> block(sizes.size(), 1);
  for (const Block& b : blocks_) block[b.dimension] *= b.size;
  for (size_t i = 0; i < result.size(); ++i) result[i] = (result[i] + block[i] - 1) / block[i] * block[i];
  return result;
}

std::vector<int64_t> Layout::offsets(std::span<const int64_t> sizes, size_t dimension) const {
  require(!is_opaque(), "a layout that can be written as a tag");
  const auto all = padded(sizes);
  const int d = static_cast<int>(dimension);
  // From the innermost out: first the blocks, then what is left of each dimension.
  std::vector<int64_t> block_strides(blocks_.size());
  int64_t stride = 1;
  for (size_t b = blocks_.size(); b-- > 0; stride *= blocks_[b].size) block_strides[b] = stride;
  int64_t outer_stride = stride;
  for (size_t place = all.size(); place-- > 0;) {
    const int at = order_.empty() ? static_cast<int>(place) : order_[place];
    if (at == d) break;
    int64_t count = all[at];
    for (const Block& b : blocks_)
      if (b.dimension == at) count /= b.size;
    outer_stride *= count;
  }
  std::vector<int64_t> result(all[dimension]);
  for (int64_t i = 0; i < all[dimension]; ++i) {
    int64_t left = i;
    for (size_t b = blocks_.size(); b-- > 0;)
      if (blocks_[b].dimension == d) {
        result[i] += left % blocks_[b].size * block_strides[b];
        left /= blocks_[b].size;
      }
    result[i] += left * outer_stride;
  }
  return result;
}

// Along a dimension, offsets grow by the same amount from block to block. Where those of the least common
// multiple of both layouts' blocks agree, and the first beyond, all do: a batch may be large. They do not
// depend on the dimension's own size.
bool Layout::same_offsets(const Layout& other, std::span<const int64_t> sizes) const {
  if (*this == other) return true;
  if (is_opaque() || other.is_opaque()) return false;
  const std::vector<int64_t> all = padded(sizes);
  if (all != other.padded(sizes)) return false;
  const auto block = [](const Layout& layout, size_t d) {
    int64_t size = 1;
    for (const Block& b : layout.blocks_)
      if (b.dimension == static_cast<int>(d)) size *= b.size;
    return size;
  };
  std::vector<int64_t> some = all;
  for (size_t d = 0; d < all.size(); ++d) {
    some[d] = std::min(all[d], std::lcm(block(*this, d), block(other, d)) + 1);
    const auto ours = offsets(some, d), theirs = other.offsets(some, d);
    if (!std::equal(ours.begin(), ours.begin() + some[d], theirs.begin())) return false;
    some[d] = all[d];
  }
  return true;
}

bool Layout::cuts_into(int64_t part) const {
  if (is_opaque() || (!order_.empty() && order_[0] != 0)) return false;
  int64_t block = 1;
  for (const Block& b : blocks_)
    if (b.dimension == 0) block *= b.size;
  return part % block == 0;
}

Layout Layout::stacked() const {
  require(!is_opaque(), "a layout that can be written as a tag");
  if (is_plain()) return {};
  std::string tag = "a";
  for (const char c : tag_) tag += c >= '0' && c <= '9' ? c : static_cast<char>(c + 1);
  return parse(tag);
}

int64_t Layout::bytes(std::span<const int64_t> sizes, int64_t element_bytes) const {
  if (is_opaque()) return opaque_bytes_;
  return checked_product(padded(sizes)) * element_bytes;
}

}  // namespace sinter
