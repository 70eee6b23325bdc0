#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace sinter::jit {

/// A function of an ELF object file, in memory that can be run.
///
/// Kernels need nothing but themselves and a few functions of libc and libm, so that an object becomes code
/// by being copied and having some twenty distances filled in. LLVM's own linkers do the same and much more,
/// but would have to be loaded for it: 10 ms and 48 MB where every kernel comes from a cache.
class MachineCode {
 public:
  /// Throws Error, which says what it met, unless `object` is a relocatable object for x86-64 that has the
  /// function and asks for nothing else than what is said above. Reads nothing outside of `object`.
  MachineCode(std::span<const std::byte> object, const std::string& function);
  ~MachineCode();
  MachineCode(MachineCode&& other) noexcept;
  MachineCode& operator=(MachineCode&&) = delete;

  const std::byte* entry() const { return entry_; }
  size_t function_bytes() const { return function_bytes_; }
  /// Where section `index` of the object lies; null: it is not in memory.
  const std::byte* section(size_t index) const;

 private:
  class Loader;

  std::byte* memory_ = nullptr;
  size_t bytes_ = 0;
  const std::byte* entry_ = nullptr;
  size_t function_bytes_ = 0;
  std::vector<const std::byte*> sections_;
};

}  // namespace sinter::jit
