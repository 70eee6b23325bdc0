#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>

#include "backends/jit/machine_code.h"

namespace sinter::jit {

/// Shows a function to perf, by a line of /tmp/perf-PID.map, and to gdb, by its interface for generated code
/// ("JIT Compilation Interface" of its manual), as long as the object lives. The code must live longer. Does
/// nothing for perf where its map cannot be written: this is a help, not a result.
class DebugSymbols {
 public:
  DebugSymbols(const MachineCode& code, std::span<const std::byte> object, const std::string& name);
  ~DebugSymbols();
  DebugSymbols(const DebugSymbols&) = delete;
  DebugSymbols& operator=(const DebugSymbols&) = delete;

 private:
  struct Entry;
  std::unique_ptr<Entry> entry_;
};

}  // namespace sinter::jit
