#pragma once

#include <optional>

#include "backends/jit/kernel_builder.h"
#include "backends/jit/lowering.h"
#include "ir/graph.h"

namespace sinter::jit {

/// Mean and variance of each channel of what a convolution makes, from sums that its kernel adds up while
/// results are in registers: of the values and of their squares, in f64, of which the squares of f32 values
/// lose nothing. Each unit of the kernel leaves its sums in scratch memory, and a second kernel adds these up
/// in order, whatever the number of threads. Source: variance = E[x^2] - E[x]^2. What it loses beside sums of
/// distances is some 1e-16 of E[x]^2.
class ChannelMoments {
 public:
  /// What lanes hold.
  enum class Lanes : uint8_t { samples, channels };
  /// Of one unit: how many channels it makes (of sixteen lanes: blocks of channels), of how many in all;
  /// units with the same channels, each of which has a slot.
  struct Units {
    Lanes lanes;
    int64_t own, channels, slots;
  };
  /// Sums of a tile of registers: channels, rows, columns.
  struct Results {
    const TileHandle& sum;
    int64_t channels, rows, columns;
  };

  ChannelMoments(KernelBuilder& builder, const Units& units);

  /// At the start of a unit.
  void clear(int64_t channels);
  /// `first`: of the unit's channels. `samples`: lanes that hold some, where not all do.
  void add(const Index& first, const Results& results, const std::optional<Index>& samples);
  /// At the end of a unit, whose first channel is `first` of all.
  void keep(const Index& slot, const Index& first, int64_t channels);

  /// The convolution's kernel and the second one. `norm`, of the node's body, has the mean and the variance
  /// as its results 1 and 2.
  Lowered behind(Kernel convolution, const Graph& graph, const Node& node, NodeId norm) const;

 private:
  Kernel finish(const Graph& graph, const Node& node, NodeId norm) const;
  int64_t stride() const;  ///< from one sum of a slot to the next, in scratch memory
  Index own(const Index& channel, int64_t sum) const;

  KernelBuilder* k_;
  Units units_;
  BufferId own_, kept_;
};

}  // namespace sinter::jit
