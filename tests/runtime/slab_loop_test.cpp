#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <numeric>
#include <random>

#include "ir/interpreter.h"
#include "passes/same_numbers.h"
#include "runtime/initialize.h"
#include "runtime/session.h"
#include "tests/runtime/allocation_count.h"
#include "tests/runtime/small_models.h"

/// Loops over slabs as the runtime runs them, against the interpreter and against the graph without loops.
namespace sinter {
namespace {

std::shared_ptr<const Executable> compile_passes(std::vector<std::string> passes, const std::string& backend,
                                                 int64_t batch, bool loops, int64_t slab) {
  CompileOptions options{.backend = backend, .passes = std::move(passes)};
  options.pass_options.symbols["N"] = batch;
  options.pass_options.slabs.slab = slab;
  if (!loops) options.run_options.disable = {"form_slab_loops"};
  return compile(small_lenet(true), options);
}

std::shared_ptr<const Executable> compile_step(const std::string& backend, int64_t batch, bool loops,
                                               int64_t slab = 16) {
  return compile_passes(training_passes(), backend, batch, loops, slab);
}

Weights weights_of(const Graph& graph, const Bindings& bindings) {
  Weights weights;
  for (size_t i = 0; i < bindings.parameters.size(); ++i)
    weights.add(graph.info(graph.parameters()[i]).name, bindings.parameters[i].clone());
  return weights;
}

std::vector<Tensor> run_step(const std::shared_ptr<const Executable>& step, const Bindings& bindings,
                             int threads) {
  Session session(step, std::make_shared<ThreadPool>(threads), weights_of(step->graph, bindings));
  session.run(bindings.inputs);
  std::vector<Tensor> results;
  for (size_t i = 0; i < step->graph.results().size(); ++i) results.push_back(session.result(i).clone());
  return results;
}

void expect_near(const std::vector<Tensor>& actual, const std::vector<Tensor>& expected, double tolerance) {
  ASSERT_EQ(actual.size(), expected.size());
  for (size_t r = 0; r < expected.size(); ++r)
    for (int64_t i = 0; i < expected[r].count(); ++i)
      ASSERT_NEAR(actual[r].at(i), expected[r].at(i), tolerance * std::max(1.0, std::abs(expected[r].at(i))))
          << "result " << r << ", element " << i;
}

int64_t loops_of(const Executable& executable) {
  return std::ranges::count(executable.graph.nodes(), OpKind::slab_loop, &Node::op);
}

struct Cut {
  int64_t batch, slab;
};

class SlabLoopRun : public testing::TestWithParam<Cut> {
 protected:
  static void compare(const std::string& backend, const std::shared_ptr<const Executable>& looped,
                      const std::shared_ptr<const Executable>& flat, double tolerance) {
    const Bindings bindings = random_bindings(looped->graph, 5);
    const auto one = run_step(looped, bindings, 1);
    expect_near(one, interpret(looped->graph, bindings), backend == "reference" ? 0 : tolerance);
    expect_near(one, run_step(flat, bindings, 1), tolerance);
    for (const int threads : {2, 3, 16}) {
      const auto many = run_step(looped, bindings, threads);
      for (size_t i = 0; i < one.size(); ++i) EXPECT_EQ(many[i], one[i]) << threads << " threads, " << i;
    }
  }
};

TEST_P(SlabLoopRun, AgreesWithTheInterpreterAndTheFlatGraphOnAnyNumberOfThreads) {
  const auto [batch, slab] = GetParam();
  for (const std::string& backend : backend_names()) {
    SCOPED_TRACE(backend);
    const auto looped = compile_step(backend, batch, true, slab);
    // More than one where a layout cannot be cut between the slabs.
    EXPECT_GE(loops_of(*looped), 1);
    compare(backend, looped, compile_step(backend, batch, false, slab), 1e-4);
  }
}

TEST_P(SlabLoopRun, OfAForwardPassAgreesToo) {
  const auto [batch, slab] = GetParam();
  for (const std::string& backend : backend_names()) {
    SCOPED_TRACE(backend);
    const auto looped = compile_passes(inference_passes(), backend, batch, true, slab);
    // A batch within one slab may lie in a layout that fills it up.
    if (batch > slab) {
      EXPECT_GE(loops_of(*looped), 1);
    }
    compare(backend, looped, compile_passes(inference_passes(), backend, batch, false, slab), 1e-3);
  }
}

INSTANTIATE_TEST_SUITE_P(Batch, SlabLoopRun,
                         testing::Values(Cut{1, 16}, Cut{15, 16}, Cut{16, 16}, Cut{17, 16}, Cut{100, 16},
                                         Cut{7, 1}, Cut{17, 2}, Cut{18, 4}, Cut{31, 8}));

int64_t activation_bytes(bool relu_max, const std::string& backend, int64_t batch) {
  CompileOptions options{.backend = backend, .passes = training_passes()};
  options.pass_options.symbols["N"] = batch;
  return compile(whole_lenet(relu_max), options)->activation_bytes(2);
}

/// A kernel whose units run one by one in an order of their own.
class InOrder final : public Kernel {
 public:
  InOrder(std::unique_ptr<Kernel> kernel, std::vector<int64_t> order)
      : kernel_(std::move(kernel)), order_(std::move(order)) {}

  int64_t units() const noexcept override { return kernel_->units(); }
  int64_t workspace_bytes() const noexcept override { return kernel_->workspace_bytes(); }
  bool run(void* const* buffers, void* workspace, int64_t begin, int64_t end) const noexcept override {
    for (int64_t i = begin; i < end; ++i)
      if (!kernel_->run(buffers, workspace, order_[i], order_[i] + 1)) return false;
    return true;
  }

 private:
  std::unique_ptr<Kernel> kernel_;
  std::vector<int64_t> order_;
};

// Gives how many kernels have units enough for an order.
int64_t put_in_order(Executable& step, const std::function<void(std::vector<int64_t>&)>& arrange) {
  int64_t arranged = 0;
  for (CompiledNode& node : step.program.nodes)
    for (std::unique_ptr<Kernel>& kernel : node.kernels) {
      if (kernel->self_parallel() || kernel->units() < 2) continue;
      std::vector<int64_t> order(kernel->units());
      std::iota(order.begin(), order.end(), 0);
      arrange(order);
      kernel = std::make_unique<InOrder>(std::move(kernel), std::move(order));
      ++arranged;
    }
  return arranged;
}

TEST(SlabLoop, AnyOrderOfLanesGivesTheSameBits) {
  std::mt19937_64 random(3);
  const std::function<void(std::vector<int64_t>&)> orders[] = {
      [](std::vector<int64_t>& order) { std::ranges::reverse(order); },
      [&](std::vector<int64_t>& order) { std::ranges::shuffle(order, random); }};
  for (const std::string& backend : backend_names()) {
    SCOPED_TRACE(backend);
    const auto step = std::const_pointer_cast<Executable>(compile_step(backend, 150, true));
    ASSERT_GT(loops_of(*step), 0);
    const Bindings bindings = random_bindings(step->graph, 5);
    const auto expected = run_step(step, bindings, 2);
    for (const auto& arrange : orders) {
      ASSERT_GT(put_in_order(*step, arrange), 0);
      for (const int threads : {1, 3}) {
        const auto results = run_step(step, bindings, threads);
        for (size_t i = 0; i < results.size(); ++i) EXPECT_EQ(results[i], expected[i]) << "result " << i;
      }
    }
  }
}

TEST(SlabLoop, ActivationMemoryDoesNotGrowWithTheBatch) {
  for (const std::string& backend : backend_names()) {
    if (backend == "reference") continue;
    for (const bool relu_max : {false, true})
      EXPECT_EQ(activation_bytes(relu_max, backend, 256), activation_bytes(relu_max, backend, 65536))
          << backend << (relu_max ? ", ReLU" : ", sigmoid");
  }
  EXPECT_LT(compile_step("auto", 256, true)->activation_bytes(2),
            compile_step("auto", 256, false)->activation_bytes(2));
}

TEST(SlabLoop, ThreadsWithoutALaneHaveNoRoomForOne) {
  const auto step = compile_step("reference", 40, true);  // three slabs
  const int64_t bytes = step->program.workspace_bytes;
  const std::vector<int64_t> offsets = step->program.workspace_offsets(1024);
  EXPECT_EQ(offsets[3], 3 * bytes);
  EXPECT_LT(offsets[4], 4 * bytes);
  EXPECT_LT(step->activation_bytes(1024), step->program.plan.arena_bytes + 1024 * bytes / 2);
}

TEST(SlabLoop, AStepAllocatesNothing) {
  const auto step = compile_step("reference", 40, true);
  const Bindings bindings = random_bindings(step->graph, 5);
  Session session(step, std::make_shared<ThreadPool>(2), weights_of(step->graph, bindings));
  session.run(bindings.inputs);
  const auto before = allocation_count();
  if (!before) GTEST_SKIP() << "a sanitizer has the allocator";
  session.run(bindings.inputs);
  EXPECT_EQ(allocation_count(), before);
}

}  // namespace
}  // namespace sinter
