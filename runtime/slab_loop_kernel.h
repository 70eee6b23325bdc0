#pragma once

#include "backends/backend.h"
#include "runtime/profile.h"

namespace sinter {

/// Makes a slab_loop ready to run: its bodies' nodes compiled by `backend`, strung together as one kernel
/// whose units are the loop's lanes. A lane runs on one thread, slab after slab, every kernel of the body
/// with all of its units; the body's values lie in the thread's workspace, results that are joined where they
/// belong. Clocks of the bodies' nodes go into `profile`, if there is one. Throws Error as Backend::compile
/// does, and where a kernel of the body brings threads of its own.
CompiledNode compile_slab_loop(const Graph& graph, NodeId id, const Backend& backend, NodeProfile* profile);

}  // namespace sinter
