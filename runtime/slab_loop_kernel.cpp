#include "runtime/slab_loop_kernel.h"

#include <algorithm>
#include <cstring>

#include "ir/slab_loop.h"
#include "runtime/compiled_graph.h"

namespace sinter {
namespace {

constexpr int64_t alignment = 64;

int64_t aligned(int64_t bytes) { return (bytes + alignment - 1) / alignment * alignment; }

/// Where a buffer of a body's node lies.
struct Source {
  enum class Kind : uint8_t {
    fixed,  ///< a constant; null: an operand left out
    arena,  ///< `offset` bytes into the thread's arena
    loop,   ///< in a buffer of the loop, `step` bytes further for each slab
  };
  Kind kind = Kind::fixed;
  void* memory = nullptr;
  int64_t offset = 0;
  size_t buffer = 0;
  int64_t step = 0;
};

/// A result of the body that lanes add up.
struct Sum {
  DType dtype;
  int64_t offset;  ///< of a slab's part, in the arena
  int64_t bytes;
  size_t buffer;  ///< of the loop: one sum for each lane
};

/// The body for a slab or for the remainder.
class SlabProgram {
 public:
  SlabProgram(const Graph& body, const SlabLoop& loop, const Backend& backend, Profile* profile)
      : loop_(loop) {
    std::vector<ValueId> joined;
    for (size_t i = 0; i < body.results().size(); ++i)
      if (!loop.accumulated[i]) joined.push_back(body.results()[i].value);
    compiled_ = compile_nodes(body, backend, joined, profile);
    for (const CompiledNode& node : compiled_.nodes)
      for (const auto& kernel : node.kernels)
        if (kernel->self_parallel())
          fail("a kernel of {} has threads of its own and cannot run in a loop over slabs", node.backend);
    for (NodeId id = 0; id < static_cast<NodeId>(body.nodes().size()); ++id) collect_sources(body, id);
    for (size_t i = 0; i < body.results().size(); ++i) {
      const ValueId value = body.results()[i].value;
      const Type& type = body.type(value);
      if (!loop.accumulated[i]) continue;
      const Place& place = compiled_.plan.places[value.index];
      require(place.kind == Place::Kind::arena, "what a loop adds up is made in it");
      sums_.push_back({type.dtype, place.offset, type.bytes(), body.inputs().size() + i});
    }
  }

  size_t buffers() const { return sources_.size(); }
  int64_t arena_bytes() const { return compiled_.plan.arena_bytes; }
  int64_t workspace_bytes() const { return compiled_.workspace_bytes; }

  /// A thread's memory.
  struct Memory {
    void** buffers;
    std::byte* arena;
    void* workspace;
  };

  /// False: a kernel failed.
  bool run(void* const* loop_buffers, const Memory& memory, int64_t slab) const noexcept {
    for (size_t i = 0; i < sources_.size(); ++i)
      memory.buffers[i] = address(sources_[i], loop_buffers, memory.arena, slab);
    for (size_t node = 0; node < compiled_.nodes.size(); ++node)
      for (const auto& kernel : compiled_.nodes[node].kernels)
        if (!kernel->run(memory.buffers + first_source_[node], memory.workspace, 0, kernel->units()))
          return false;
    return true;
  }

  /// Adds what the last run made to the lane's sums, or begins them with it.
  void add_sums(void* const* loop_buffers, const std::byte* arena, int64_t lane, bool begins) const noexcept {
    for (const Sum& sum : sums_) {
      void* const to = static_cast<std::byte*>(loop_buffers[sum.buffer]) + lane * sum.bytes;
      if (begins)
        std::memcpy(to, arena + sum.offset, sum.bytes);
      else
        add_elements(sum.dtype, sum.bytes / size_of(sum.dtype), arena + sum.offset, to);
    }
  }

 private:
  void collect_sources(const Graph& body, NodeId id) {
    first_source_.push_back(sources_.size());
    for (const std::vector<ValueId>* ids : {&body.node(id).operands, &body.node(id).results})
      for (const ValueId value : *ids) sources_.push_back(value.valid() ? source_of(body, value) : Source{});
    sources_.push_back({.kind = Source::Kind::arena, .offset = compiled_.plan.scratch[id]});
  }

  Source source_of(const Graph& body, ValueId value) const {
    const Place& place = compiled_.plan.places[value.index];
    if (place.kind == Place::Kind::arena) return {.kind = Source::Kind::arena, .offset = place.offset};
    const ValueId owner = place.owner;
    const ValueInfo& info = body.info(owner);
    if (info.kind == ValueKind::constant) return {.memory = const_cast<void*>(info.constant.data())};
    if (info.kind == ValueKind::input) {
      const size_t input = std::ranges::find(body.inputs(), owner) - body.inputs().begin();
      const Type& slice = loop_.body->type(loop_.body->inputs()[input]);
      return {.kind = Source::Kind::loop, .buffer = input, .step = loop_.sliced[input] ? slice.bytes() : 0};
    }
    const size_t result =
        std::ranges::find(body.results(), owner, &GraphResult::value) - body.results().begin();
    return {.kind = Source::Kind::loop,
            .buffer = body.inputs().size() + result,
            .step = loop_.body->type(loop_.body->results()[result].value).bytes()};
  }

  static void* address(const Source& source, void* const* loop_buffers, std::byte* arena, int64_t slab) {
    if (source.kind == Source::Kind::arena) return arena + source.offset;
    if (source.kind == Source::Kind::fixed) return source.memory;
    return static_cast<std::byte*>(loop_buffers[source.buffer]) + slab * source.step;
  }

  const SlabLoop& loop_;
  CompiledGraph compiled_;
  std::vector<Source> sources_;       ///< of all nodes, one after the other
  std::vector<size_t> first_source_;  ///< by node
  std::vector<Sum> sums_;
};

/// A thread's workspace: a table of buffers, the arena of a body, and the workspace of its kernels.
class SlabLoopKernel final : public Kernel {
 public:
  SlabLoopKernel(const Graph& graph, const Node& node, const Backend& backend, NodeProfile* profile)
      : attributes_(node.attributes),
        loop_(attributes_, operand_types(graph, node)),
        body_(*loop_.body, loop_, backend, profile ? &profile->body : nullptr) {
    if (loop_.remainder)
      remainder_.emplace(*loop_.remainder, loop_, backend, profile ? &profile->remainder : nullptr);
    const SlabProgram& rest = remainder_ ? *remainder_ : body_;
    table_bytes_ = aligned(static_cast<int64_t>(std::max(body_.buffers(), rest.buffers()) * sizeof(void*)));
    arena_bytes_ = aligned(std::max(body_.arena_bytes(), rest.arena_bytes()));
    kernel_bytes_ = std::max(body_.workspace_bytes(), rest.workspace_bytes());
  }

  int64_t units() const noexcept override { return loop_.lanes; }
  int64_t workspace_bytes() const noexcept override { return table_bytes_ + arena_bytes_ + kernel_bytes_; }

  bool run(void* const* buffers, void* workspace, int64_t begin, int64_t end) const noexcept override {
    auto* const start = static_cast<std::byte*>(workspace);
    const SlabProgram::Memory memory{static_cast<void**>(workspace), start + table_bytes_,
                                     start + table_bytes_ + arena_bytes_};
    for (int64_t lane = begin; lane < end; ++lane) {
      const int64_t first = loop_.first_slab(lane), last = loop_.first_slab(lane + 1);
      for (int64_t slab = first; slab < last; ++slab) {
        const SlabProgram& program = loop_.is_remainder(slab) ? *remainder_ : body_;
        if (!program.run(buffers, memory, slab)) return false;
        program.add_sums(buffers, memory.arena, lane, slab == first);
      }
    }
    return true;
  }

 private:
  Attributes attributes_;  // keeps the bodies
  SlabLoop loop_;
  SlabProgram body_;
  std::optional<SlabProgram> remainder_;
  int64_t table_bytes_, arena_bytes_, kernel_bytes_;
};

}  // namespace

CompiledNode compile_slab_loop(const Graph& graph, NodeId id, const Backend& backend, NodeProfile* profile) {
  CompiledNode compiled{backend.name(), {}, 0};
  compiled.kernels.push_back(std::make_unique<SlabLoopKernel>(graph, graph.node(id), backend, profile));
  return compiled;
}

}  // namespace sinter
