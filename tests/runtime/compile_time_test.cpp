#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>

#include "ir/build.h"
#include "runtime/executable.h"
#include "runtime/kernel_cache.h"
#include "tests/runtime/allocation_count.h"
#include "tests/runtime/small_models.h"
#include "tests/runtime/temporary_folder.h"

/// How long it takes to compile a training step.
namespace sinter {
namespace {

double seconds_to_compile(const std::filesystem::path& kernels) {
  CompileOptions options{.backend = "jit", .passes = training_passes()};
  options.pass_options.symbols["N"] = 256;
  options.backend_options.kernels = std::make_shared<KernelCache>(KernelCacheOptions{.folder = kernels});
  const auto start = std::chrono::steady_clock::now();
  compile(whole_lenet(true), options);
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// The least of a few times: what others do on the machine is not counted.
template <typename Measure>
double least_of(int tries, Measure measure) {
  double least = measure(0);
  for (int i = 1; i < tries; ++i) least = std::min(least, measure(i));
  return least;
}

TEST(CompileTime, OfATrainingStep) {
  if (!allocation_count()) GTEST_SKIP() << "times mean nothing under a sanitizer";
  if (std::ranges::count(backend_names(), "jit") == 0) GTEST_SKIP() << "this build has no jit";
  const TemporaryFolder folder;
  EXPECT_LT(least_of(3, [&](int i) { return seconds_to_compile(folder / std::to_string(i)); }), 1.0);
  EXPECT_LT(least_of(5, [&](int) { return seconds_to_compile(folder / "0"); }), 0.05);
}

// By the number of nodes, not by its cube: what is joined into one kernel has an end.
TEST(CompileTime, OfALongChain) {
  if (!allocation_count()) GTEST_SKIP() << "times mean nothing under a sanitizer";
  Graph chain;
  Value x = chain.input("x", {DType::f32, {4}});
  for (int i = 0; i < 2000; ++i) x = relu(x);
  chain.add_result(x);
  const double seconds = least_of(2, [&](int) {
    const auto start = std::chrono::steady_clock::now();
    compile(chain, {.backend = "reference", .passes = inference_passes()});
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  });
  EXPECT_LT(seconds, 2);
}

}  // namespace
}  // namespace sinter
