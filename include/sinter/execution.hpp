#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

namespace sinter {

/// How a session computes. Its results have the same bits for any number of threads.
struct ExecutionOptions {
  /// `jit` (code made for this CPU), `onednn`, `reference` (plain and slow), or `auto`: for each node the one
  /// that expects to be the quickest.
  std::string backend = "auto";
  int threads = 0;  ///< to compute with, the caller's counted; 0: as many as cores that the process may use
  /// A folder where compiled kernels are kept for the next time; any number of processes may share it. Empty:
  /// they are not kept, and no file is written.
  std::filesystem::path kernel_cache = {};
  /// Told, on the thread that compiles, what one should know though the work goes on. Null: nobody is.
  std::function<void(std::string_view)> warn = nullptr;
};

}  // namespace sinter
