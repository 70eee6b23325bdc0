#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sinter {

/// Keeps compiled kernels beyond the end of the process. Any number of threads call it at a time, and none of
/// its functions fail: a kernel that cannot be kept is compiled again another time.
class KernelStore {
 public:
  virtual ~KernelStore() = default;

  /// What was kept under the whole key, to the byte; nothing: there is none, or it was damaged.
  virtual std::optional<std::vector<std::byte>> find(std::string_view key) = 0;
  /// Keeps bytes in the place of what was there.
  virtual void keep(std::string_view key, std::span<const std::byte> bytes) = 0;
  /// Keeps the text of a kernel that no code could be made of. Gives the file it is in; nothing: none could
  /// be written.
  virtual std::optional<std::string> keep_refused(std::string_view name, std::string_view text) = 0;
};

}  // namespace sinter
