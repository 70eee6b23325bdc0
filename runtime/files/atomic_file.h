#pragma once

#include <cstdint>
#include <filesystem>
#include <span>

namespace sinter {

/// What a file that was committed outlives.
enum class Durability : uint8_t {
  power_failure,
  /// Only the process: the file may be found broken after the power failed. For what is checked as it is read
  /// and can be made again; it does not wait for the disk.
  until_power_fails,
};

/// A file that appears whole or not at all. What is written goes to a temporary file in the target's folder;
/// commit() puts it in the target's place, and without commit() the temporary is removed and the target is as
/// it was.
///
/// Errors: InputError where nothing can be written there (no such folder, permissions, not a regular file),
/// Error where writing fails later (full disk); both name the target and the reason.
class AtomicFile {
 public:
  explicit AtomicFile(const std::filesystem::path& target);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void write(std::span<const std::byte> bytes);
  /// Makes the file durable and visible. The last call on this object.
  void commit(Durability durability = Durability::power_failure);

 private:
  std::filesystem::path target_;
  std::filesystem::path temporary_;
  int descriptor_ = -1;
};

/// Removes the temporary files that processes left in a target's folder when they were killed, and that no
/// process holds: those of more than a minute ago, and where `alone`, since no other process writes the
/// target (file_lock.h), all that were to become the target.
void remove_abandoned_temporaries(const std::filesystem::path& target, bool alone = false);

/// Writes a whole file through AtomicFile.
void write_file(const std::filesystem::path& target, std::span<const std::byte> bytes,
                Durability durability = Durability::power_failure);

}  // namespace sinter
