#pragma once

#include <dnnl.hpp>
#include <optional>
#include <span>

#include "ir/type.h"

namespace sinter::onednn {

/// oneDNN's element type; none where it has no such type.
std::optional<dnnl::memory::data_type> data_type(DType type);

/// How a value of these sizes lies in memory. `part`: sizes of the part of it that is described, which lies
/// as in the whole. Needs: a type that oneDNN has, at least one dimension, no size of 0.
dnnl::memory::desc describe(const Type& type, std::span<const int64_t> part);
/// In a layout that oneDNN chooses.
dnnl::memory::desc describe_any(const Type& type, std::span<const int64_t> part);

/// A number for each of `channels`, plain in memory, as they lie beside an image: 1, C, 1, ... in its blocks.
/// None where these are not full.
std::optional<dnnl::memory::desc> channels_of(const dnnl::memory::desc& image, int64_t channels);

/// The layout of a description; none where a tag cannot say it.
std::optional<Layout> layout_of(const dnnl::memory::desc& description);

}  // namespace sinter::onednn
