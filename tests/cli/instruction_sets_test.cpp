#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <optional>

#include "runtime/executable.h"
#include "runtime/files/safetensors.h"
#include "tests/cli/program.h"

/// Older CPUs, as far as oneDNN can tell.
namespace sinter {
namespace {

constexpr const char* variable = "DNNL_MAX_CPU_ISA";

// The newest instructions that oneDNN may use, until the end of the test.
class NewestInstructions {
 public:
  explicit NewestInstructions(const char* isa) {
    if (const char* before = std::getenv(variable)) before_ = before;
    setenv(variable, isa, 1);
  }
  ~NewestInstructions() { before_ ? setenv(variable, before_->c_str(), 1) : unsetenv(variable); }
  NewestInstructions(const NewestInstructions&) = delete;
  NewestInstructions& operator=(const NewestInstructions&) = delete;

 private:
  std::optional<std::string> before_;
};

NamedTensors trained(const std::string& model, const std::string& backend) {
  const TemporaryFolder folder;
  const std::string weights = folder / "w.safetensors";
  const Outcome outcome =
      run_program({"train", model, "--data", "synthetic", "--limit", "100", "--batch-size", "32", "--epochs",
                   "1", "--lr", "0.05", "--backend", backend, "--save", weights});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  return read_safetensors(weights);
}

void expect_near(const NamedTensors& found, const NamedTensors& expected) {
  ASSERT_EQ(found.size(), expected.size());
  for (const auto& [name, tensor] : expected)
    for (int64_t i = 0; i < tensor.count(); ++i)
      ASSERT_NEAR(found.at(name).at(i), tensor.at(i), 1e-5) << name << ", element " << i;
}

struct InstructionSet {
  const char* variable;
  const char* name;
};

class OneDnnInstructions : public testing::TestWithParam<InstructionSet> {
 protected:
  void SetUp() override {
    const auto names = backend_names();
    if (std::ranges::find(names, "onednn") == names.end()) GTEST_SKIP() << "built without oneDNN";
  }
};

TEST_P(OneDnnInstructions, TrainingGivesTheReferencesWeights) {
  const NewestInstructions newest(GetParam().variable);
  const std::string version = run_program({"--version"}).out;
  ASSERT_NE(version.find(GetParam().name), std::string::npos) << version;
  for (const std::string model : {"lenet", "lenet_relu"}) {
    SCOPED_TRACE(model);
    expect_near(trained(model, "onednn"), trained(model, "reference"));
  }
}

TEST(JitInstructionSet, IsChosenByAnOption) {
  const auto names = backend_names();
  if (std::ranges::find(names, "jit") == names.end()) GTEST_SKIP() << "built without jit";
  const std::vector<std::string> inspect = {"inspect", "lenet", "--backend",        "jit",
                                            "--stage", "asm",   "--instruction-set"};
  const auto assembly = [&](const char* set) {
    auto words = inspect;
    words.emplace_back(set);
    return run_program(words).out;
  };
  EXPECT_EQ(assembly("baseline").find("%ymm"), std::string::npos);
  EXPECT_NE(assembly("baseline").find("%xmm"), std::string::npos);
  const Outcome refused = run_program({"--instruction-set", "sse9", "ops"});
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_EQ(refused.err,
            "sinter: --instruction-set: sse9 not in {avx2,avx512,baseline,host}\n"
            "Run `sinter --help` or `sinter COMMAND --help` for more.\n");
}

INSTANTIATE_TEST_SUITE_P(Older, OneDnnInstructions,
                         testing::Values(InstructionSet{"SSE41", ", SSE4.1\n"},
                                         InstructionSet{"AVX2", ", AVX2\n"}),
                         [](const auto& info) { return std::string(info.param.variable); });

}  // namespace
}  // namespace sinter
