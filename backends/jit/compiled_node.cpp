#include "backends/jit/compiled_node.h"

namespace sinter::jit {
namespace {

class JitKernel final : public sinter::Kernel {
 public:
  JitKernel(std::shared_ptr<Engine> engine, const jit::Kernel& kernel)
      : engine_(std::move(engine)),
        function_(engine_->compile(kernel)),
        units_(kernel.units()),
        workspace_bytes_(kernel.workspace_bytes) {}

  int64_t units() const noexcept override { return units_; }
  int64_t workspace_bytes() const noexcept override { return workspace_bytes_; }
  bool run(void* const* buffers, void* workspace, int64_t begin, int64_t end) const noexcept override {
    function_(buffers, workspace, begin, end);
    return true;
  }

 private:
  std::shared_ptr<Engine> engine_;  ///< holds the code
  Engine::Function function_;
  int64_t units_, workspace_bytes_;
};

}  // namespace

CompiledNode compile_lowered(const Graph& graph, NodeId id, const Lowered& lowered,
                             const std::shared_ptr<Engine>& engine) {
  CompiledNode compiled{"jit", {}, lowered.scratch_bytes, lowered.form};
  try {
    for (const jit::Kernel& kernel : lowered.kernels)
      compiled.kernels.push_back(std::make_unique<JitKernel>(engine, kernel));
  } catch (const Error& error) {
    fail("{}: {}", describe_node(graph, id), error.what());
  }
  return compiled;
}

}  // namespace sinter::jit
