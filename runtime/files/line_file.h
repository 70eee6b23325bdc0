#pragma once

#include <cstdio>
#include <filesystem>
#include <memory>
#include <string_view>

namespace sinter {

/// A text file that grows line by line while the work goes on, so that others can follow it. Each line is
/// written out at once. Errors: InputError if the file cannot be made, Error if a line cannot be written;
/// both name it.
class LineFile {
 public:
  /// An empty path is no file: it converts to false and takes no lines.
  explicit LineFile(const std::filesystem::path& path);
  explicit operator bool() const { return file_ != nullptr; }
  void write(std::string_view line);

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };

  std::filesystem::path path_;
  std::unique_ptr<std::FILE, Close> file_;
};

}  // namespace sinter
