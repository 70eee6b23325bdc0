#include "runtime/benchmark.h"

#include <gtest/gtest.h>

#include "ir/text.h"
#include "runtime/executable.h"
#include "runtime/initialize.h"
#include "tests/runtime/small_models.h"
#include "tests/runtime/temporary_folder.h"

namespace sinter {
namespace {

BenchmarkOptions options_of(bool train, int64_t batch_size, int64_t repeat = 3) {
  BenchmarkOptions options{.train = train, .repeat = repeat};
  options.pass_options.symbols["N"] = batch_size;
  return options;
}

BenchmarkResult run(const Graph& model, const Weights& weights, const BenchmarkOptions& options) {
  return run_benchmark(model, weights, std::make_shared<ThreadPool>(2), options);
}

BenchmarkResult run(const Graph& model, const BenchmarkOptions& options) {
  return run(model, Weights(initialize(model, "default", 1)), options);
}

TEST(Benchmark, StatisticsOfOddAndEvenCounts) {
  const StepTimes odd = step_times({3, 1, 8});
  EXPECT_EQ(odd.count, 3);
  EXPECT_EQ(odd.median, 3);
  EXPECT_EQ(odd.min, 1);
  EXPECT_EQ(odd.max, 8);
  EXPECT_EQ(step_times({9, 1, 2, 4}).median, 3);
  const StepTimes one = step_times({5});
  EXPECT_EQ(one.median, 5);
  EXPECT_EQ(one.min, 5);
  EXPECT_EQ(one.max, 5);
  EXPECT_THROW(step_times({}), InternalError);
}

TEST(Benchmark, AShareAboveThePeakIsNoResult) {
  EXPECT_EQ(peak_fraction(25e9, 100e9), 0.25);
  EXPECT_EQ(peak_fraction(100e9, 100e9), 1);
  EXPECT_EQ(peak_fraction(101e9, 100e9), std::nullopt);
}

TEST(Benchmark, FlopsAreThoseOfTheForwardPass) {
  const Graph model = parse(R"(graph g(%x: f32[N, 4]) -> (f32[N, 3]) {
  param %w: f32[3, 4]
  %1 = linear(%x, %w) : f32[N, 3]
  %2 = relu(%1) : f32[N, 3]
  return %1
})");
  // 3 sums of 4 products; what no result needs is not counted.
  EXPECT_EQ(step_flops(model, options_of(false, 1)), 24);
  EXPECT_EQ(step_flops(model, options_of(false, 5)), 120);
}

TEST(Benchmark, FlopsOfTrainingAreThoseOfParametersGradients) {
  constexpr double images = 8;
  const double forward = step_flops(small_lenet(true), options_of(false, 8));
  const double step = step_flops(small_lenet(true), options_of(true, 8));
  // Products: forward and by weights everywhere, by data everywhere but in the first layer.
  const double first = images * 2 * 6 * 28 * 28 * 25, second = images * 2 * 16 * 10 * 10 * 6 * 25;
  const double dense = images * 2 * (400 * 120 + 120 * 10);
  const double products = 3 * (second + dense) + 2 * first;
  EXPECT_GT(forward, first + second + dense);
  EXPECT_GT(step, products);
  EXPECT_LT(step, 1.1 * products);  // the rest has no products
}

TEST(Benchmark, TimesAsManyStepsAsAskedFor) {
  for (const bool train : {false, true}) {
    const BenchmarkResult result = run(small_lenet(true), options_of(train, 4, 5));
    EXPECT_EQ(result.backend, "auto");
    EXPECT_EQ(result.batch_size, 4);
    EXPECT_EQ(result.seconds.count, 5);
    EXPECT_GT(result.seconds.min, 0);
    EXPECT_LE(result.seconds.min, result.seconds.median);
    EXPECT_LE(result.seconds.median, result.seconds.max);
    EXPECT_GT(result.compile_seconds, 0);
    EXPECT_GT(result.activation_bytes, 4 * 16 * 100 * 4);  // the second convolution's result at least
  }
}

TEST(Benchmark, ChoosesTheNumberOfStepsByTime) {
  const BenchmarkResult result = run(small_lenet(true), options_of(false, 1, 0));
  EXPECT_GE(result.seconds.count, 10);
  EXPECT_GE(static_cast<double>(result.seconds.count) * result.seconds.max, 1.5);
}

TEST(Benchmark, TrainingTrainsAndInferenceDoesNot) {
  const Graph model = small_lenet(true);
  const NamedTensors first = initialize(model, "default", 1);
  Weights weights(initialize(model, "default", 1));
  run(model, weights, options_of(false, 2));
  EXPECT_EQ(weights.tensors(), first);
  run(model, weights, options_of(true, 2));
  EXPECT_NE(weights.at("11.bias"), first.at("11.bias"));
}

TEST(Benchmark, TakesEveryLossAndUpdate) {
  BenchmarkOptions options = options_of(true, 3);
  options.pass_options.loss = "mse";
  options.pass_options.loss_reduction = "sum";
  options.pass_options.momentum = 0.9;
  EXPECT_EQ(run(small_lenet(false), options).seconds.count, 3);
}

TEST(Benchmark, TakesInputsOfEveryType) {
  for (const std::string_view type : dtype_names) {
    const std::string text = fmt::format("graph g(%x: {0}[N, 6]) -> ({0}[N, 6]) {{\n  return %x\n}}", type);
    EXPECT_EQ(run(parse(text), Weights(), options_of(false, 2)).batch_size, 2) << type;
  }
}

TEST(Benchmark, TakesSeveralInputsAndScalars) {
  const Graph model = parse(R"(graph g(%s: f64[], %a: f64[N, 2], %b: i32[N]) -> (f64[N, 2], i32[N]) {
  %1 = mul(%a, %s) : f64[N, 2]
  return %1, %b
})");
  EXPECT_EQ(run(model, Weights(), options_of(false, 7)).batch_size, 1);  // the first input is a scalar
}

TEST(Benchmark, RefusesWhatIsNotFinite) {
  const Graph model = parse(R"(graph g(%x: f32[2]) -> (f32[2], ratio: f32[2]) {
  %1 = sub(%x, %x) : f32[2]
  %2 = div(%x, %1) : f32[2]
  return %x, %2
})");
  EXPECT_EQ(message_of<Error>([&] { run(model, Weights(), {.repeat = 1}); }),
            "result \"ratio\" of \"g\" is not finite after 1 step on random inputs; what was timed is worth "
            "nothing");
}

TEST(Benchmark, RefusesALossThatIsNotFinite) {
  const Graph model = small_lenet(true);
  NamedTensors tensors = initialize(model, "default", 1);
  tensors.at("11.bias").set(0, std::numeric_limits<double>::quiet_NaN());
  EXPECT_EQ(
      message_of<Error>([&] { run(model, Weights(tensors), options_of(true, 2)); }),
      "result \"loss\" of \"lenet_relu\" is not finite after 1 step on random inputs; what was timed is "
      "worth nothing");
}

TEST(Benchmark, SaysWhatCannotBeTrained) {
  const auto message = [](const std::string& text, const BenchmarkOptions& options) {
    return message_of<InputError>([&] { step_flops(parse(text), options); });
  };
  EXPECT_EQ(message("graph g(%x: f32[N, 2]) -> (f32[N, 2]) {\n  return %x\n}", options_of(true, 1)),
            "model \"g\" has no parameters; there is nothing to train");
  EXPECT_EQ(message("graph g(%x: f32[N, 2]) -> (f32[N, 2], f32[N, 2]) {\n  param %w: f32[2]\n"
                    "  %1 = mul(%x, %w) : f32[N, 2]\n  return %1, %x\n}",
                    options_of(true, 1)),
            "graph \"g\" has 2 results; a loss needs one");
  EXPECT_EQ(message("graph g(%x: f32[N]) -> (f32[N]) {\n  param %w: f32[1]\n"
                    "  %1 = mul(%x, %w) : f32[N]\n  return %1\n}",
                    options_of(true, 4)),
            "graph \"g\" results in f32[4]; cross entropy needs logits [N, C]");
  BenchmarkOptions nesterov = options_of(true, 1);
  nesterov.pass_options.nesterov = true;
  EXPECT_EQ(message_of<InputError>([&] { step_flops(small_lenet(true), nesterov); }),
            "nesterov needs a momentum above 0");
}

}  // namespace
}  // namespace sinter
