#include "runtime/files/line_file.h"

#include <cerrno>
#include <system_error>

#include "ir/error.h"

namespace sinter {

LineFile::LineFile(const std::filesystem::path& path) : path_(path) {
  if (path.empty()) return;
  file_.reset(std::fopen(path.c_str(), "we"));
  if (!file_) fail_input("cannot write {}: {}", path.string(), std::generic_category().message(errno));
}

void LineFile::write(std::string_view line) {
  require(file_ != nullptr, "a line for a file");
  const bool written = std::fwrite(line.data(), 1, line.size(), file_.get()) == line.size() &&
                       std::fputc('\n', file_.get()) != EOF && std::fflush(file_.get()) == 0;
  if (!written) fail("cannot write {}: {}", path_.string(), std::generic_category().message(errno));
}

}  // namespace sinter
