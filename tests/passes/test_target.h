#pragma once

#include "passes/target.h"

namespace sinter {

/// A target that runs nothing, for tests of the passes that ask one: its answers are simple, the same
/// everywhere, and all different, so that each choice has one right answer.
///   convolutions   plain; {aBcd16b} with weights {ABcd16b16a}, four times as fast for each multiplication,
///                  those with padding included; {acdb} up to 4 channels, twice as fast
///   elementwise    in any offered layout whose padding stays zero; pools in any offered layout
///   lanes          the sum of lanes and an update: lanes in any offered layout, all else plain
///   norms          of the batch: read their input twice
///   all else       plain
///   fusions        as the first op of their body; refused: tanh, and more than three ops beside updates. An
///   average pool's
///                  gradient in a convolution's: as the latter, and a time for each element between them
class TestTarget final : public Target {
 public:
  using Target::implementations;
  std::vector<Implementation> implementations(const Graph& graph, NodeId node,
                                              std::span<const Layout> offered) const override;
  double reorder_seconds(const Type& type, const Layout& to) const override;
  std::optional<std::string> refuses_fusion(const Graph& body) const override;
};

}  // namespace sinter
