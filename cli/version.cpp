#include "cli/version.h"

#include <fmt/format.h>

#include "runtime/executable.h"

namespace sinter::cli {
namespace {

std::string instruction_set() {
  __builtin_cpu_init();
  std::string list = "x86-64";
  const auto add = [&](bool supported, const char* name) {
    if (supported) list += fmt::format(" {}", name);
  };
  add(__builtin_cpu_supports("sse4.2"), "sse4.2");
  add(__builtin_cpu_supports("avx"), "avx");
  add(__builtin_cpu_supports("avx2"), "avx2");
  add(__builtin_cpu_supports("fma"), "fma");
  add(__builtin_cpu_supports("avx512f"), "avx512f");
  add(__builtin_cpu_supports("avx512bw"), "avx512bw");
  add(__builtin_cpu_supports("avx512vnni"), "avx512vnni");
  return list;
}

}  // namespace

std::string version_text() {
  std::string text = fmt::format("sinter {}\n", SINTER_VERSION);
  for (const std::string& name : backend_names())
    text += fmt::format("backend {}: {}\n", name, find_backend(name)->description());
  return text + fmt::format("instruction set: {}", instruction_set());
}

}  // namespace sinter::cli
