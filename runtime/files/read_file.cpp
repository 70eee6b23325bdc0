#include "runtime/files/read_file.h"

#include <cerrno>
#include <cstdio>
#include <memory>
#include <system_error>

#include "ir/amounts.h"
#include "ir/error.h"

namespace sinter {
namespace {

struct Close {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

[[noreturn]] void fail_to_read(const std::filesystem::path& path) {
  fail_input("cannot read {}: {}", path.string(), std::generic_category().message(errno));
}

}  // namespace

std::vector<uint8_t> read_file(const std::filesystem::path& path, int64_t limit) {
  const std::unique_ptr<std::FILE, Close> file(std::fopen(path.c_str(), "rbe"));
  if (!file) fail_to_read(path);
  std::vector<uint8_t> bytes;
  std::error_code no_size;  // a pipe has none: read until it ends
  const uintmax_t size = std::filesystem::file_size(path, no_size);
  const size_t most = static_cast<size_t>(limit) + 1;
  const bool too_large = !no_size && size >= most;
  size_t length = 0;
  while (!too_large && length < most) {
    // One byte more than the size, so that the end of the file is met in the first round.
    const size_t room = length == 0 && !no_size ? size + 1 : 2 * length + 65536;
    bytes.resize(std::min<size_t>(room, most));
    length += std::fread(bytes.data() + length, 1, bytes.size() - length, file.get());
    if (std::ferror(file.get())) fail_to_read(path);
    if (length < bytes.size()) break;
  }
  if (too_large || length == most)
    fail_input_at({.file = path.string()}, "holds more than {}, the limit", byte_size(limit));
  bytes.resize(length);
  return bytes;
}

}  // namespace sinter
