#include "backends/jit/kernel_key.h"

#include <cctype>

#include <fmt/format.h>

#include "backends/jit/code_generator.h"
#include "backends/jit/llvm_code_generator.h"

namespace sinter::jit {
namespace {

// Fowler, Noll and Vo's, the variant 1a: the same in every process, unlike std::hash.
uint64_t hash_of(std::string_view text) {
  uint64_t hash = 0xcbf29ce484222325;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return hash;
}

}  // namespace

std::string key_of(const Kernel& kernel, const CpuTarget& cpu) {
  std::string key = fmt::format("sinter {}, LLVM {}, {}\n{}scratch buffers[{}]; types", emitter_version,
                                llvm_version(), cpu.identity, to_string(kernel), kernel.scratch_argument);
  for (const Expression& e : kernel.expressions)
    key += fmt::format(" {}{}", static_cast<int>(e.dtype), e.vector ? "v" : "");
  return key;
}

std::string symbol_of(const Kernel& kernel, const std::string& key) {
  std::string name = "sinter_";
  for (const char c : kernel.name) name += std::isalnum(static_cast<unsigned char>(c)) != 0 ? c : '_';
  return fmt::format("{}_{:08x}", name, static_cast<uint32_t>(hash_of(key)));
}

}  // namespace sinter::jit
