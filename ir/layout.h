#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sinter {

/// How a tensor's elements lie in memory, in oneDNN's tag notation.
///
/// Letters name dimensions (a is the first), in memory order from the outermost; a capital letter says that
/// its dimension is also blocked, and the blocks follow from the outermost in. `aBcd16b` is NCHW16c,
/// `Abcd16a` is N/16 C H W 16n, `ABcd16b16a` blocks both. What cannot be said so is `opaque(backend, bytes)`.
/// The default is plain (row-major) whatever the rank.
/// Source: oneDNN 2.6 developer guide, "Memory format propagation" and dnnl_format_tag_t.
class Layout {
 public:
  struct Block {
    int dimension;  ///< index of the blocked dimension
    int64_t size;   ///< elements in a block
    bool operator==(const Block&) const = default;
  };

  Layout() = default;  ///< plain

  /// Reads a tag such as "aBcd16b", "abcd" or "opaque(onednn, 4096)". Throws InputError.
  static Layout parse(std::string_view tag);
  /// A layout only `backend` can read, of that many bytes.
  static Layout opaque(std::string_view backend, int64_t bytes);

  bool is_plain() const { return tag_.empty(); }
  bool is_opaque() const { return opaque_bytes_ >= 0; }
  /// Dimensions from the outermost in; empty for plain and opaque.
  std::span<const int> order() const { return order_; }
  /// Blocks from the outermost in; empty for plain and opaque.
  std::span<const Block> blocks() const { return blocks_; }
  /// The tag; empty for plain.
  const std::string& tag() const { return tag_; }

  /// The sizes with every blocked dimension rounded up to whole blocks.
  std::vector<int64_t> padded(std::span<const int64_t> sizes) const;
  /// For each index of a dimension, up to its padded size, what it adds to an element's offset: the offset of
  /// an element is the sum over the dimensions. Not for opaque layouts.
  std::vector<int64_t> offsets(std::span<const int64_t> sizes, size_t dimension) const;
  /// Whether a tensor of these sizes has each element, and all padding, at the same place in both layouts.
  bool same_offsets(const Layout& other, std::span<const int64_t> sizes) const;
  /// Bytes that a tensor of these sizes needs, padding included.
  int64_t bytes(std::span<const int64_t> sizes, int64_t element_bytes) const;

  /// Whether every `part` indices of dimension a, counted from the first, are one run of memory.
  bool cuts_into(int64_t part) const;
  /// This layout for the elements of each of several tensors that lie one after the other: a new outermost
  /// dimension before all others. Not for opaque layouts.
  Layout stacked() const;

  bool operator==(const Layout& other) const { return tag_ == other.tag_; }

 private:
  std::string tag_;
  std::vector<int> order_;
  std::vector<Block> blocks_;
  int64_t opaque_bytes_ = -1;
};

}  // namespace sinter
