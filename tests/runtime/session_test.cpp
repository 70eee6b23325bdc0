#include "runtime/session.h"

#include <gtest/gtest.h>

#include "ir/interpreter.h"
#include "ir/text.h"
#include "passes/same_numbers.h"
#include "runtime/initialize.h"
#include "tests/runtime/small_models.h"
#include "tests/runtime/temporary_folder.h"

namespace sinter {
namespace {

std::shared_ptr<const Executable> compile_inference(const Graph& graph, int64_t batch,
                                                    const std::string& backend = "auto") {
  CompileOptions options{.backend = backend, .passes = inference_passes()};
  options.pass_options.symbols["N"] = batch;
  return compile(graph, options);
}

std::shared_ptr<ThreadPool> pool_of(int threads) { return std::make_shared<ThreadPool>(threads); }

void expect_near(const Tensor& actual, const Tensor& expected, double tolerance) {
  ASSERT_EQ(actual.type(), expected.type());
  for (int64_t i = 0; i < expected.count(); ++i)
    EXPECT_NEAR(actual.at(i), expected.at(i), tolerance * std::max(1.0, std::abs(expected.at(i)))) << i;
}

void compare_with_interpreter(const std::string& backend) {
  for (const bool relu_max : {false, true}) {
    const auto executable = compile_inference(small_lenet(relu_max), 3, backend);
    const Bindings bindings = random_bindings(executable->graph, 7);
    Weights weights;
    for (size_t i = 0; i < bindings.parameters.size(); ++i)
      weights.add(executable->graph.info(executable->graph.parameters()[i]).name, bindings.parameters[i]);
    Session session(executable, pool_of(2), weights);
    session.run(bindings.inputs);
    const double tolerance = backend == "reference" ? 0 : 1e-5;
    expect_near(session.result(0), interpret(executable->graph, bindings)[0], tolerance);
  }
}

TEST(Session, GivesWhatTheInterpreterGives) {
  for (const std::string& backend : backend_names()) {
    SCOPED_TRACE(backend);
    compare_with_interpreter(backend);
  }
}

TEST(Session, ManyRunAtOnceOnOneExecutable) {
  const Graph model = small_lenet(true);
  const auto executable = compile_inference(model, 2);
  const Weights weights(initialize(model, "default", 3));
  const auto pool = pool_of(2);
  constexpr int sessions = 4;
  std::vector<Tensor> expected, found(sessions);
  std::vector<std::vector<Tensor>> inputs;
  for (int i = 0; i < sessions; ++i) {
    inputs.push_back(random_bindings(executable->graph, i).inputs);
    Session alone(executable, pool_of(1), weights);
    alone.run(inputs.back());
    expected.push_back(alone.result(0).clone());
  }
  std::vector<std::thread> threads;
  for (int i = 0; i < sessions; ++i)
    threads.emplace_back([&, i] {
      const Weights shared = weights;
      Session session(executable, pool, shared);
      for (int run = 0; run < 20; ++run) session.run(inputs[i]);
      found[i] = session.result(0).clone();
    });
  for (std::thread& thread : threads) thread.join();
  for (int i = 0; i < sessions; ++i) EXPECT_EQ(found[i], expected[i]) << i;
}

TEST(Session, StoresResultsIntoParametersAndStates) {
  // The new %w is read after it is made, %s is replaced by something that cannot be made in its place.
  const Graph graph = parse(R"(graph g(%x: f32[2]) -> (f32[2], f32[2], f32[2]) {
  param %w: f32[2]
  state %s: f32[2]
  %1 = add(%w, %x) : f32[2]
  %2 = mul(%w, %s) : f32[2]
  return %2, %1 into %w, %2 into %s
})");
  const auto executable = compile(graph, {});
  Weights weights;
  weights.add("w", Tensor::of<float>({2}, {1, 2}));
  weights.add("s", Tensor::of<float>({2}, {10, 20}));
  Session session(executable, pool_of(1), weights);
  const std::vector<Tensor> inputs = {Tensor::of<float>({2}, {0.5, 0.25})};
  session.run(inputs);
  EXPECT_EQ(session.result(0), Tensor::of<float>({2}, {10, 40}));
  EXPECT_EQ(weights.at("w"), Tensor::of<float>({2}, {1.5, 2.25}));
  EXPECT_EQ(weights.at("s"), Tensor::of<float>({2}, {10, 40}));
  session.run(inputs);
  EXPECT_EQ(weights.at("w"), Tensor::of<float>({2}, {2, 2.5}));
  EXPECT_EQ(weights.at("s"), Tensor::of<float>({2}, {15, 90}));
}

size_t kernels_of(const Executable& executable, OpKind op) {
  size_t count = 0;
  for (size_t i = 0; i < executable.program.nodes.size(); ++i)
    if (executable.graph.nodes()[i].op == op) count += executable.program.nodes[i].kernels.size();
  return count;
}

// One channel first or last is one memory: of an input, a parameter, a constant, what a node made, and
// results.
TEST(Session, ReordersThatMoveNothingRunNothing) {
  const Graph graph =
      parse(R"(graph g(%x: f32[2, 1, 2, 2]) -> (f32[2, 1, 2, 2], f32[2, 1, 2, 2], f32[1, 1, 2, 2]) {
  param %w: f32[2, 1, 2, 2]
  const %1: f32[1, 1, 2, 2] = [1, 2, 3, 4]
  %2 = reorder(%x) : f32[2, 1, 2, 2]{acdb}
  %3 = reorder(%w) : f32[2, 1, 2, 2]{acdb}
  %4 = add(%2, %3) : f32[2, 1, 2, 2]{acdb}
  %5 = reorder(%4) : f32[2, 1, 2, 2]
  %6 = reorder(%2) : f32[2, 1, 2, 2]
  %7 = reorder(%1) : f32[1, 1, 2, 2]{acdb}
  %8 = reorder(%7) : f32[1, 1, 2, 2]
  return %5, %6, %8
})");
  for (const std::string& backend : {std::string("auto"), std::string("reference")}) {
    SCOPED_TRACE(backend);
    const auto executable = compile(graph, {.backend = backend, .passes = {}});
    EXPECT_EQ(kernels_of(*executable, OpKind::reorder), 0u);
    EXPECT_EQ(kernels_of(*executable, OpKind::add), 1u);
    Weights weights;
    weights.add("w", Tensor::of<float>({2, 1, 2, 2}, {10, 20, 30, 40, 50, 60, 70, 80}));
    Session session(executable, pool_of(2), weights);
    for (const float first : {1.0F, 9.0F}) {
      const auto x = Tensor::of<float>({2, 1, 2, 2}, {first, 2, 3, 4, 5, 6, 7, 8});
      session.run(std::vector<Tensor>{x});
      EXPECT_EQ(session.result(0), Tensor::of<float>({2, 1, 2, 2}, {first + 10, 22, 33, 44, 55, 66, 77, 88}));
      EXPECT_EQ(session.result(1), x);
      EXPECT_EQ(session.result(2), Tensor::of<float>({1, 1, 2, 2}, {1, 2, 3, 4}));
    }
  }
}

TEST(Session, ReordersThatMoveSomethingRun) {
  const Graph graph = parse(R"(graph g(%x: f32[1, 2, 1, 2]) -> (f32[1, 2, 1, 2]) {
  %1 = reorder(%x) : f32[1, 2, 1, 2]{acdb}
  %2 = reorder(%1) : f32[1, 2, 1, 2]
  return %2
})");
  EXPECT_EQ(kernels_of(*compile(graph, {}), OpKind::reorder), 2u);
}

TEST(Session, ParametersCanChangePlacesAndOldValuesBeReturned) {
  const Graph graph = parse(R"(graph g(%x: f32[1]) -> (f32[1], f32[1], f32[1]) {
  param %a: f32[1]
  param %b: f32[1]
  return %b into %a, %a into %b, %a
})");
  Weights weights;
  weights.add("a", Tensor::of<float>({1}, {1}));
  weights.add("b", Tensor::of<float>({1}, {2}));
  Session session(compile(graph, {}), pool_of(1), weights);
  session.run(std::vector<Tensor>{Tensor(DType::f32, {1})});
  EXPECT_EQ(weights.at("a").at(0), 2);
  EXPECT_EQ(weights.at("b").at(0), 1);
  EXPECT_EQ(session.result(2).at(0), 1);
}

TEST(Session, SaysWhatDoesNotFit) {
  const Graph model = small_lenet(false);
  const auto executable = compile_inference(model, 2);
  NamedTensors weights = initialize(model, "default", 0);
  Session session(executable, pool_of(1), Weights(weights));
  EXPECT_EQ(message_of<InputError>([&] { session.run({}); }), "graph \"lenet\" has 1 inputs; 0 were given");
  const std::vector<Tensor> wrong = {Tensor(DType::f32, {3, 1, 28, 28})};
  EXPECT_EQ(message_of<InputError>([&] { session.run(wrong); }),
            "input %image is f32[2, 1, 28, 28]; f32[3, 1, 28, 28] was given");
  const Weights none;
  EXPECT_EQ(message_of<InputError>([&] { Session(executable, pool_of(1), none); }),
            "no weights for %0.weight: f32[6, 1, 5, 5]");
  weights.insert_or_assign("0.bias", Tensor(DType::f32, {7}));
  EXPECT_EQ(message_of<InputError>([&] { Session(executable, pool_of(1), Weights(weights)); }),
            "weights for %0.bias are f32[7]; the model has f32[6]");
}

TEST(Session, APlanLargerThanTheMemoryIsRefusedWithItsFigure) {
  const Graph small = parse("graph s(%x: f32[2]) -> (f32[2]) {\n  %1 = exp(%x) : f32[2]\n  return %1\n}");
  const Graph large = parse(
      "graph l(%x: f32[1024, 1]) -> (f32[1024]) {\n"
      "  %1 = broadcast_to(%x) {shape = [1024, 1073741824]} : f32[1024, 1073741824]\n"
      "  %2 = softmax(%1) : f32[1024, 1073741824]\n"
      "  %3 = sum(%2) {axes = [1]} : f32[1024]\n"
      "  return %3\n}");
  Session session(compile(small, {}), pool_of(1), Weights());
  const std::vector<Tensor> x = {Tensor::of<float>({2}, {0, 1})};
  session.run(x);
  const Tensor before = session.result(0).clone();
  CompileOptions options{.backend = "reference", .passes = {}};
  const std::string values = message_of<Error>([&] { compile(large, options); });
  EXPECT_TRUE(
      values.starts_with("graph \"l\" needs at least 8.0 TiB of memory (8.0 TiB for intermediate values, 4.0 "
                         "KiB for inputs, 4.0 KiB for results): "))
      << values;
  options.available = std::nullopt;
  const std::string message =
      message_of<Error>([&] { Session(compile(large, options), pool_of(1), Weights()); });
  EXPECT_TRUE(
      message.starts_with("graph \"l\" needs 8.0 TiB of memory (8.0 TiB for intermediate values, 0 B "
                          "for kernels on 1 thread, 4.0 KiB for inputs, 4.0 KiB for results, 0 B for "
                          "weights): "))
      << message;
  session.run(x);
  EXPECT_EQ(session.result(0), before);
}

TEST(Compile, RefusesWhatCannotRun) {
  EXPECT_EQ(
      message_of<InputError>([] { compile(small_lenet(false), {}); }),
      "graph \"lenet\" has %image: f32[N, 1, 28, 28]: every symbol must be bound before it is compiled");
  EXPECT_EQ(
      message_of<InputError>([] { find_backend("gpu"); }),
      fmt::format("unknown backend \"gpu\"; this build has: auto, {}", fmt::join(backend_names(), ", ")));
  const Graph half = parse("graph h(%x: bf16[2]) -> (bf16[2]) {\n  %1 = relu(%x) : bf16[2]\n  return %1\n}");
  EXPECT_EQ(message_of<InputError>([&] { compile(half, {}); }),
            "node 0 (relu) is in bf16, in which nothing computes yet; expected f32 or f64");
}

TEST(Initialize, RefusesTypesInWhichNothingComputes) {
  const Graph half = parse(
      "graph h(%x: f16[2, 3]) -> (f16[2, 4]) {\n  param %w: f16[4, 3]\n  %1 = linear(%x, %w) : f16[2, 4]\n"
      "  return %1\n}");
  EXPECT_EQ(message_of<InputError>([&] { initialize(half, "default", 0); }),
            "parameter \"w\" is in f16, in which nothing computes yet; expected f32 or f64");
}

TEST(Initialize, FollowsPyTorchsBounds) {
  const Graph model = small_lenet(false);
  const NamedTensors plain = initialize(model, "default", 1), xavier = initialize(model, "xavier_uniform", 1);
  const auto largest = [](const Tensor& tensor) {
    double most = 0;
    for (int64_t i = 0; i < tensor.count(); ++i) most = std::max(most, std::abs(tensor.at(i)));
    return most;
  };
  const auto near = [&](const Tensor& tensor, double bound) {
    EXPECT_LE(largest(tensor), bound);
    EXPECT_GT(largest(tensor), 0.9 * bound);
  };
  near(plain.at("3.weight"), 1 / std::sqrt(6 * 25.0));
  near(plain.at("7.bias"), 1 / std::sqrt(400.0));  // the fan in of its layer's weight
  near(xavier.at("3.weight"), std::sqrt(6 / (6 * 25.0 + 16 * 25.0)));
  near(xavier.at("7.weight"), std::sqrt(6 / (400.0 + 120.0)));
  EXPECT_EQ(xavier.at("7.bias"), plain.at("7.bias"));
  EXPECT_EQ(initialize(model, "default", 1), plain);
  EXPECT_NE(initialize(model, "default", 2).at("7.bias"), plain.at("7.bias"));
  EXPECT_EQ(message_of<InputError>([&] { initialize(model, "zeros", 0); }),
            "unknown initialisation \"zeros\"; expected default, xavier_uniform, kaiming_uniform or "
            "kaiming_normal");
}

// group_norm of the language: what a value is multiplied by, and what is added to the product.
TEST(Initialize, ScalesAndShiftsOfSeveralOpsStartAtOneAndZero) {
  Graph graph;
  const Value x = graph.input("x", {DType::f32, {2, 3, 4}, {}});
  const Value weight = graph.parameter("weight", {DType::f32, {3}, {}});
  const Value bias = graph.parameter("bias", {DType::f32, {3}, {}});
  const Value slope = graph.parameter("slope", {DType::f32, {4}, {}});
  graph.add_result((tanh(x) * reshape(weight, {3, 1}) + reshape(bias, {3, 1})) * slope);
  const NamedTensors weights = initialize(graph, "default", 1);
  for (int64_t i = 0; i < 3; ++i) {
    EXPECT_EQ(weights.at("weight").at(i), 1);
    EXPECT_EQ(weights.at("bias").at(i), 0);
    EXPECT_EQ(weights.at("slope").at(i), 1);
  }
}

}  // namespace
}  // namespace sinter
