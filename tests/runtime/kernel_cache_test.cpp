#include "runtime/kernel_cache.h"

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <thread>

#include "tests/runtime/temporary_folder.h"

namespace sinter {
namespace {

namespace fs = std::filesystem;

std::vector<std::byte> bytes_of(std::string_view text) {
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

struct CacheTest : testing::Test {
  TemporaryFolder folder;
  std::vector<std::string> warnings;
  KernelCache cache{options()};

  KernelCacheOptions options(int64_t limit = 1 << 20) {
    return {.folder = folder / "kernels",
            .limit = limit,
            .temporary = folder / "tmp",
            .warn = [this](std::string_view what) { warnings.emplace_back(what); }};
  }

  size_t files() const {
    const auto all = fs::directory_iterator(folder / "kernels");
    return static_cast<size_t>(std::distance(begin(all), end(all)));
  }

  void overwrite(std::string_view key, const std::string& content) const {
    std::ofstream(cache.file_of(key), std::ios::binary | std::ios::trunc) << content;
  }
};

TEST_F(CacheTest, GivesBackWhatItKeptAlsoToAnother) {
  EXPECT_EQ(cache.find("key"), std::nullopt);
  cache.keep("key", bytes_of("code"));
  EXPECT_EQ(cache.find("key"), bytes_of("code"));
  EXPECT_EQ(KernelCache(options()).find("key"), bytes_of("code"));
  cache.keep("key", bytes_of("other code"));
  EXPECT_EQ(cache.find("key"), bytes_of("other code"));
  EXPECT_EQ(files(), 1U);
  EXPECT_EQ(warnings, std::vector<std::string>{});
}

TEST_F(CacheTest, TakesNoFileThatWasWrittenForAnotherKey) {
  cache.keep("LLVM 19.1.7", bytes_of("code"));
  fs::rename(cache.file_of("LLVM 19.1.7"), cache.file_of("LLVM 19.1.8"));
  EXPECT_EQ(cache.find("LLVM 19.1.8"), std::nullopt);
  cache.keep("LLVM 19.1.8", bytes_of("new code"));
  EXPECT_EQ(cache.find("LLVM 19.1.8"), bytes_of("new code"));
}

TEST_F(CacheTest, TakesNoFileThatWasCutOff) {
  cache.keep("key", bytes_of("code"));
  const std::string whole = content_of(cache.file_of("key"));
  for (size_t length = 0; length < whole.size(); ++length) {
    overwrite("key", whole.substr(0, length));
    EXPECT_EQ(cache.find("key"), std::nullopt) << length;
  }
  overwrite("key", whole + "x");
  EXPECT_EQ(cache.find("key"), std::nullopt);
}

TEST_F(CacheTest, TakesNoFileOfWhichAByteIsAnother) {
  cache.keep("key", bytes_of("code"));
  const std::string whole = content_of(cache.file_of("key"));
  for (size_t i = 0; i < whole.size(); ++i) {
    std::string damaged = whole;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x10);
    overwrite("key", damaged);
    EXPECT_EQ(cache.find("key"), std::nullopt) << i;
  }
  cache.keep("key", bytes_of("code"));
  EXPECT_EQ(cache.find("key"), bytes_of("code"));
}

TEST_F(CacheTest, TakesNoFolderOrPipeForAFile) {
  fs::create_directories(cache.file_of("folder"));
  EXPECT_EQ(cache.find("folder"), std::nullopt);
  ASSERT_EQ(mkfifo(cache.file_of("pipe").c_str(), 0600), 0);
  EXPECT_EQ(cache.find("pipe"), std::nullopt);
}

TEST_F(CacheTest, PutsItsOwnInThePlaceOfLinksAndPipes) {
  const std::string others = "somebody's own";
  fs::create_directories(folder / "kernels");
  std::ofstream(folder / "theirs") << others;
  fs::create_symlink(folder / "theirs", cache.file_of("link"));
  fs::create_symlink(folder / "nothing", cache.file_of("dangling"));
  ASSERT_EQ(mkfifo(cache.file_of("pipe").c_str(), 0600), 0);
  for (const char* key : {"link", "dangling", "pipe"}) {
    EXPECT_EQ(cache.find(key), std::nullopt) << key;
    cache.keep(key, bytes_of("code"));
    EXPECT_EQ(cache.find(key), bytes_of("code")) << key;
  }
  std::string left;
  std::ifstream theirs(folder / "theirs");
  std::getline(theirs, left);
  EXPECT_EQ(left, others);
  EXPECT_FALSE(fs::exists(folder / "nothing"));
}

TEST_F(CacheTest, LetsGoWhatWasNotUsedForTheLongestTime) {
  const std::vector<std::byte> code(1000);
  KernelCache small(options(3500));
  const auto set_age = [&](std::string_view key, int hours) {
    fs::last_write_time(small.file_of(key), fs::file_time_type::clock::now() - std::chrono::hours(hours));
  };
  for (const char* key : {"a", "b", "c"}) small.keep(key, code);
  set_age("a", 3);
  set_age("b", 2);
  set_age("c", 1);
  EXPECT_TRUE(small.find("a"));  // it is the last used now
  small.keep("d", code);
  EXPECT_TRUE(small.find("a"));
  EXPECT_FALSE(small.find("b"));
  EXPECT_TRUE(small.find("c"));
  EXPECT_TRUE(small.find("d"));
}

TEST_F(CacheTest, KeepsNothingLargerThanItsLimit) {
  KernelCache small(options(100));
  small.keep("a", std::vector<std::byte>(101));
  EXPECT_FALSE(small.find("a"));
}

TEST_F(CacheTest, ALowerLimitThanBeforeIsKeptToByKernelsThatAreTooLarge) {
  for (const char* key : {"a", "b"}) cache.keep(key, std::vector<std::byte>(1000));
  KernelCache small(options(100));
  small.keep("c", std::vector<std::byte>(101));
  EXPECT_EQ(files(), 0U);
}

TEST_F(CacheTest, LeavesAloneWhatIsNoKernel) {
  const std::string own(4000, 'x');
  cache.keep("first", bytes_of("code"));
  folder.file("kernels/mine.kernel", own);
  fs::create_directories(cache.file_of("folder"));
  KernelCache small(options(1000));
  for (const char* key : {"a", "folder", "b"}) small.keep(key, std::vector<std::byte>(450));
  EXPECT_TRUE(small.find("b"));
  EXPECT_FALSE(small.find("first"));
  EXPECT_EQ(content_of(folder / "kernels/mine.kernel"), own);
  EXPECT_TRUE(fs::is_directory(cache.file_of("folder")));
}

TEST_F(CacheTest, RemovesWhatKilledProcessesLeft) {
  cache.keep("a", bytes_of("code"));
  for (const char* name : {".sinter-1-0.tmp", ".sinter-2-0.tmp"})
    folder.file(std::string("kernels/") + name, "half");
  fs::last_write_time(folder / "kernels/.sinter-1-0.tmp",
                      fs::file_time_type::clock::now() - std::chrono::hours(2));
  KernelCache(options()).keep("b", bytes_of("code"));
  EXPECT_FALSE(fs::exists(folder / "kernels/.sinter-1-0.tmp"));
  EXPECT_TRUE(fs::exists(folder / "kernels/.sinter-2-0.tmp"));  // its process may be at it
}

TEST_F(CacheTest, SaysOnceThatItsFolderCannotBeWritten) {
  const fs::path file = folder.file("file", "");
  auto below_a_file = options();
  below_a_file.folder = file / "kernels";
  KernelCache unwritable(below_a_file);
  unwritable.keep("a", bytes_of("code"));
  unwritable.keep("b", bytes_of("code"));
  EXPECT_EQ(unwritable.find("a"), std::nullopt);
  EXPECT_EQ(warnings, std::vector<std::string>{"compiled kernels are not kept: cannot make the folder " +
                                               (file / "kernels").string() + ": Not a directory"});
}

TEST_F(CacheTest, WithoutAFolderKeepsNothingSilently) {
  KernelCache off({.temporary = folder / "tmp"});
  off.keep("a", bytes_of("code"));
  EXPECT_EQ(off.find("a"), std::nullopt);
  EXPECT_EQ(off.keep_refused("conv2d", "text"), (folder / "tmp/sinter-refused/conv2d.txt").string());
}

TEST_F(CacheTest, KeepsTextsOfRefusedKernels) {
  const auto file = cache.keep_refused("conv2d_12", "kernel conv2d() {\n}\n");
  EXPECT_EQ(file, (folder / "kernels/refused/conv2d_12.txt").string());
  EXPECT_EQ(content_of(*file), "kernel conv2d() {\n}\n");
}

// Every find gives nothing or the whole of what somebody kept.
void use_for_a_while(KernelCache& cache, char fill) {
  for (int round = 0; round < 200; ++round) {
    const std::string key = "key " + std::to_string(round % 7);
    const std::string code = key + std::string(2000, fill);
    cache.keep(key, bytes_of(code));
    const auto found = cache.find(key);
    if (!found) continue;
    const std::string text(reinterpret_cast<const char*>(found->data()), found->size());
    if (text != key + std::string(2000, text.back())) throw std::runtime_error("mixed");
  }
}

TEST_F(CacheTest, ServesProcessesAndThreadsAtATime) {
  std::vector<pid_t> children;
  for (const char fill : {'a', 'b'}) {
    children.push_back(fork());
    ASSERT_GE(children.back(), 0);
    if (children.back() > 0) continue;
    try {
      KernelCache own(options(9000));  // so small that they also remove each other's files
      use_for_a_while(own, fill);
      _exit(0);
    } catch (...) {
      _exit(1);
    }
  }
  {
    std::jthread other([&] { EXPECT_NO_THROW(use_for_a_while(cache, 'c')); });
    EXPECT_NO_THROW(use_for_a_while(cache, 'd'));
  }
  for (const pid_t child : children) {
    int status = 0;
    waitpid(child, &status, 0);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
  }
  EXPECT_EQ(warnings, std::vector<std::string>{});
}

}  // namespace
}  // namespace sinter
