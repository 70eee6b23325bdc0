#pragma once

#include <string>
#include <string_view>

#include "ir/graph.h"

namespace sinter::cli {

/// A drawing of the graph in Graphviz's DOT language, for `dot`: the forward part from top to bottom, and
/// beside it the backward part from bottom to top and the update. `caption` stands under the graph's name.
/// The same graph gives the same text.
std::string graph_picture(const Graph& graph, std::string_view caption);

}  // namespace sinter::cli
