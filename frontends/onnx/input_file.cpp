#include "frontends/onnx/input_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "ir/error.h"

namespace sinter::onnx {
namespace {

[[noreturn]] void fail_to_read(const std::filesystem::path& path, int error) {
  fail_input("cannot read {}: {}", path.string(), std::generic_category().message(error));
}

// Whether `path`, links followed, lies in `folder`.
bool is_inside(const std::filesystem::path& path, const std::filesystem::path& folder) {
  std::error_code bad_path, bad_folder;
  const auto inner = std::filesystem::weakly_canonical(std::filesystem::absolute(path), bad_path);
  const auto outer = std::filesystem::weakly_canonical(std::filesystem::absolute(folder), bad_folder);
  return !bad_path && !bad_folder &&
         std::mismatch(outer.begin(), outer.end(), inner.begin(), inner.end()).first == outer.end();
}

}  // namespace

InputFile::InputFile(const std::filesystem::path& path)
    : path_(path),
      descriptor_(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {  // a pipe must not be waited for
  if (descriptor_ < 0) fail_to_read(path, errno);
  struct stat status {};
  const bool known = fstat(descriptor_, &status) == 0;
  if (!known || !S_ISREG(status.st_mode)) {
    const int error = known ? EISDIR : errno;
    close(descriptor_);
    if (known && !S_ISDIR(status.st_mode))
      fail_input("cannot read {}: a pipe, socket or device; expected a file", path.string());
    fail_to_read(path, error);
  }
  bytes_ = status.st_size;
}

void InputFile::read(int64_t offset, std::span<std::byte> to) const {
  while (!to.empty()) {
    const ssize_t count = pread(descriptor_, to.data(), to.size(), offset);
    if (count <= 0) fail_to_read(path_, count < 0 ? errno : EIO);
    offset += count;
    to = to.subspan(static_cast<size_t>(count));
  }
}

InputFile::~InputFile() { close(descriptor_); }

std::vector<std::byte> read_external(const std::filesystem::path& folder, const ExternalData& data,
                                     const std::string& what) {
  const std::filesystem::path path = folder / data.location;
  if (data.location.empty()) fail_input("{}: external data without a location", what);
  if (!is_inside(path, folder))
    fail_input("{}: external data in \"{}\"; expected a file inside the model's folder", what, data.location);
  const InputFile file(path);
  const int64_t length = data.length.value();
  if (length > file.bytes() || data.offset > file.bytes() - length)
    fail_input("{}: {} bytes at {} of \"{}\", which has {}", what, length, data.offset, data.location,
               file.bytes());
  std::vector<std::byte> bytes(static_cast<size_t>(length));
  file.read(data.offset, bytes);
  return bytes;
}

}  // namespace sinter::onnx
