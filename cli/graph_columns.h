#pragma once

#include <vector>

#include "ir/graph.h"

namespace sinter::cli {

/// The column of each node where a long graph is drawn in several, read from left to right: as many as give
/// about the proportions of a page, cut where few values pass from one to the next.
std::vector<int> columns(const Graph& graph);

}  // namespace sinter::cli
