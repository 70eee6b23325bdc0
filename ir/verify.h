#pragma once

#include <string>
#include <vector>

#include "ir/graph.h"

namespace sinter {

/// One way in which a graph is broken.
struct Diagnostic {
  std::string node;  ///< the node as text, or empty for the graph as a whole
  std::string message;
};

/// All that is wrong with a graph: unknown or misplaced values, operand counts, stored types that differ from
/// the inferred ones (layouts aside), layouts that do not fit the rank, results stored into
/// something that is not a parameter or state of the same type. Recurses into bodies. Empty: a valid graph.
std::vector<Diagnostic> verify(const Graph& graph);

/// Throws InputError that lists verify()'s findings.
void verify_or_fail(const Graph& graph, std::string_view what);

}  // namespace sinter
