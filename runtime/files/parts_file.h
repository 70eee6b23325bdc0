#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ir/error.h"
#include "ir/tensor.h"
#include "runtime/files/atomic_file.h"

namespace sinter {

/// A file of named parts, each with a checksum. Little-endian: a line that tells the kind of file, then for
/// each part the lengths of its name and of its bytes (u64 each), the CRC-32 of both lengths, name and bytes
/// (u32), name, bytes. A tensor's bytes are a line, such as `f32 6 1 5 5`, and its elements.
///
/// Errors and durability: see AtomicFile.
class PartsWriter {
 public:
  PartsWriter(const std::filesystem::path& path, std::string_view magic);
  void write(std::string_view name, std::string_view bytes);
  void write(std::string_view name, const Tensor& tensor);
  /// Makes the file visible. The last call on this object.
  void commit() { file_.commit(); }

 private:
  void write(std::string_view name, std::string_view head, std::string_view rest);

  AtomicFile file_;
};

/// Reads such a file. Errors: InputError that names the file, the part, and what is wrong.
class PartsReader {
 public:
  struct Part {
    std::string_view name, bytes;
  };

  PartsReader(const std::filesystem::path& path, std::string_view magic);
  const Location& place() const { return place_; }
  /// The next part, whose checksum fits; it lives as long as the reader. Nothing: the file ends.
  std::optional<Part> next();
  Tensor tensor(const Part& part) const;

 private:
  Location place_;
  std::vector<uint8_t> file_;
  size_t at_ = 0;
};

}  // namespace sinter
