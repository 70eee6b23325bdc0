#include "backends/jit/jit.h"

#include "backends/jit/code_generator.h"
#include "backends/jit/engine.h"
#include "backends/jit/lowering.h"
#include "backends/jit/machine.h"

namespace sinter {
namespace jit {
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

bool can_hold(const Graph& graph, const Node& node) {
  for (const std::vector<ValueId>* ids : {&node.operands, &node.results})
    for (const ValueId id : *ids)
      if (id.valid() && (!is_concrete(graph.type(id).shape) || element_count(graph.type(id).shape) == 0))
        return false;
  return true;
}

class JitBackend final : public Backend {
 public:
  explicit JitBackend(InstructionSet set) : cpu_(cpu_target(set)), engine_(std::make_shared<Engine>(cpu_)) {}

  std::string_view name() const noexcept override { return "jit"; }
  std::string description() const override {
    return fmt::format("LLVM, {} ({})", instruction_set_name(cpu_), cpu_.cpu);
  }

  using Target::implementations;
  std::vector<Implementation> implementations(const Graph& graph, NodeId id,
                                              std::span<const Layout> offered) const override {
    const Node& node = graph.node(id);
    const Lowering* lowering = can_hold(graph, node) ? find_lowering(graph, node) : nullptr;
    return lowering == nullptr ? std::vector<Implementation>{}
                               : lowering->implementations(graph, node, offered);
  }

  double reorder_seconds(const Type& type, const Layout& to) const override {
    const int64_t bytes = type.bytes() + to.bytes(sizes(type.shape), size_of(type.dtype));
    return static_cast<double>(bytes) / bytes_per_second + call_seconds;
  }

  std::optional<std::string> refuses_fusion(const Graph& body) const override { return refuses_body(body); }

  CompiledNode compile(const Graph& graph, NodeId id) const override {
    const Lowered lowered = lower(graph, id);
    CompiledNode compiled{name(), {}, lowered.scratch_bytes};
    for (const jit::Kernel& kernel : lowered.kernels)
      compiled.kernels.push_back(std::make_unique<JitKernel>(engine_, kernel));
    return compiled;
  }

  std::optional<std::string> code(const Graph& graph, NodeId id, CodeForm form) const override {
    std::string text;
    CodeGenerator generator(cpu_);
    for (const jit::Kernel& kernel : lower(graph, id).kernels)
      text += form == CodeForm::kernel ? to_string(kernel)
              : form == CodeForm::llvm ? generator.llvm_text(kernel, kernel.name)
                                       : generator.assembly(kernel, kernel.name);
    return text;
  }

 private:
  Lowered lower(const Graph& graph, NodeId id) const {
    const Node& node = graph.node(id);
    const auto ways = implementations(graph, id, layouts_of(graph, node));
    if (find_implementation(ways, graph, node) == nullptr)
      fail_input("jit has no kernel for {}", describe_node(graph, id));
    return find_lowering(graph, node)->lower(graph, node, cpu_);
  }

  CpuTarget cpu_;
  std::shared_ptr<Engine> engine_;
};

}  // namespace
}  // namespace jit

std::unique_ptr<Backend> make_jit_backend() { return make_jit_backend(jit::InstructionSet::host); }
std::unique_ptr<Backend> make_jit_backend(jit::InstructionSet set) {
  return std::make_unique<jit::JitBackend>(set);
}

}  // namespace sinter
