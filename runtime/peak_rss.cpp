#include "runtime/peak_rss.h"

#include <malloc.h>

#include <fstream>
#include <string>

namespace sinter {

std::optional<int64_t> peak_rss_bytes() {
  // Not getrusage: its peak cannot be reset, and begins with that of the program this process was before
  // exec.
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("VmHWM:")) return 1024 * std::stoll(line.substr(6));  // in KiB
  return std::nullopt;
}

bool reset_peak_rss() {
  malloc_trim(0);
  std::ofstream file("/proc/self/clear_refs");
  file << '5' << std::flush;  // resets VmHWM, proc_pid_clear_refs(5)
  return file.good();
}

}  // namespace sinter
