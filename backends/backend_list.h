#pragma once

#include "backends/backend.h"

namespace sinter {

/// Several backends as one: each node runs on the one that expects to be fastest, at equal times on the one
/// that stands first. Its name is the first's. A body is one kernel where one of them says so. Needs: at
/// least one backend.
std::unique_ptr<Backend> make_backend_list(std::vector<std::unique_ptr<Backend>> backends);

}  // namespace sinter
