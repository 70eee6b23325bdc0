#include "backends/jit/jit.h"

#include <algorithm>

#include "backends/jit/code_generator.h"
#include "backends/jit/compiled_node.h"
#include "backends/jit/engine.h"
#include "backends/jit/lowering.h"
#include "backends/jit/machine.h"
#include "backends/jit/verify_kernel.h"
#include "ir/cost.h"

namespace sinter {
namespace jit {
namespace {

bool can_hold(const Graph& graph, const Node& node) {
  for (const std::vector<ValueId>* ids : {&node.operands, &node.results})
    for (const ValueId id : *ids)
      if (id.valid() && (!is_concrete(graph.type(id).shape) || element_count(graph.type(id).shape) == 0))
        return false;
  return true;
}

class JitBackend final : public Backend {
 public:
  explicit JitBackend(const BackendOptions& options)
      : cpu_(cpu_target(options.instruction_set)),
        engine_(std::make_shared<Engine>(cpu_, EngineOptions{options.kernels, options.debug_symbols})) {}

  std::string_view name() const noexcept override { return "jit"; }
  std::string description() const override {
    return fmt::format("LLVM {}, {}", llvm_version(), instruction_set_name(cpu_));
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

  void prepare(const Graph& graph, NodeId id) const override {
    try {
      for (const jit::Kernel& kernel : lower(graph, id).kernels) engine_->start(kernel);
    } catch (const Error&) {  // compile() says it
    } catch (const InternalError&) {
    }
  }

  CompiledNode compile(const Graph& graph, NodeId id) const override {
    return compile_lowered(graph, id, lower(graph, id), engine_);
  }

  // With sixteen registers as many values of sixteen elements fit into them as each has elements.
  int vector_width() const override { return cpu_.has_avx512 ? 16 : cpu_.vector_registers; }

  // Estimates count sixteen lanes at a time of a typical core. Bytes move as quickly in any vectors.
  double predicted_seconds(const Graph& graph, NodeId id, const Implementation& way,
                           double core_flops) const override {
    const double moving = std::min(way.seconds, cost(graph, graph.node(id)).bytes / bytes_per_second);
    return moving + (way.seconds - moving) * flops_per_second() / core_flops;
  }

  std::optional<std::string> code(const Graph& graph, NodeId id, CodeForm form) const override {
    std::string text;
    const auto generator = form == CodeForm::kernel ? nullptr : make_code_generator(cpu_);
    for (const jit::Kernel& kernel : lower(graph, id).kernels) {
      if (generator != nullptr) verify_kernel(kernel);
      text += form == CodeForm::kernel ? to_string(kernel)
              : form == CodeForm::llvm ? generator->llvm_text(kernel, kernel.name)
                                       : generator->assembly(kernel, kernel.name);
    }
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

std::unique_ptr<Backend> make_jit_backend(const BackendOptions& options) {
  return std::make_unique<jit::JitBackend>(options);
}

}  // namespace sinter
