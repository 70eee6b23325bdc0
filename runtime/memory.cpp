#include "runtime/memory.h"

#include <algorithm>
#include <fstream>
#include <string>

namespace sinter {
namespace {

std::optional<int64_t> number_in(const char* path) {
  std::ifstream file(path);
  int64_t value = 0;
  if (file >> value) return value;  // "max" is no number: no limit
  return std::nullopt;
}

std::optional<int64_t> kernel_estimate() {
  std::ifstream file("/proc/meminfo");
  for (std::string line; std::getline(file, line);)
    if (line.starts_with("MemAvailable:")) return std::stoll(line.substr(13)) * 1024;
  return std::nullopt;
}

std::optional<int64_t> left_in_group() {
  const auto most = number_in("/sys/fs/cgroup/memory.max"), used = number_in("/sys/fs/cgroup/memory.current");
  if (!most || !used) return std::nullopt;
  return std::max<int64_t>(0, *most - *used);
}

}  // namespace

std::optional<int64_t> available_memory_bytes() {
  const auto estimate = kernel_estimate(), left = left_in_group();
  if (estimate && left) return std::min(*estimate, *left);
  return estimate ? estimate : left;
}

}  // namespace sinter
