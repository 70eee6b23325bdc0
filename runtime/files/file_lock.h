#pragma once

#include <filesystem>
#include <string>

namespace sinter {

/// Keeps other processes, and other locks of this one, from a file while it is there: by flock(2) of a file
/// beside it, `.sinter-NAME.lock`, which goes with the lock. The file itself would not do, since another is
/// put in its place as it is written. The lock of a process that is killed ends with it; what is left of it
/// keeps nobody out.
///
/// Errors: InputError where another process holds the lock, with its number.
class FileLock {
 public:
  /// An empty path is no file, and nothing is locked.
  explicit FileLock(const std::filesystem::path& target);
  ~FileLock();
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;

  bool held() const { return descriptor_ >= 0; }
  /// Why there is no lock though one was wanted, for a warning: such as a file system without flock. Empty
  /// where it is held, or not wanted.
  const std::string& remark() const { return remark_; }

 private:
  std::filesystem::path path_;  ///< of the lock
  int descriptor_ = -1;
  std::string remark_;
};

}  // namespace sinter
