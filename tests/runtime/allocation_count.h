#pragma once

#include <cstdint>
#include <optional>

namespace sinter {

/// Calls of malloc and its kin so far, on all threads of this program; nothing under a sanitizer, which has
/// an allocator of its own.
std::optional<int64_t> allocation_count();

}  // namespace sinter
