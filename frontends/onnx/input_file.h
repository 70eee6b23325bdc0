#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace sinter::onnx {

/// A file open for reading. Throws InputError, naming it and the reason, where it cannot be opened or is no
/// regular file.
class InputFile {
 public:
  explicit InputFile(const std::filesystem::path& path);
  ~InputFile();
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;

  int descriptor() const { return descriptor_; }
  int64_t bytes() const { return bytes_; }
  /// Fills `to` with what lies at `offset`.
  void read(int64_t offset, std::span<std::byte> to) const;

 private:
  std::filesystem::path path_;
  int descriptor_;
  int64_t bytes_;
};

/// Where a tensor's data lies when it is not in the model's file.
struct ExternalData {
  std::string location;  ///< relative to the model's folder
  int64_t offset = 0;
  std::optional<int64_t> length = {};
};

/// Those bytes; `length` must be there. Throws InputError, `what` first, where the location leads out of the
/// folder, also by a symbolic link, or the file is missing or too short.
std::vector<std::byte> read_external(const std::filesystem::path& folder, const ExternalData& data,
                                     const std::string& what);

}  // namespace sinter::onnx
