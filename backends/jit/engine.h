#pragma once

#include <memory>
#include <string>

#include "backends/jit/instruction_set.h"
#include "backends/jit/kernel.h"

namespace sinter::jit {

/// Compiles kernels and keeps their code as long as it lives. The same kernel twice is compiled once. Thread
/// safety: any number of threads compile at a time.
class Engine {
 public:
  using Function = void (*)(void* const* buffers, void* workspace, int64_t begin, int64_t end);

  explicit Engine(const CpuTarget& cpu);
  ~Engine();

  /// Throws Error where LLVM cannot, InternalError where the kernel breaks a rule.
  Function compile(const Kernel& kernel);
  const CpuTarget& cpu() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace sinter::jit
