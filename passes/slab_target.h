#pragma once

#include <deque>

#include "passes/slab_body.h"
#include "passes/target.h"

namespace sinter {

/// A target for a graph that form_slab_loops will cut: of a node that will run slab by slab it says what the
/// other target says of its part on one slab, times a fixed number of slabs. What is best for the whole batch
/// may be bad for a slab, and the batch must not change what a slab does.
class SlabTarget final : public Target {
 public:
  /// Both must outlive it; the graph's layouts are plain.
  SlabTarget(const Target& target, const Graph& graph, const PassOptions& options);

  using Target::implementations;
  /// Needs: `graph` is that of the constructor.
  std::vector<Implementation> implementations(const Graph& graph, NodeId node,
                                              std::span<const Layout> offered) const override;
  /// Of a type with as many samples as the batch: of the fixed number of slabs.
  double reorder_seconds(const Type& type, const Layout& to) const override;
  std::optional<std::string> refuses_fusion(const Graph& body) const override;

 private:
  /// What a loop does of a node.
  struct Part {
    const Graph* body = nullptr;  ///< null: it runs on the whole batch
    NodeId node = -1;
  };

  bool can_run(const Node& node, const Implementation& way) const;

  const Target& target_;
  std::deque<SlabBody> bodies_;
  std::vector<Part> parts_;    ///< by node
  std::vector<int64_t> cuts_;  ///< by value that goes into loops or out: into parts of so many samples
  int64_t samples_ = 0, typical_samples_ = 0;
};

}  // namespace sinter
