#pragma once

#include <string>

#include "backends/backend.h"

namespace sinter::cli {

/// The calls of kernels that a graph becomes, in order, with their parallel units and workspaces, and where
/// in the arena their values lie; those of a slab_loop's body under it, in the arena of a thread. Needs: a
/// graph without symbols, in layouts that `backend` chose.
std::string schedule_listing(const Graph& graph, const Backend& backend);

}  // namespace sinter::cli
