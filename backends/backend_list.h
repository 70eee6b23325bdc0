#pragma once

#include <functional>
#include <string>

#include "backends/backend.h"

namespace sinter {

/// Told that a node failed to compile on the backend that was to run it, and runs on another.
using OnFallBack = std::function<void(const std::string& what)>;

/// Several backends as one: each node runs on the one that expects to be fastest, at equal times on the one
/// that stands first. Its name is the first's. A body is one kernel where one of them says so. Needs: at
/// least one backend. Where `on_fall_back` is given, a node that fails to compile on one (Error,
/// InternalError) is compiled by the next best; otherwise that is an error.
std::unique_ptr<Backend> make_backend_list(std::vector<std::unique_ptr<Backend>> backends,
                                           OnFallBack on_fall_back = nullptr);

}  // namespace sinter
