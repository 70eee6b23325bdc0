#pragma once

#include "ir/graph.h"

namespace sinter::cli {

/// The graph with the bodies of its loops over slabs in the loops' places, to be drawn: values of a body have
/// the types of one slab, and what lanes add up goes from the body to the sum of the lanes. It cannot be run.
Graph open_loops(const Graph& graph);
/// How its loops cut the batch: `slabs of 16`, or nothing where it has none.
std::string slabs_of(const Graph& graph);

}  // namespace sinter::cli
