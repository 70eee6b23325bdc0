#include "backends/jit/body_kernel.h"

namespace sinter::jit {

BodyKernel::BodyKernel(const Graph& graph, const Node& node)
    : k(kernel_name(node)),
      graph_(graph),
      node_(node),
      own_(body_of(graph, node)),
      buffers_(own_.body.values().size(), -1) {}

ValueId BodyKernel::outer(ValueId id) const {
  for (size_t i = 0; i < own_.operands.size(); ++i)
    if (own_.body.inputs()[i] == id) return own_.operands[i];
  for (size_t i = 0; i < own_.results.size(); ++i)
    if (own_.body.results()[i].value == id) return own_.results[i];
  require(false, "an input or a result of the body");
  return {};
}

BufferId BodyKernel::buffer(ValueId id) {
  BufferId& known = buffers_[id.index];
  if (known >= 0) return known;
  const size_t position = position_of(node_, outer(id));
  const char* kind = position < node_.operands.size() ? "x" : "y";
  return known = k.argument(fmt::format("{}{}", kind, position), type(id), position);
}

Expr BodyKernel::spread(ValueId id, Index index) {
  return k.load({.buffer = buffer(id), .index = std::move(index), .lane_stride = 0}, true);
}

EpiloguePlace BodyKernel::samples_at(const Index& block, std::vector<Index> at) {
  return {[=, this](ValueId id) {
            return element_count(type(id).shape) == 1 ? spread(id, 0) : samples(id).load(block, at);
          },
          [=, this](ValueId id, const Expr& value) { samples(id).store(block, at, value); }};
}

Kernel BodyKernel::finish() {
  Kernel kernel = k.finish();
  kernel.scratch_argument = static_cast<int64_t>(node_.operands.size() + node_.results.size());
  return kernel;
}

}  // namespace sinter::jit
