#include "cli/filter_program.h"

#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

#include "ir/error.h"

namespace sinter::cli {
namespace {

[[noreturn]] void fail_to_draw(const std::filesystem::path& path, int error) {
  fail("cannot draw {}: {}", path.string(), std::generic_category().message(error));
}

/// A file in memory, without a name. Given to a child in place of a pipe, it cannot fill up while the other
/// end waits, and a child that reads nothing raises no SIGPIPE.
class MemoryFile {
 public:
  explicit MemoryFile(const std::filesystem::path& path) : path_(path) {
    descriptor_ = memfd_create("sinter", MFD_CLOEXEC);
    if (descriptor_ < 0) fail_to_draw(path_, errno);
  }
  ~MemoryFile() { close(descriptor_); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  int descriptor() const { return descriptor_; }

  void fill(std::string_view text) const {
    while (!text.empty()) {
      const ssize_t written = write(descriptor_, text.data(), text.size());
      if (written < 0 && errno != EINTR) fail_to_draw(path_, errno);
      text.remove_prefix(std::max<ssize_t>(written, 0));
    }
    lseek(descriptor_, 0, SEEK_SET);
  }

  std::string content() const {
    std::string text;
    std::array<char, 1 << 16> part;
    lseek(descriptor_, 0, SEEK_SET);
    while (true) {
      const ssize_t count = read(descriptor_, part.data(), part.size());
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) fail_to_draw(path_, errno);
      if (count == 0) return text;
      text.append(part.data(), count);
    }
  }

 private:
  const std::filesystem::path& path_;
  int descriptor_ = -1;
};

// Waits for the child; empty where it ended well, else how it ended.
std::string failure_of(pid_t child) {
  int status = 0;
  while (waitpid(child, &status, 0) < 0)
    if (errno != EINTR) return std::generic_category().message(errno);
  if (WIFSIGNALED(status)) return fmt::format("ended by signal {}", WTERMSIG(status));
  if (WEXITSTATUS(status) != 0) return fmt::format("ended with {}", WEXITSTATUS(status));
  return "";
}

}  // namespace

std::string filtered(const FilterProgram& program, std::string_view input,
                     const std::filesystem::path& path) {
  const MemoryFile in(path), out(path), err(path);
  in.fill(input);
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_adddup2(&files, in.descriptor(), STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&files, out.descriptor(), STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&files, err.descriptor(), STDERR_FILENO);
  std::vector<std::string> words = {program.name};
  words.insert(words.end(), program.arguments.begin(), program.arguments.end());
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  pid_t child = -1;
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  if (program.outlives_interrupt) posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
  const int error =
      posix_spawnp(&child, program.name.c_str(), &files, &attributes, arguments.data(), environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&files);
  if (error == ENOENT)
    fail("cannot draw {}: the program \"{}\" was not found; {}", path.string(), program.name, program.remedy);
  if (error != 0)
    fail("cannot draw {}: {}: {}", path.string(), program.name, std::generic_category().message(error));
  const std::string failure = failure_of(child);
  std::string content = out.content();
  if (failure.empty() && !content.empty()) return content;
  const std::string said = err.content();
  const std::string reason = said.empty() ? "" : ": " + said.substr(0, said.find_last_not_of('\n') + 1);
  fail("cannot draw {}: {} {}{}", path.string(), program.name, failure.empty() ? "drew nothing" : failure,
       reason);
}

}  // namespace sinter::cli
