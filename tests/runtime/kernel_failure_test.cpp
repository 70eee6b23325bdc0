#include <gtest/gtest.h>

#include <atomic>

#include "ir/text.h"
#include "runtime/session.h"
#include "tests/runtime/temporary_folder.h"

/// Kernels that say they failed.
namespace sinter {
namespace {

/// Runs a kernel, but fails at one of its units as long as it is told to.
class Failing final : public Kernel {
 public:
  Failing(std::unique_ptr<Kernel> kernel, const std::atomic<bool>& fails)
      : kernel_(std::move(kernel)), fails_(fails) {}
  int64_t units() const noexcept override { return kernel_->units(); }
  int64_t workspace_bytes() const noexcept override { return kernel_->workspace_bytes(); }
  bool run(void* const* buffers, void* workspace, int64_t begin, int64_t end) const noexcept override {
    const int64_t unit = units() - 1;
    if (fails_ && begin <= unit && unit < end) return false;
    return kernel_->run(buffers, workspace, begin, end);
  }

 private:
  std::unique_ptr<Kernel> kernel_;
  const std::atomic<bool>& fails_;
};

/// The reference backend, but tanh fails.
class FailsAtTanh final : public Backend {
 public:
  explicit FailsAtTanh(const std::atomic<bool>& fails) : real_(find_backend("reference")), fails_(fails) {}
  std::string_view name() const noexcept override { return "fragile"; }
  std::string description() const override { return "reference, but tanh fails"; }
  std::vector<Implementation> implementations(const Graph& graph, NodeId node,
                                              std::span<const Layout> offered) const override {
    return real_->implementations(graph, node, offered);
  }
  double reorder_seconds(const Type& type, const Layout& to) const override {
    return real_->reorder_seconds(type, to);
  }
  std::optional<std::string> refuses_fusion(const Graph& body) const override {
    return real_->refuses_fusion(body);
  }
  CompiledNode compile(const Graph& graph, NodeId id) const override {
    CompiledNode compiled = real_->compile(graph, id);
    compiled.backend = name();
    if (graph.node(id).op == OpKind::tanh)
      compiled.kernels[0] = std::make_unique<Failing>(std::move(compiled.kernels[0]), fails_);
    return compiled;
  }

 private:
  std::shared_ptr<const Backend> real_;
  const std::atomic<bool>& fails_;
};

void expect_error_then_results(const std::string& text, const std::string& error) {
  std::atomic<bool> fails = false;
  const FailsAtTanh backend(fails);
  Graph graph = parse(text);
  auto executable = std::make_shared<Executable>();
  executable->program = compile_nodes(graph, backend);
  executable->graph = std::move(graph);
  Tensor x(DType::f32, {64, 1000});
  for (int64_t i = 0; i < x.count(); ++i) x.set(i, 1e-5 * static_cast<double>(i));
  const std::vector<Tensor> inputs = {x};
  for (const int threads : {1, 2, 3}) {
    Session session(executable, std::make_shared<ThreadPool>(threads), Weights());
    session.run(inputs);
    const Tensor expected = session.result(0).clone();
    fails = true;
    EXPECT_EQ(message_of<Error>([&] { session.run(inputs); }), error) << threads;
    fails = false;
    session.run(inputs);
    EXPECT_EQ(session.result(0), expected) << threads;
  }
}

TEST(KernelFailure, IsAnErrorThatNamesTheNodeAndTheSessionGoesOn) {
  expect_error_then_results(
      "graph g(%x: f32[64, 1000]) -> (f32[64, 1000]) {\n"
      "  %1 = exp(%x) : f32[64, 1000]\n"
      "  %2 = tanh(%1) : f32[64, 1000]  @ \"head.1\"\n"
      "  return %2\n}",
      "fragile could not compute node 1 (tanh, \"head.1\") of graph \"g\"; there may be too little memory");
}

TEST(KernelFailure, InALoopOverSlabsNamesTheLoop) {
  expect_error_then_results(
      "graph g(%x: f32[64, 1000]) -> (f32[64, 1000]) {\n"
      "  %1 = slab_loop(%x) {slab = 16, lanes = 4} (%a: f32[16, 1000]) {\n"
      "    %2 = tanh(%a) : f32[16, 1000]\n"
      "    return %2\n"
      "  } : f32[64, 1000]\n"
      "  return %1\n}",
      "fragile could not compute node 0 (slab_loop) of graph \"g\"; there may be too little memory");
}

}  // namespace
}  // namespace sinter
