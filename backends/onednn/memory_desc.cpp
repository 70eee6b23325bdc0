#include "backends/onednn/memory_desc.h"

#include <algorithm>
#include <iterator>
#include <numeric>

#include "ir/error.h"

namespace sinter::onednn {
namespace {

using dnnl::memory;

// Elements from one index to the next of a dimension, blocks aside.
std::vector<int64_t> outer_strides(const Layout& layout, std::span<const int64_t> padded) {
  int64_t stride = 1;
  for (const Layout::Block& block : layout.blocks()) stride *= block.size;
  std::vector<int64_t> strides(padded.size());
  for (size_t place = padded.size(); place-- > 0;) {
    const int d = layout.order().empty() ? static_cast<int>(place) : layout.order()[place];
    strides[d] = stride;
    int64_t count = padded[d];
    for (const Layout::Block& block : layout.blocks())
      if (block.dimension == d) count /= block.size;
    stride *= count;
  }
  return strides;
}

}  // namespace

std::optional<memory::data_type> data_type(DType type) {
  switch (type) {
    case DType::f32:
      return memory::data_type::f32;
    case DType::i32:
      return memory::data_type::s32;
    case DType::u8:
      return memory::data_type::u8;
    case DType::i8:
      return memory::data_type::s8;
    default:
      return std::nullopt;
  }
}

memory::desc describe(const Type& type, std::span<const int64_t> part) {
  const auto whole = sizes(type.shape);
  auto strides = outer_strides(type.layout, type.layout.padded(whole));
  const auto padded = type.layout.padded(part);
  // A stride that nothing steps over: oneDNN asks that it be the part's own.
  const auto dense = outer_strides(type.layout, padded);
  for (size_t d = 0; d < part.size(); ++d)
    if (whole[d] == 1) strides[d] = dense[d];
  // The interface has words for plain strides and for named formats only: the struct is filled in by hand.
  dnnl_memory_desc_t data{};
  data.ndims = static_cast<int>(part.size());
  data.data_type = static_cast<dnnl_data_type_t>(data_type(type.dtype).value());
  data.format_kind = dnnl_blocked;
  std::ranges::copy(part, data.dims);
  std::ranges::copy(padded, data.padded_dims);
  auto& blocking = data.format_desc.blocking;
  std::ranges::copy(strides, blocking.strides);
  for (const Layout::Block& block : type.layout.blocks()) {
    blocking.inner_blks[blocking.inner_nblks] = block.size;
    blocking.inner_idxs[blocking.inner_nblks] = block.dimension;
    ++blocking.inner_nblks;
  }
  return data;
}

memory::desc describe_any(const Type& type, std::span<const int64_t> part) {
  return {memory::dims(part.begin(), part.end()), data_type(type.dtype).value(), memory::format_tag::any};
}

std::optional<memory::desc> channels_of(const memory::desc& image, int64_t channels) {
  memory::dims dims(image.dims().size(), 1);
  dims[1] = channels;
  const auto& blocking = image.data.format_desc.blocking;
  if (blocking.inner_nblks == 0) return memory::desc(dims, memory::data_type::f32, memory::dims{});
  if (blocking.inner_nblks > 1 || blocking.inner_idxs[0] != 1 || dims.size() != 4) return std::nullopt;
  if (channels % blocking.inner_blks[0] != 0) return std::nullopt;
  const Layout blocked = Layout::parse(fmt::format("aBcd{}b", blocking.inner_blks[0]));
  return describe({DType::f32, Shape(dims.begin(), dims.end()), blocked}, dims);
}

std::optional<Layout> layout_of(const memory::desc& description) {
  const dnnl_memory_desc_t& data = description.data;
  if (data.format_kind != dnnl_blocked || data.extra.flags != dnnl_memory_extra_flag_none)
    return std::nullopt;
  const auto& blocking = data.format_desc.blocking;
  std::vector<int> order(data.ndims);
  std::iota(order.begin(), order.end(), 0);
  // Of two with the same stride the one of size 1 lies inside the other.
  std::ranges::stable_sort(order, [&](int a, int b) {
    if (blocking.strides[a] != blocking.strides[b]) return blocking.strides[a] > blocking.strides[b];
    return data.dims[a] > 1 && data.dims[b] == 1;
  });
  if (blocking.inner_nblks == 0) {
    // Where a dimension of size 1 stands does not matter: what can be seen as plain is plain.
    std::vector<int> long_ones;
    std::ranges::copy_if(order, std::back_inserter(long_ones), [&](int d) { return data.dims[d] > 1; });
    if (std::ranges::is_sorted(long_ones)) return Layout{};
  }
  std::string tag;
  for (const int d : order) {
    const bool blocked = std::count(blocking.inner_idxs, blocking.inner_idxs + blocking.inner_nblks, d) > 0;
    tag += static_cast<char>((blocked ? 'A' : 'a') + d);
  }
  for (int b = 0; b < blocking.inner_nblks; ++b)
    tag += fmt::format("{}{}", blocking.inner_blks[b], static_cast<char>('a' + blocking.inner_idxs[b]));
  try {
    return Layout::parse(tag);
  } catch (const InputError&) {
    return std::nullopt;  // more blocks than a tag may have
  }
}

}  // namespace sinter::onednn
