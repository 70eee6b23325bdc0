#pragma once

#include <string>

#include "backends/backend.h"

namespace sinter::cli {

/// The code of every node of a graph and of the bodies of its loops over slabs, each under a line that says
/// what node it is and which backend runs it.
std::string code_listing(const Graph& graph, const Backend& backend, CodeForm form);

}  // namespace sinter::cli
