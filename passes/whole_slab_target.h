#pragma once

#include "passes/slab_regions.h"
#include "passes/target.h"

namespace sinter {

/// A target for passes that fuse what form_slab_loops will cut: it says of each node what the other target
/// says of it for as many samples as fill whole blocks of 16, and no more than 256. Nearly all slabs are
/// whole; asked about 129 samples, a target counts the empty lanes of the last block, and other fusions than
/// those of 128 seem best. Of a larger batch the slabs are no larger.
class WholeSlabTarget final : public Target {
 public:
  /// All must outlive it.
  WholeSlabTarget(const Target& target, const Graph& graph, const PassOptions& options);

  using Target::implementations;
  /// Of another graph than the constructor's, such as a fusion alone, all values that are as long as the
  /// batch are taken to be batched.
  std::vector<Implementation> implementations(const Graph& graph, NodeId node,
                                              std::span<const Layout> offered) const override;
  double reorder_seconds(const Type& type, const Layout& to) const override;
  std::optional<std::string> refuses_fusion(const Graph& body) const override;

 private:
  const Target& target_;
  const Graph& graph_;
  PassOptions options_;
  SlabRegions regions_;
  int64_t whole_ = 0;  ///< samples; 0: those of the batch, or no loops will be formed
};

}  // namespace sinter
