#include "runtime/files/atomic_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>
#include <system_error>

#include "ir/error.h"
#include "ir/philox.h"

namespace sinter {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view temporary_prefix = ".sinter-", temporary_suffix = ".tmp";

std::string reason(int error) { return std::generic_category().message(error); }

[[noreturn]] void fail_to_write(const fs::path& target) {
  fail("cannot write {}: {}", target.string(), reason(errno));
}

fs::path folder_of(const fs::path& target) {
  return target.has_parent_path() ? target.parent_path() : fs::path(".");
}

// How the temporary files of a target begin. It may have the longest name there is: they have a hash of it.
std::string prefix_of(const fs::path& target) {
  return fmt::format("{}{:08x}-", temporary_prefix,
                     static_cast<uint32_t>(stream_id(target.filename().string())));
}

// Renaming would put a file in the place of a link, or of a device such as /dev/null.
fs::path resolve(const fs::path& target) {
  std::error_code ignored;
  const fs::path resolved = fs::is_symlink(target, ignored) ? fs::weakly_canonical(target, ignored) : target;
  const fs::file_status status = fs::status(resolved, ignored);
  if (fs::exists(status) && !fs::is_regular_file(status))
    fail_input("cannot write {}: it is {}, not a file", target.string(),
               fs::is_directory(status) ? "a folder" : "a device");
  return resolved;
}

}  // namespace

AtomicFile::AtomicFile(const fs::path& target) : target_(resolve(target)) {
  const fs::path folder = folder_of(target_);
  if (target_.filename().empty()) fail_input("cannot write \"{}\": it names no file", target.string());
  for (int attempt = 0; descriptor_ < 0; ++attempt) {
    temporary_ = folder / fmt::format("{}{}-{}{}", prefix_of(target_), getpid(), attempt, temporary_suffix);
    descriptor_ = open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (descriptor_ >= 0) flock(descriptor_, LOCK_EX | LOCK_NB);  // says that it is in use
    if (descriptor_ >= 0 || errno == EEXIST) continue;
    const int error = errno;
    std::error_code ignored;
    if (error == ENOENT && fs::is_directory(folder, ignored))  // such as /proc
      fail_input("cannot write {}: no file can be made in {}", target.string(), folder.string());
    if (error == ENOENT)
      fail_input("cannot write {}: there is no folder {}", target.string(), folder.string());
    fail_input("cannot write {}: {}", target.string(), reason(error));
  }
}

AtomicFile::~AtomicFile() {
  if (descriptor_ >= 0) close(descriptor_);
  if (!temporary_.empty()) unlink(temporary_.c_str());
}

void AtomicFile::write(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor_, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail_to_write(target_);
    bytes = bytes.subspan(written);
  }
}

void AtomicFile::commit(Durability durability) {
  const bool durable = durability == Durability::power_failure;
  if (durable && fsync(descriptor_) != 0) fail_to_write(target_);
  const int closed = close(descriptor_);
  descriptor_ = -1;
  if (closed != 0) fail_to_write(target_);
  if (rename(temporary_.c_str(), target_.c_str()) != 0) fail_to_write(target_);
  temporary_.clear();
  if (!durable) return;
  // The new name itself is in the folder; that some file systems cannot sync one is no failure.
  const int folder = open(folder_of(target_).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) return;
  fsync(folder);
  close(folder);
}

void remove_abandoned_temporaries(const fs::path& target, bool alone) {
  constexpr std::time_t minute = 60;  // a file may be there for a moment before it is locked
  const fs::path resolved = resolve(target);
  const std::string of_target = prefix_of(resolved);
  std::error_code error;
  fs::directory_iterator entry(folder_of(resolved), error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (!name.starts_with(temporary_prefix) || !name.ends_with(temporary_suffix)) continue;
    const int descriptor = open(entry->path().c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (descriptor < 0) continue;
    struct stat status = {};
    const bool old = fstat(descriptor, &status) == 0 && status.st_mtime < std::time(nullptr) - minute;
    const bool ours = alone && name.starts_with(of_target);
    if ((old || ours) && flock(descriptor, LOCK_EX | LOCK_NB) == 0) unlink(entry->path().c_str());
    close(descriptor);
  }
}

void write_file(const fs::path& target, std::span<const std::byte> bytes, Durability durability) {
  AtomicFile file(target);
  file.write(bytes);
  file.commit(durability);
}

}  // namespace sinter
