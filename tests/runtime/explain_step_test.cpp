#include "runtime/explain_step.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "backends/cpu_speed.h"
#include "ir/text.h"
#include "runtime/describe_kernels.h"
#include "runtime/executable.h"
#include "runtime/initialize.h"
#include "tests/runtime/small_models.h"

namespace sinter {
namespace {

struct On {
  int threads = 2;
  InstructionSet instruction_set = InstructionSet::host;
};

StepReport explained(const std::string& backend, bool train, int64_t batch, int64_t slab, On on = {}) {
  const Graph model = small_lenet(true);
  BenchmarkOptions options{.train = train,
                           .repeat = 2,
                           .backend = backend,
                           .backend_options = {.instruction_set = on.instruction_set}};
  options.pass_options.symbols["N"] = batch;
  options.pass_options.slabs.slab = slab;
  return explain_step(model, Weights(initialize(model, "default", 0)),
                      std::make_shared<ThreadPool>(on.threads), options);
}

bool has_jit() {
  const auto names = backend_names();
  return std::ranges::find(names, "jit") != names.end();
}

TEST(RooflineShare, IsNoneAboveOne) {
  EXPECT_EQ(roofline_share(1, 4), 0.25);
  EXPECT_EQ(roofline_share(3, 3), 1.0);
  EXPECT_EQ(roofline_share(3, 2.9), std::nullopt);
  EXPECT_EQ(roofline_share(1, 0), std::nullopt);
}

TEST(ExplainStep, KnowsEachKernelOfAStep) {
  for (const std::string& backend : backend_names()) {
    SCOPED_TRACE(backend);
    const StepReport report = explained(backend, true, 40, 16);
    EXPECT_EQ(report.backend, backend);
    EXPECT_EQ(report.batch_size, 40);
    EXPECT_EQ(report.threads, 2);
    EXPECT_EQ(report.step.count, 2);
    EXPECT_GT(report.peak_flops, 0);
    for (const KernelReport& kernel : report.kernels) {
      SCOPED_TRACE(kernel.ops);
      const bool runs = kernel.slabs || !kernel.backend.empty();
      EXPECT_EQ(kernel.seconds.count, runs ? 2 : 0);
      EXPECT_TRUE(runs || kernel.limit.seconds == 0);
      EXPECT_EQ(kernel.seconds.min > 0, runs);
      EXPECT_LE(kernel.seconds.min, kernel.seconds.median);
      EXPECT_FALSE(kernel.writes.empty());
      EXPECT_TRUE(!kernel.loop || report.kernels[*kernel.loop].slabs);
    }
  }
}

// In the arena a flatten's result is its operand.
TEST(ExplainStep, WhatMovesNothingHasNoLimit) {
  const StepReport report = explained("reference", false, 4, 0);
  const auto flat =
      std::ranges::find_if(report.kernels, [](const KernelReport& one) { return one.ops == "flatten"; });
  ASSERT_NE(flat, report.kernels.end());
  EXPECT_EQ(flat->bytes, 0);
  EXPECT_EQ(flat->limit.seconds, 0);
  // A relu reads and writes its operand's memory: both count, but they are the same.
  const auto relu =
      std::ranges::find_if(report.kernels, [](const KernelReport& one) { return one.ops == "relu"; });
  ASSERT_NE(relu, report.kernels.end());
  EXPECT_EQ(relu->bytes, 2 * 4 * 4704 * 4);
  EXPECT_EQ(relu->bytes_at_once, 4 * 4704 * 4 / 2);  // one thread's
}

// All slabs together, the smaller last one too, do what the whole batch asks for; lanes' sums come to it.
TEST(ExplainStep, CountsAllSlabs) {
  const StepReport report = explained("auto", true, 40, 16);
  const auto loop =
      std::ranges::find_if(report.kernels, [](const KernelReport& one) { return one.slabs.has_value(); });
  ASSERT_NE(loop, report.kernels.end());
  EXPECT_EQ(loop->slabs->slabs, 3);
  EXPECT_EQ(loop->slabs->slab, 16);
  EXPECT_EQ(loop->slabs->lanes, 3);
  const auto place = static_cast<size_t>(loop - report.kernels.begin());
  double flops = 0, products = 0;
  for (const KernelReport& kernel : report.kernels) {
    if (kernel.loop == place) flops += kernel.flops;
    if (kernel.ops.find("conv2d") != std::string::npos) products += kernel.flops;
  }
  EXPECT_DOUBLE_EQ(loop->flops, flops);
  EXPECT_GT(report.total.flops, flops);  // lanes' sums and the update
  // Two convolutions forward, both by weights, the second by data; an activation, a bias or a pool in a
  // kernel adds a little.
  const double first = 40. * 2 * 6 * 28 * 28 * 25, second = 40. * 2 * 16 * 10 * 10 * 150;
  EXPECT_GE(products, 2 * first + 3 * second);
  EXPECT_LT(products, 1.1 * (2 * first + 3 * second));
}

// Of a convolution's FLOPs that many of `size` positions and a kernel as wide, padded so that no position is
// lost.
double padding_share(double size, double kernel) {
  const double reach = (kernel - 1) / 2, inside = 1 - reach * (reach + 1) / (kernel * size);
  return 1 - inside * inside;
}

// A limit of all FLOPs could be passed by a kernel that leaves some out.
TEST(ExplainStep, CountsTheFlopsThatAreDone) {
  const StepReport whole = explained("reference", true, 32, 16);
  const double first = 32. * 2 * 6 * 28 * 28 * 25;  // LeNet's first layer, forward and by weights
  EXPECT_DOUBLE_EQ(whole.total.least_flops, whole.total.flops - 2 * first * padding_share(28, 5));
  if (!has_jit()) GTEST_SKIP() << "built without jit";
  BenchmarkOptions options{.train = true, .repeat = 1, .backend = "jit"};
  const Graph model = parse(R"(graph wide(%image: f32[16, 32, 24, 24]) -> (f32[16, 10]) {
  param %0.weight: f32[32, 32, 3, 3]
  param %4.weight: f32[10, 4608]
  %1 = conv2d(%image, %0.weight) {padding = [1, 1, 1, 1]} : f32[16, 32, 24, 24]  @ "0"
  %2 = relu(%1) : f32[16, 32, 24, 24]  @ "1"
  %3 = max_pool2d(%2) {kernel_size = [2, 2], stride = [2, 2]} : f32[16, 32, 12, 12]  @ "2"
  %4 = flatten(%3) : f32[16, 4608]  @ "3"
  %5 = linear(%4, %4.weight) : f32[16, 10]  @ "4"
  return %5
}
)");
  const StepReport report =
      explain_step(model, Weights(initialize(model, "default", 0)), std::make_shared<ThreadPool>(2), options);
  const auto sparse = std::ranges::find_if(report.kernels, [](const KernelReport& kernel) {
    return kernel.ops.starts_with("max_pool2d_backward + conv2d_backward_weights");
  });
  ASSERT_NE(sparse, report.kernels.end());
  EXPECT_TRUE(sparse->form.starts_with("sparse by ")) << sparse->form;
  EXPECT_GT(sparse->flops, 1e8);
  EXPECT_EQ(sparse->least_flops, 0);
  EXPECT_TRUE(sparse->limit.by_bytes);
  // The loss and its gradient make one softmax.
  const auto loss = std::ranges::find(
      report.kernels, "softmax_cross_entropy + softmax_cross_entropy_backward", &KernelReport::ops);
  ASSERT_NE(loss, report.kernels.end());
  EXPECT_EQ(loss->least_flops, loss->flops / 2);
  const double forward = 16. * 2 * 32 * 24 * 24 * 32 * 9;
  EXPECT_DOUBLE_EQ(report.total.least_flops,
                   report.total.flops - sparse->flops - loss->flops / 2 - forward * padding_share(24, 3));
}

TEST(ShareOfThreads, IsThatOfTheMostParts) {
  EXPECT_EQ(share_of_threads(8, 1), 1);
  EXPECT_EQ(share_of_threads(1, 2), 1);
  EXPECT_EQ(share_of_threads(0, 2), 1);
  if (usable_cores() < 2) GTEST_SKIP() << "threads take turns here";
  EXPECT_EQ(share_of_threads(8, 2), 0.5);
  EXPECT_EQ(share_of_threads(3, 2), 2.0 / 3);
}

std::vector<DescribedKernel> described(const Executable& executable, int threads, double core_flops) {
  return describe_kernels(executable, *find_backend("auto"), threads,
                          [&](int) { return threads * core_flops; });
}

// Of one plan: it does not know the threads. A loop's kernels have all threads' time.
TEST(ExplainStep, PredictsForTheThreadsInUse) {
  if (usable_cores() < 2) GTEST_SKIP() << "threads take turns here";
  PassOptions options{.symbols = {{"N", 40}}};
  options.slabs.slab = 16;
  const auto executable =
      compile(small_lenet(true), {.passes = training_passes(), .pass_options = options, .profile = true});
  const auto one = described(*executable, 1, 1e11), two = described(*executable, 2, 1e11),
             slow = described(*executable, 2, 1e10);
  size_t in_loop = 0, shared = 0;
  for (size_t i = 0; i < one.size(); ++i) {
    const KernelReport& kernel = one[i].report;
    SCOPED_TRACE(kernel.ops);
    if (kernel.backend.empty()) continue;
    ASSERT_TRUE(kernel.predicted && two[i].report.predicted && slow[i].report.predicted);
    const double ratio = *two[i].report.predicted / *kernel.predicted;
    EXPECT_DOUBLE_EQ(kernel.loop ? ratio : 0.5, 0.5);
    EXPECT_GE(ratio, 0.5 - 1e-9);
    EXPECT_LE(ratio, 1);
    in_loop += kernel.loop ? 1 : 0;
    shared += !kernel.loop && ratio < 1 ? 1 : 0;
    const bool multiplies = kernel.ops.find("conv2d") != std::string::npos && kernel.backend != "reference";
    EXPECT_GT(*slow[i].report.predicted, (multiplies ? 5 : 0.99) * *two[i].report.predicted);
  }
  EXPECT_GT(in_loop, 0U);
  EXPECT_GT(shared, 0U);
}

// One thread has two of the three lanes.
TEST(ExplainStep, PredictsThatALoopWaitsForItsLastLane) {
  if (usable_cores() < 2) GTEST_SKIP() << "threads take turns here";
  const StepReport report = explained("auto", true, 40, 16);
  const auto loop =
      std::ranges::find_if(report.kernels, [](const KernelReport& one) { return one.slabs.has_value(); });
  ASSERT_NE(loop, report.kernels.end());
  ASSERT_EQ(loop->slabs->lanes, 3);
  double kernels = 0;
  for (const KernelReport& kernel : report.kernels)
    if (kernel.loop) kernels += kernel.predicted.value_or(0);
  EXPECT_DOUBLE_EQ(loop->predicted.value_or(0), kernels * 2 * 2 / 3);
}

TEST(ExplainStep, KnowsTheInstructionSetOfJit) {
  if (!has_jit()) GTEST_SKIP() << "built without jit";
  if (widest_vector() == 4) GTEST_SKIP() << "this CPU has one";
  const StepReport host = explained("jit", true, 32, 16);
  const StepReport narrow = explained("jit", true, 32, 16, {.instruction_set = InstructionSet::baseline});
  EXPECT_LT(narrow.peak_flops, 0.75 * host.peak_flops);
  EXPECT_GT(narrow.total.limit.seconds, host.total.limit.seconds);
  ASSERT_TRUE(host.total.predicted && narrow.total.predicted);
  EXPECT_GT(*narrow.total.predicted, 1.5 * *host.total.predicted);
  for (const KernelReport& kernel : narrow.kernels) {
    EXPECT_EQ(kernel.vector_width, kernel.backend == "jit" ? 4 : 0) << kernel.ops;
    EXPECT_EQ(kernel.peak_flops, kernel.backend == "jit" ? narrow.peak_flops : 0) << kernel.ops;
  }
}

TEST(ExplainStep, TotalsLeaveLoopsOut) {
  const StepReport report = explained("auto", true, 32, 16);
  double flops = 0, least = 0, limit = 0;
  for (const KernelReport& kernel : report.kernels) {
    if (kernel.slabs) continue;
    flops += kernel.flops;
    least += kernel.seconds.min;
    limit += kernel.limit.seconds;
  }
  EXPECT_DOUBLE_EQ(report.total.flops, flops);
  EXPECT_DOUBLE_EQ(report.total.seconds.min, least);
  EXPECT_DOUBLE_EQ(report.total.limit.seconds, limit);
}

TEST(ExplainStep, RemarksBelongToTheKernelsThatTheyAreAbout) {
  const StepReport report = explained("reference", false, 2, 0);
  const auto is_first = [](const Remark& remark) {
    return remark.source == "0" && remark.text.starts_with("conv2d + relu is not fused");
  };
  const auto found = std::ranges::find_if(report.remarks, is_first);
  ASSERT_NE(found, report.remarks.end());
  const auto place = static_cast<size_t>(found - report.remarks.begin());
  for (const KernelReport& kernel : report.kernels)
    EXPECT_EQ(std::ranges::count(kernel.remarks, place),
              kernel.ops == "conv2d" && kernel.source == "0" ? 1 : 0)
        << kernel.ops << " " << kernel.source;
}

TEST(ExplainStep, RemarksAboutARegionBelongToNoKernel) {
  const StepReport report = explained("auto", true, 2, 0);
  std::vector<std::string> texts;
  for (const size_t i : remarks_of_no_kernel(report)) texts.push_back(report.remarks[i].text);
  EXPECT_EQ(std::ranges::count(texts, "the batch of 2 samples is one slab"), 1);
  // Nothing of how nodes are dealt to loops that there are not.
  EXPECT_EQ(std::ranges::count(report.remarks, "form_slab_loops", &Remark::pass), 1);
}

TEST(ExplainStep, NeedsWeightsThatFit) {
  BenchmarkOptions options;
  options.pass_options.symbols["N"] = 1;
  EXPECT_THROW(explain_step(small_lenet(true), {}, std::make_shared<ThreadPool>(1), options), InputError);
}

}  // namespace
}  // namespace sinter
