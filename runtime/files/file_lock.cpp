#include "runtime/files/file_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <system_error>
#include <thread>

#include "ir/error.h"

namespace sinter {
namespace {

namespace fs = std::filesystem;

// Whether the file that is open is the one that has the name by now: who had the lock may have removed it.
bool has_name(int descriptor, const fs::path& path) {
  struct stat open_file = {}, named = {};
  return fstat(descriptor, &open_file) == 0 && stat(path.c_str(), &named) == 0 &&
         open_file.st_dev == named.st_dev && open_file.st_ino == named.st_ino;
}

// The process that wrote its number there.
std::string holder_of(int descriptor) {
  std::array<char, 32> text = {};
  const ssize_t length = pread(descriptor, text.data(), text.size(), 0);
  return length > 0 ? fmt::format("process {}", std::string_view(text.data(), length)) : "another process";
}

void write_holder(int descriptor) {
  const std::string text = std::to_string(getpid());
  // It is for a message alone: where the disk is full, the lock is held all the same.
  [[maybe_unused]] const bool written =
      ftruncate(descriptor, 0) == 0 && pwrite(descriptor, text.data(), text.size(), 0) > 0;
}

fs::path lock_of(const fs::path& target) {
  std::error_code ignored;
  const fs::path file = fs::is_symlink(target, ignored) ? fs::weakly_canonical(target, ignored) : target;
  return file.parent_path() / fmt::format(".sinter-{}.lock", file.filename().string());
}

bool is_other_than_a_file(const fs::path& target) {
  std::error_code ignored;
  const fs::file_status status = fs::status(target, ignored);
  return fs::exists(status) && !fs::is_regular_file(status);
}

}  // namespace

FileLock::FileLock(const fs::path& target) {
  if (target.empty() || is_other_than_a_file(target)) return;  // who writes it tells what it is
  path_ = lock_of(target);
  // A child that a killed process had begun to start holds its lock for a moment longer.
  constexpr int attempts = 20;
  constexpr std::chrono::milliseconds pause(10);
  for (int attempt = 1; descriptor_ < 0; ++attempt) {
    const int descriptor = open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    const bool locked = descriptor >= 0 && flock(descriptor, LOCK_EX | LOCK_NB) == 0;
    const int error = locked ? 0 : errno;
    if (locked && has_name(descriptor, path_)) {
      descriptor_ = descriptor;
      break;
    }
    const std::string holder = error == EWOULDBLOCK ? holder_of(descriptor) : "another process";
    if (descriptor >= 0) close(descriptor);
    if (error != 0 && error != EWOULDBLOCK) {
      remark_ = fmt::format("{} cannot be locked: {}; a second process that writes it would go unnoticed",
                            target.string(), std::generic_category().message(error));
      return;
    }
    if (attempt >= attempts)
      fail_input("{} is in use by {}; expected one at a time", target.string(), holder);
    if (error == EWOULDBLOCK) std::this_thread::sleep_for(pause);
  }
  write_holder(descriptor_);
}

FileLock::~FileLock() {
  if (descriptor_ < 0) return;
  unlink(path_.c_str());  // while it is held, so that nobody else's is removed
  close(descriptor_);
}

}  // namespace sinter
