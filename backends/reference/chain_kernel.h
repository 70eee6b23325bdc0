#pragma once

#include <optional>
#include <string>

#include "backends/backend.h"

namespace sinter {

/// Why a body is no chain of elementwise ops over values of one shape and scalars; nothing: it is one.
std::optional<std::string> refuses_chain(const Graph& body);

/// Runs a chain a few thousand elements at a time, through all its ops, so that what lies between them stays
/// in the cache. Computes the very bits of one op after the other. Needs: a body that refuses_chain() does
/// not refuse.
std::unique_ptr<Kernel> make_chain_kernel(const Graph& body);

}  // namespace sinter
