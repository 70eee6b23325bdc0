#pragma once

#include <cstdint>
#include <memory>

#include "backends/jit/instruction_set.h"
#include "backends/jit/kernel.h"
#include "backends/kernel_store.h"

namespace sinter::jit {

struct EngineOptions {
  std::shared_ptr<KernelStore> store = nullptr;  ///< where kernels are kept; null: nowhere
  bool debug_symbols = false;                    ///< see debug_symbols.h
};

/// Compiles kernels, or finds them compiled in a store, and keeps their code as long as it lives. The same
/// kernel twice is compiled once. Thread safety: any number of threads call it at a time.
class Engine {
 public:
  using Function = void (*)(void* const* buffers, void* workspace, int64_t begin, int64_t end);

  explicit Engine(const CpuTarget& cpu, EngineOptions options = {});
  ~Engine();

  /// Begins to compile a kernel on another thread. These and the one that waits in compile(), which compiles
  /// others meanwhile, are as many as the cores that the process may use.
  void start(const Kernel& kernel);
  /// The kernel's code; waits for it where it was started. Throws Error where the kernel is refused: it
  /// breaks a rule of its language or of LLVM's; the message names the file that its text was left in.
  Function compile(const Kernel& kernel);
  const CpuTarget& cpu() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace sinter::jit
