#pragma once

#include <memory>
#include <string_view>

#include "passes/target.h"

namespace sinter {

/// A node made ready to run: a function of buffers, a workspace and a range of its parallel units. Immutable
/// and shared by sessions; never allocates, prints, throws, or starts threads (unless self_parallel()).
class Kernel {
 public:
  virtual ~Kernel() = default;

  /// Independent parts; any split of [0, units()) over threads gives the same bits.
  virtual int64_t units() const noexcept = 0;
  /// Scratch memory that run() needs, for each thread that is in it.
  virtual int64_t workspace_bytes() const noexcept { return 0; }
  /// Runs its own threads: called alone, once, with all units.
  virtual bool self_parallel() const noexcept { return false; }
  /// `buffers`: the node's operands, null where left out, then its results, in the layouts it was compiled
  /// for.
  virtual void run(void* const* buffers, void* workspace, int64_t begin, int64_t end) const noexcept = 0;
};

/// Something that runs nodes. Also answers the passes' questions (Target).
class Backend : public Target {
 public:
  virtual std::string_view name() const noexcept = 0;
  /// What `sinter --version` says of it: library and instruction set.
  virtual std::string description() const = 0;
  /// A kernel for a node with concrete types, one of whose implementations() it is. Throws Error.
  virtual std::unique_ptr<Kernel> compile(const Graph& graph, NodeId node) const = 0;
};

}  // namespace sinter
