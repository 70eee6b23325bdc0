#pragma once

#include <memory>
#include <string_view>

#include "passes/target.h"

namespace sinter {

/// A loop made ready to run: a function of buffers, a workspace and a range of its parallel units. Immutable
/// and shared by sessions; never prints, throws, or starts threads (unless self_parallel()). Allocates
/// nothing of its own; oneDNN's library does, a few small objects a call, and may find no memory for them.
class Kernel {
 public:
  virtual ~Kernel() = default;

  /// Independent parts; any split of [0, units()) over threads gives the same bits.
  virtual int64_t units() const noexcept = 0;
  /// Scratch memory that run() needs, for each thread that is in it.
  virtual int64_t workspace_bytes() const noexcept { return 0; }
  /// Runs its own threads: called alone, once, with all units.
  virtual bool self_parallel() const noexcept { return false; }
  /// `buffers`: the node's operands, null where left out, its results, in the layouts it was compiled for,
  /// and last the node's scratch memory. False: it failed, and the results are worth nothing.
  [[nodiscard]] virtual bool run(void* const* buffers, void* workspace, int64_t begin,
                                 int64_t end) const noexcept = 0;
};

/// A node made ready to run: loops, one after the other, and memory that lasts from the first to the last.
struct CompiledNode {
  std::string_view backend;  ///< the name of what compiled it
  std::vector<std::unique_ptr<Kernel>> kernels;
  int64_t scratch_bytes = 0;
  std::string_view form = {};  ///< which way they go, where there are several for the same ops
};

/// What code can be shown as.
enum class CodeForm : uint8_t {
  kernel,    ///< the loops that a node becomes
  llvm,      ///< their optimized LLVM code
  assembly,  ///< the machine's
};

/// Something that runs nodes. Also answers the passes' questions (Target).
class Backend : public Target {
 public:
  virtual std::string_view name() const noexcept = 0;
  /// What `sinter --version` says of it: library and instruction set.
  virtual std::string description() const = 0;
  /// What, beside the graph, the bits of its results depend on: the descriptions of all that it stands for.
  virtual std::string versions() const { return description(); }
  /// Begins what compile() of the node will have to do, on threads of its own: worth a call for each node
  /// before the first is compiled. What goes wrong compile() says.
  virtual void prepare(const Graph&, NodeId) const {}
  /// Makes a node with concrete types ready, in the layouts of the graph's types, which are those of one of
  /// its implementations(). Throws Error.
  virtual CompiledNode compile(const Graph& graph, NodeId node) const = 0;
  /// The code that compile() makes of the node, to be read; none where it is no code of this program's
  /// making.
  virtual std::optional<std::string> code(const Graph&, NodeId, CodeForm) const { return std::nullopt; }
  /// Who runs the node: this backend, or one of those it stands for.
  virtual const Backend& runner(const Graph&, NodeId) const { return *this; }
  /// f32 elements of the widest vectors that its kernels compute with: 16, 8 or 4.
  virtual int vector_width() const;
  /// What it expects of one of its implementations of a node on one core of this machine, which reaches
  /// `core_flops` FLOP/s in f32 with vectors of that width. Plans are made by Implementation::seconds
  /// instead, which no measurement changes.
  virtual double predicted_seconds(const Graph&, NodeId, const Implementation& way,
                                   double /*core_flops*/) const {
    return way.seconds;
  }
  /// Why it cannot run a node with concrete types in the layouts of the graph's types; nothing: it can. A
  /// list answers for all but its last, which is there to run what the others decline.
  virtual std::optional<std::string> declines(const Graph& graph, NodeId node) const;
};

/// `node 3 (relu, "features.1")`, as errors name it.
std::string describe_node(const Graph& graph, NodeId id);
/// `conv2d`, or `conv2d + sigmoid` of a fusion.
std::string ops_of(const Node& node);

}  // namespace sinter
