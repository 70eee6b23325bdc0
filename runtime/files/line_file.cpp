#include "runtime/files/line_file.h"

#include <cerrno>
#include <system_error>

#include "ir/error.h"
#include "runtime/files/atomic_file.h"
#include "runtime/files/read_file.h"

namespace sinter {

namespace {

std::FILE* open(const std::filesystem::path& path, const char* mode) {
  std::FILE* file = std::fopen(path.c_str(), mode);
  if (file == nullptr)
    fail_input("cannot write {}: {}", path.string(), std::generic_category().message(errno));
  return file;
}

// Rewrites the file with the lines that stay.
void drop_lines(const std::filesystem::path& path, const LineFile::Keep& keep) {
  const std::vector<uint8_t> bytes = read_file(path);
  std::string_view rest(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  std::string kept;
  while (!rest.empty()) {
    const size_t end = std::min(rest.find('\n'), rest.size());
    if (keep(rest.substr(0, end))) kept.append(rest.substr(0, end)).append("\n");
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  write_file(path, std::as_bytes(std::span(kept)));
}

}  // namespace

LineFile::LineFile(const std::filesystem::path& path, const Keep& keep) : path_(path) {
  if (path.empty()) return;
  std::error_code ignored;
  goes_on_ = keep && std::filesystem::is_regular_file(path, ignored);
  if (goes_on_) drop_lines(path, keep);
  file_.reset(open(path, goes_on_ ? "ae" : "we"));
}

void LineFile::write(std::string_view line) {
  require(file_ != nullptr, "a line for a file");
  const bool written = std::fwrite(line.data(), 1, line.size(), file_.get()) == line.size() &&
                       std::fputc('\n', file_.get()) != EOF && std::fflush(file_.get()) == 0;
  if (!written) fail("cannot write {}: {}", path_.string(), std::generic_category().message(errno));
}

void check_line_file(const std::filesystem::path& path) {
  if (path.empty()) return;
  std::error_code ignored;
  const std::filesystem::file_status status = std::filesystem::status(path, ignored);
  if (!std::filesystem::exists(status)) AtomicFile probe(path);
  // To open a file for more lines changes nothing; who reads from a pipe would see it open and end.
  if (is_regular_file(status) || is_directory(status)) std::fclose(open(path, "ae"));
}

}  // namespace sinter
