#pragma once

#include <string>

#include "ir/graph.h"

namespace sinter::cli {

/// Reads a graph in text form, and FILE.bin beside it for its large constants where that exists; "-" is
/// standard input. Throws InputError also for a graph that is not valid, with all that is wrong with it.
Graph read_graph(const std::string& path);

/// Writes a graph in text form, atomically, and its large constants to `path`.bin; an empty path is standard
/// output, which has no place for those (InputError).
void write_graph(const Graph& graph, const std::string& path);

}  // namespace sinter::cli
