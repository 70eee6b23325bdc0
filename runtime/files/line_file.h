#pragma once

#include <cstdio>
#include <filesystem>
#include <functional>
#include <memory>
#include <string_view>

namespace sinter {

/// A text file that grows line by line while the work goes on, so that others can follow it. Each line is
/// written out at once. Errors: InputError if the file cannot be made, Error if a line cannot be written;
/// both name it.
class LineFile {
 public:
  /// Whether a line of a file that is gone on with stays.
  using Keep = std::function<bool(std::string_view line)>;

  /// An empty path is no file: it converts to false and takes no lines. With `keep` the lines of a file that
  /// is there already stay as it says, and new ones follow.
  explicit LineFile(const std::filesystem::path& path, const Keep& keep = {});
  /// Whether lines that were there before stay ahead of new ones.
  bool goes_on() const { return goes_on_; }
  explicit operator bool() const { return file_ != nullptr; }
  void write(std::string_view line);

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };

  std::filesystem::path path_;
  bool goes_on_ = false;
  std::unique_ptr<std::FILE, Close> file_;
};

/// Throws the InputError that a LineFile there would throw, and leaves what is there as it is.
void check_line_file(const std::filesystem::path& path);

}  // namespace sinter
