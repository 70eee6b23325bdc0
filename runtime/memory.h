#pragma once

#include <cstdint>
#include <optional>

namespace sinter {

/// Bytes that this process can still allocate without the system having to swap or to kill: the least of what
/// the kernel estimates (MemAvailable of /proc/meminfo) and what the control group leaves (cgroup v2). None
/// where the system does not say.
std::optional<int64_t> available_memory_bytes();

}  // namespace sinter
