#pragma once

#include <cstdint>
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
  /// A folder where compiled kernels are kept for the next time, made with the first; any number of processes
  /// may share it. One that cannot be written is warned of. Empty: they are not kept, and no file is written.
  std::filesystem::path kernel_cache = {};
  /// Bytes, 0 or more, that the kernels kept may come to; those that were not used for the longest time go.
  std::int64_t kernel_cache_limit = std::int64_t{256} << 20;
  /// What jit's kernels may use: `host` (all that this CPU has), `avx512`, `avx2` or `baseline` (SSE2). One
  /// that the CPU lacks is an InputError. Results have the same bits on one instruction set, not across them.
  std::string instruction_set = "host";
  /// Names jit's kernels to perf, in /tmp/perf-PID.map, and to gdb.
  bool jit_symbols = false;
  /// Told, on the thread that compiles, what one should know though the work goes on. Null: nobody is.
  std::function<void(std::string_view)> warn = nullptr;
};

}  // namespace sinter
