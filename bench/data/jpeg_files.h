#pragma once

#include <filesystem>
#include <vector>

namespace sinter::bench {

/// JPEG files in a folder of their own, removed with it: colour, quality 90 and chroma at half the resolution
/// as cameras write them, of smooth shapes with some noise.
class JpegFiles {
 public:
  JpegFiles(int count, int side);
  ~JpegFiles();
  JpegFiles(const JpegFiles&) = delete;
  JpegFiles& operator=(const JpegFiles&) = delete;

  const std::vector<std::filesystem::path>& paths() const { return paths_; }
  double mean_bytes() const { return mean_bytes_; }

 private:
  std::filesystem::path folder_;
  std::vector<std::filesystem::path> paths_;
  double mean_bytes_ = 0;
};

}  // namespace sinter::bench
