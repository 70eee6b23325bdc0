#pragma once

#include "ir/graph.h"

namespace sinter {

/// How a node is computed for `slab` of the `samples` in a batch, where dimension 0 of the values that
/// `batched` marks (by value of the graph) is that batch. Nothing where the node mixes samples, or where none
/// of its operands is batched and it does not repeat a value for each sample.
std::optional<SlabForm> slab_form(const Graph& graph, const Node& node, const std::vector<bool>& batched,
                                  int64_t samples, int64_t slab);

/// A type with `samples` indices of dimension 0.
Type with_samples(Type type, int64_t samples);

}  // namespace sinter
