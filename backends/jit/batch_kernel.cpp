#include "backends/jit/batch_kernel.h"

namespace sinter::jit {

BatchKernel::BatchKernel(const Graph& graph, const Node& node)
    : k(kernel_name(node)), graph_(graph), node_(node) {}

BatchValue BatchKernel::samples(ValueId id) { return {k, buffer(id), graph_.type(id)}; }

BufferId BatchKernel::buffer(ValueId id) {
  const size_t position = position_of(node_, id);
  const char* kind = position < node_.operands.size() ? "x" : "y";
  return k.argument(fmt::format("{}{}", kind, position), graph_.type(id), position);
}

Expr BatchKernel::spread(BufferId buffer, Index index) {
  return k.load({.buffer = buffer, .index = std::move(index), .lane_stride = 0}, true);
}

Kernel BatchKernel::finish() {
  Kernel kernel = k.finish();
  kernel.scratch_argument = static_cast<int64_t>(node_.operands.size() + node_.results.size());
  return kernel;
}

}  // namespace sinter::jit
