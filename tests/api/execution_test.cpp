#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>

#include "tests/api/small_classifier.h"
#include "tests/runtime/temporary_folder.h"

/// What a program tells of how sessions compute: kernels made by jit, and where they are kept.
namespace sinter {
namespace {

namespace fs = std::filesystem;

class JitExecution : public testing::Test {
 protected:
  void SetUp() override {
    try {
      InferenceSession(model_, {.execution = {.backend = "jit"}});
    } catch (const InputError& error) {
      GTEST_SKIP() << error.what();
    }
  }

  std::vector<float> scores(ExecutionOptions execution) const {
    execution.backend = "jit";
    std::vector<float> found(2);
    InferenceSession(model_, {.execution = std::move(execution)}).run(Halves(1).values, found);
    return found;
  }

  Model model_ = small_classifier();
};

struct Kept {
  int64_t files = 0, bytes = 0;
};

Kept kept_in(const fs::path& folder) {
  Kept kept;
  for (const auto& entry : fs::directory_iterator(folder))
    if (entry.path().extension() == ".kernel") {
      ++kept.files;
      kept.bytes += static_cast<int64_t>(entry.file_size());
    }
  return kept;
}

TEST_F(JitExecution, KernelsAreKeptInAFolderThatIsMade) {
  const TemporaryFolder folder;
  const fs::path kernels = folder.path() / "a" / "kernels";
  const auto first = scores({.kernel_cache = kernels});
  const Kept kept = kept_in(kernels);
  EXPECT_GT(kept.files, 1);
  EXPECT_EQ(scores({.kernel_cache = kernels}), first);
  EXPECT_EQ(kept_in(kernels).files, kept.files);
}

TEST_F(JitExecution, KernelsKeptComeToNoMoreThanTheLimit) {
  const TemporaryFolder folder;
  scores({.kernel_cache = folder / "all"});
  const int64_t limit = kept_in(folder / "all").bytes - 1;
  scores({.kernel_cache = folder / "some", .kernel_cache_limit = limit});
  const Kept kept = kept_in(folder / "some");
  EXPECT_GT(kept.files, 0);
  EXPECT_LE(kept.bytes, limit);
}

TEST_F(JitExecution, KernelsAreMadeForTheInstructionSet) {
  const TemporaryFolder folder;
  const auto host = scores({.kernel_cache = folder.path()});
  const int64_t files = kept_in(folder.path()).files;
  const auto baseline = scores({.kernel_cache = folder.path(), .instruction_set = "baseline"});
  EXPECT_EQ(kept_in(folder.path()).files, 2 * files);
  for (size_t i = 0; i < host.size(); ++i) EXPECT_NEAR(baseline[i], host[i], 1e-5);
}

TEST_F(JitExecution, SymbolsAreToldToPerfWhereAskedFor) {
  const fs::path map = "/tmp/perf-" + std::to_string(getpid()) + ".map";
  fs::remove(map);
  scores({});
  EXPECT_FALSE(fs::exists(map));
  scores({.jit_symbols = true});
  EXPECT_TRUE(fs::exists(map));
  fs::remove(map);
}

}  // namespace
}  // namespace sinter
