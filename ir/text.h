#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "ir/graph.h"

namespace sinter {

/// The canonical text of a graph. Constants of more than 16 elements go to `sidecar` (appended) and are
/// named by their byte offset in it; without a sidecar they are an InternalError.
std::string print(const Graph& graph, std::vector<std::byte>* sidecar = nullptr);
/// The attributes in braces, defaults left out; empty when all are defaults.
std::string print(const Attributes& attributes);

/// Reads a graph. `file` names it in errors. Throws InputError with line, column and what was expected.
/// The graph is well formed as text; verify() says whether it is a valid one.
Graph parse(std::string_view text, std::string_view file = "<text>", std::span<const std::byte> sidecar = {});

}  // namespace sinter
