#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <mutex>

#include "backends/kernel_store.h"

namespace sinter {

struct KernelCacheOptions {
  /// Where kernels are kept; made when the first one is. Empty: they are not.
  std::filesystem::path folder = {};
  /// Bytes of all files together. Where they come to more, those go that were not used for the longest time.
  int64_t limit = int64_t{256} << 20;
  /// Where texts of refused kernels go if they cannot go to `folder`/refused.
  std::filesystem::path temporary = "/tmp";
  /// Told once where the folder cannot be written. Null: nobody is.
  std::function<void(std::string_view)> warn = nullptr;
};

/// Compiled kernels as files of a folder, one each, that any number of processes may use at a time.
///
/// A file is never trusted: it is used where it has the whole key and a checksum fits what it holds, and
/// replaced otherwise. Files appear whole, by renaming; one that goes away while it is looked for is one that
/// is not there. What cannot be read or written costs time, never a result.
class KernelCache final : public KernelStore {
 public:
  explicit KernelCache(KernelCacheOptions options) : options_(std::move(options)) {}

  std::optional<std::vector<std::byte>> find(std::string_view key) override;
  void keep(std::string_view key, std::span<const std::byte> bytes) override;
  std::optional<std::string> keep_refused(std::string_view name, std::string_view text) override;

  /// The file for a key.
  std::filesystem::path file_of(std::string_view key) const;

 private:
  void write(std::string_view key, std::span<const std::byte> bytes);
  void make_room(int64_t bytes);

  KernelCacheOptions options_;
  std::mutex mutex_;      ///< of what follows
  int64_t bytes_ = -1;    ///< in the folder, as far as this process knows; below 0: not counted yet
  bool gave_up_ = false;  ///< the folder cannot be written, and that was said
};

}  // namespace sinter
