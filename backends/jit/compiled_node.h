#pragma once

#include <memory>

#include "backends/backend.h"
#include "backends/jit/engine.h"
#include "backends/jit/lowering.h"

namespace sinter::jit {

/// The code of a node's kernels, as the runtime calls it. Throws Error, which names the node, where the
/// engine refuses one of them.
CompiledNode compile_lowered(const Graph& graph, NodeId id, const Lowered& lowered,
                             const std::shared_ptr<Engine>& engine);

}  // namespace sinter::jit
