#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <utility>

#include "backends/kernel_store.h"

namespace sinter {

/// What generated code may use.
enum class InstructionSet : uint8_t {
  host,      ///< all that this CPU has
  baseline,  ///< any x86-64 CPU: SSE2
  avx2,      ///< with FMA: x86-64-v3
  avx512,    ///< x86-64-v4
};

/// What options call them.
inline constexpr std::pair<std::string_view, InstructionSet> instruction_set_names[] = {
    {"host", InstructionSet::host},
    {"baseline", InstructionSet::baseline},
    {"avx2", InstructionSet::avx2},
    {"avx512", InstructionSet::avx512}};

/// What a program tells the backends it makes. The default is silent and leaves no file behind.
struct BackendOptions {
  std::shared_ptr<KernelStore> kernels = nullptr;  ///< null: compiled kernels are not kept
  bool debug_symbols = false;                      ///< shows generated code to perf and gdb
  /// Of jit's kernels. To make a backend for one that this CPU lacks throws InputError.
  InstructionSet instruction_set = InstructionSet::host;
  /// Told what a user should know though the work goes on. Null: nobody is.
  std::function<void(std::string_view)> warn = nullptr;
};

}  // namespace sinter
