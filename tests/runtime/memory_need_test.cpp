#include "runtime/memory_need.h"

#include <gtest/gtest.h>

#include "ir/text.h"
#include "runtime/initialize.h"
#include "runtime/session.h"
#include "tests/runtime/small_models.h"
#include "tests/runtime/temporary_folder.h"

namespace sinter {
namespace {

constexpr int64_t mib = 1 << 20, gib = 1 << 30;

// Without what the optimizer keeps.
Weights parameters() { return Weights(initialize(small_lenet(true), "default", 0)); }

std::shared_ptr<const Executable> training_step(int64_t batch) {
  CompileOptions options{.backend = "reference", .passes = training_passes()};
  options.pass_options.symbols["N"] = batch;
  options.pass_options.momentum = 0.9;
  options.available = std::nullopt;
  return compile(small_lenet(true), options);
}

int64_t parameter_bytes(const Graph& graph) {
  int64_t bytes = 0;
  for (const ValueId id : graph.parameters()) bytes += graph.type(id).bytes();
  return bytes;
}

TEST(MemoryNeed, CountsAllThatAStepHolds) {
  const auto step = training_step(100);
  const Weights weights = parameters();
  const MemoryNeed need = memory_need(*step, 3, weights);
  EXPECT_EQ(need.values + need.workspaces, step->activation_bytes(3));
  EXPECT_EQ(need.inputs, 100 * (28 * 28 * 4 + 8) + 4);    // pictures, labels, lr
  EXPECT_GE(need.results, 4 + 8);                         // loss and correct count
  EXPECT_EQ(need.weights, parameter_bytes(step->graph));  // the momentum; the parameters are there
  EXPECT_EQ(need.total(), need.values + need.workspaces + need.inputs + need.results + need.weights);
}

TEST(MemoryNeed, WeightsInLayoutsThatAreThereCostNothing) {
  const auto step = training_step(2);
  const Weights weights = parameters();
  EXPECT_EQ(memory_need(*step, 1, Weights()).weights, 2 * parameter_bytes(step->graph));
  const Session session(step, std::make_shared<ThreadPool>(1), weights);
  EXPECT_EQ(memory_need(*step, 1, weights).weights, 0);
}

TEST(MemoryNeed, IsHeldAgainstWhatIsAvailableLessAMargin) {
  const MemoryNeed need{.values = 900 * mib, .inputs = 50 * mib, .results = mib, .threads = 2};
  EXPECT_NO_THROW(check_memory("g", need, std::nullopt));
  EXPECT_NO_THROW(check_memory("g", need, 1002 * mib));
  EXPECT_EQ(
      message_of<Error>([&] { check_memory("g", need, 1000 * mib); }),
      "graph \"g\" needs 951.0 MiB of memory (900.0 MiB for intermediate values, 0 B for kernels on 2 "
      "threads, 50.0 MiB for inputs, 1.0 MiB for results, 0 B for weights): 1000.0 MiB are available, 5 "
      "% of them left for others");
  EXPECT_NO_THROW(check_memory("g", {.values = large_plan_bytes}, 0));
  EXPECT_THROW(check_memory("g", {.values = large_plan_bytes, .weights = 1}, 0), Error);
}

TEST(MemoryNeed, OfValuesIsHeldAgainstItBeforeKernelsAreMade) {
  const Graph graph = parse(
      "graph g(%x: f32[1, 3, 1048576, 1048576]) -> (f32[1, 4, 1048574, 1048574]) {\n"
      "  param %w: f32[4, 3, 3, 3]\n"
      "  %1 = conv2d(%x, %w) : f32[1, 4, 1048574, 1048574]\n"
      "  return %1\n}");
  for (const std::string& backend : backend_names()) {
    CompileOptions options{.backend = backend, .passes = inference_passes()};
    options.available = 2 * gib;
    const std::string message = message_of<Error>([&] { compile(graph, options); });
    EXPECT_TRUE(message.starts_with("graph \"g\" needs at least ")) << backend << ": " << message;
    EXPECT_TRUE(
        message.ends_with(" for intermediate values, 12.0 TiB for inputs, 16.0 TiB for results): 2.0 "
                          "GiB are available, 5 % of them left for others"))
        << backend << ": " << message;
  }
}

// Pictures alone are more than there is; nothing of this size is ever allocated.
TEST(MemoryNeed, ASessionIsRefusedBeforeItTakesAnythingAndOthersGoOn) {
  const auto small = training_step(2), large = training_step(1 << 20);
  const Weights weights = parameters();
  const auto pool = std::make_shared<ThreadPool>(2);
  const std::string message = message_of<Error>([&] { Session(large, pool, weights, 2 * gib); });
  EXPECT_TRUE(message.starts_with("graph \"lenet_relu\" needs ")) << message;
  EXPECT_TRUE(message.ends_with(": 2.0 GiB are available, 5 % of them left for others")) << message;
  for (const ValueId id : small->graph.states()) EXPECT_FALSE(weights.contains(small->graph.info(id).name));
  Session session(small, pool, weights, 2 * gib);
  session.run(std::vector<Tensor>{Tensor(DType::f32, {2, 1, 28, 28}), Tensor(DType::i64, {2}),
                                  Tensor::scalar(DType::f32, 0.1)});
  EXPECT_GT(session.result(small->graph.find_result("loss").value()).at(0), 0);
}

}  // namespace
}  // namespace sinter
