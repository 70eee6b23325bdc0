#include <sys/stat.h>

#include <algorithm>

#include "tests/cli/program.h"

namespace sinter {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> bench(const std::vector<std::string>& options) {
  std::vector<std::string> words = {"bench", "lenet_relu",   "--backend", "jit",   "--repeat",
                                    "1",     "--batch-size", "2",         "--json"};
  words.insert(words.end(), options.begin(), options.end());
  return words;
}

std::vector<fs::path> kernels_in(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder))
    if (entry.path().extension() == ".kernel") files.push_back(entry.path());
  std::ranges::sort(files);
  return files;
}

ino_t inode_of(const fs::path& file) {
  struct stat status = {};
  EXPECT_EQ(stat(file.c_str(), &status), 0) << file;
  return status.st_ino;
}

void expect_success(const Outcome& outcome) {
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_EQ(outcome.err, "");
}

TEST(KernelCacheOption, KernelsAreKeptAndBrokenOnesReplaced) {
  const TemporaryFolder folder;
  const fs::path kernels = folder / "kernels";
  const auto command = bench({"--kernel-cache", kernels.string()});
  expect_success(run_program(command));
  const auto files = kernels_in(kernels);
  ASSERT_GT(files.size(), 2U);
  const std::string first = content_of(files[0]), second = content_of(files[1]);
  fs::resize_file(files[0], first.size() / 2);
  std::string damaged = second;
  damaged.back() ^= 1;
  std::ofstream(files[1], std::ios::binary) << damaged;
  const auto before = std::vector{inode_of(files[0]), inode_of(files[2])};
  expect_success(run_program(command));
  EXPECT_EQ(kernels_in(kernels), files);
  EXPECT_EQ(content_of(files[0]), first);
  EXPECT_EQ(content_of(files[1]), second);
  EXPECT_NE(inode_of(files[0]), before[0]);
  EXPECT_EQ(inode_of(files[2]), before[1]);  // not written again
}

TEST(KernelCacheOption, TwoProgramsUseOneFolderAtATime) {
  const TemporaryFolder folder;
  const auto command = bench({"--kernel-cache", folder.path().string()});
  Program one(command), other(command);
  expect_success(one.wait());
  expect_success(other.wait());
}

TEST(KernelCacheOption, AFolderThatCannotBeWrittenIsOneWarning) {
  const TemporaryFolder folder;
  const fs::path kernels = folder.file("file", "") / "kernels";
  const Outcome outcome = run_program(bench({"--kernel-cache", kernels.string()}));
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_EQ(outcome.err, "warning: compiled kernels are not kept: cannot make the folder " +
                             kernels.string() + ": Not a directory\n");
  expect_success(run_program(bench({"--kernel-cache", kernels.string(), "--log-level", "quiet"})));
  expect_success(run_program(bench({"--no-kernel-cache"})));
}

TEST(KernelCacheOption, TheLimitHolds) {
  const TemporaryFolder folder;
  expect_success(
      run_program(bench({"--kernel-cache", folder.path().string(), "--kernel-cache-limit", "20KiB"})));
  uintmax_t bytes = 0;
  for (const fs::path& file : kernels_in(folder.path())) bytes += fs::file_size(file);
  EXPECT_GT(bytes, 0U);
  EXPECT_LE(bytes, 20U << 10);
}

// The kernels run without being kept, and nothing half written stays.
TEST(KernelCacheOption, AFileThatMayNotGrowIsAWarning) {
  const TemporaryFolder folder;
  const std::string command = "ulimit -f 1; " SINTER_PROGRAM
                              " bench lenet --repeat 1 --backend jit --kernel-cache " +
                              (folder / "kernels").string();
  const std::string errors = (folder / "errors").string();
  const int status = std::system(("bash -c '" + command + "' > /dev/null 2> " + errors).c_str());
  EXPECT_EQ(WIFEXITED(status) ? WEXITSTATUS(status) : -1, 0);
  EXPECT_NE(content_of(errors).find("warning: "), std::string::npos) << content_of(errors);
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(folder / "kernels"))
    EXPECT_NE(entry.path().extension(), ".tmp") << entry.path();
}

TEST(KernelCacheOption, SizesHaveUnits) {
  for (const char* size : {"0", "262144", "512b", "64k", "64KB", "64Ki", "64MiB", "1gib", "15EiB"})
    expect_success(run_program({"ops", "--kernel-cache-limit", size}));
}

TEST(KernelCacheOption, MistakesAreRefused) {
  expect_usage_error({"ops", "--kernel-cache", ""}, "--kernel-cache: expected a folder");
  expect_usage_error({"ops", "--kernel-cache", "a", "--no-kernel-cache"},
                     "--kernel-cache excludes --no-kernel-cache");
  for (const std::string size : {"-5", "much", "1e3", "5.5", "99999999999999999999", ""})
    expect_usage_error({"ops", "--kernel-cache-limit", size},
                       "--kernel-cache-limit: " + size + " is no size, such as 262144, 64MiB or 1GiB");
  for (const char* size : {"5XB", "16EiB"}) {
    const Outcome outcome = run_program({"ops", "--kernel-cache-limit", size});
    EXPECT_EQ(outcome.exit_code, 2) << size;
    EXPECT_TRUE(outcome.err.starts_with("sinter: --kernel-cache-limit: ")) << outcome.err;
  }
}

}  // namespace
}  // namespace sinter
