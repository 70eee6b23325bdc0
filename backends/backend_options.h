#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "backends/kernel_store.h"

namespace sinter {

/// What a program tells the backends it makes. The default is silent and leaves no file behind.
struct BackendOptions {
  std::shared_ptr<KernelStore> kernels = nullptr;  ///< null: compiled kernels are not kept
  bool debug_symbols = false;                      ///< shows generated code to perf and gdb
  /// Told what a user should know though the work goes on. Null: nobody is.
  std::function<void(std::string_view)> warn = nullptr;
};

}  // namespace sinter
