#include <gtest/gtest.h>

#include <algorithm>

#include "passes/same_numbers.h"
#include "runtime/session.h"
#include "tests/runtime/small_models.h"
#include "tests/runtime/temporary_folder.h"

/// A backend whose kernels cannot be made.
namespace sinter {
namespace {

/// Fails wherever jit asks for a kernel.
class NoKernels final : public KernelStore {
 public:
  std::optional<std::vector<std::byte>> find(std::string_view) override { fail("no kernel today"); }
  void keep(std::string_view, std::span<const std::byte>) override {}
  std::optional<std::string> keep_refused(std::string_view, std::string_view) override { return {}; }
};

std::shared_ptr<const Executable> compile_for(const std::string& backend, std::vector<std::string>& warnings,
                                              std::shared_ptr<KernelStore> kernels) {
  CompileOptions options{.backend = backend, .passes = inference_passes()};
  options.pass_options.symbols["N"] = 1;
  options.backend_options = {.kernels = std::move(kernels),
                             .warn = [&](std::string_view what) { warnings.emplace_back(what); }};
  return compile(whole_lenet(true), options);
}

Tensor result_of(const std::shared_ptr<const Executable>& executable) {
  const Bindings bindings = random_bindings(executable->graph, 5);
  Weights weights;
  for (size_t i = 0; i < bindings.parameters.size(); ++i)
    weights.add(executable->graph.info(executable->graph.parameters()[i]).name,
                bindings.parameters[i].clone());
  Session session(executable, std::make_shared<ThreadPool>(2), std::move(weights));
  session.run(bindings.inputs);
  return session.result(0).clone();
}

TEST(RefusedKernel, AutoRunsTheModelOnAnotherBackendAndNamesTheNode) {
  if (std::ranges::count(backend_names(), "jit") == 0) GTEST_SKIP() << "this build has no jit";
  std::vector<std::string> warnings, none;
  const auto executable = compile_for("auto", warnings, std::make_shared<NoKernels>());
  ASSERT_FALSE(warnings.empty());
  for (const std::string& warning : warnings) {
    EXPECT_EQ(warning.find("jit failed at node "), 0U) << warning;
    EXPECT_NE(warning.find("no kernel today"), std::string::npos) << warning;
  }
  for (const CompiledNode& node : executable->program.nodes)
    EXPECT_TRUE(node.kernels.empty() || node.backend != "jit");
  const Tensor expected = result_of(compile_for("reference", none, nullptr));
  const Tensor actual = result_of(executable);
  ASSERT_EQ(actual.count(), expected.count());
  for (int64_t i = 0; i < actual.count(); ++i)
    EXPECT_NEAR(actual.at(i), expected.at(i), 1e-4 * std::max(1.0, std::abs(expected.at(i))));
  EXPECT_EQ(none, std::vector<std::string>{});
}

TEST(RefusedKernel, ABackendAskedForByNameSaysThatItCannot) {
  if (std::ranges::count(backend_names(), "jit") == 0) GTEST_SKIP() << "this build has no jit";
  std::vector<std::string> warnings;
  EXPECT_NE(message_of<Error>([&] {
              compile_for("jit", warnings, std::make_shared<NoKernels>());
            }).find("no kernel today"),
            std::string::npos);
}

}  // namespace
}  // namespace sinter
