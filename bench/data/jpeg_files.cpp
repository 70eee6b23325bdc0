#include "bench/data/jpeg_files.h"

#include <fmt/format.h>
#include <stdlib.h>

#include <cmath>
#include <span>

#include "ir/error.h"
#include "ir/philox.h"
#include "runtime/files/atomic_file.h"
#include "tests/runtime/jpeg_text.h"

namespace sinter::bench {
namespace {

std::vector<uint8_t> picture(int side, uint64_t number) {
  Random random(number, 0);
  double waves[3][3];
  for (auto& wave : waves)
    for (double& value : wave) value = static_cast<double>(1 + random.uniform_int(12)) / side;
  std::vector<uint8_t> pixels;
  for (int y = 0; y < side; ++y)
    for (int x = 0; x < side; ++x)
      for (const auto& wave : waves) {
        const double shape = std::sin(6.3 * wave[0] * x + 3 * std::sin(6.3 * wave[1] * y) + 40 * wave[2]);
        const double noise = static_cast<double>(random.uniform_int(24));
        pixels.push_back(static_cast<uint8_t>(116 + 100 * shape + noise));
      }
  return pixels;
}

}  // namespace

JpegFiles::JpegFiles(int count, int side) {
  std::string pattern = (std::filesystem::temp_directory_path() / "sinter-bench-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) fail("cannot make the folder {}", pattern);
  folder_ = pattern;
  for (int i = 0; i < count; ++i) {
    paths_.push_back(folder_ / fmt::format("{}.jpg", i));
    const std::string file = jpeg(side, side, picture(side, i), {.subsampled = true, .quality = 90});
    write_file(paths_.back(), std::as_bytes(std::span(file)));
    mean_bytes_ += static_cast<double>(file.size()) / count;
  }
}

JpegFiles::~JpegFiles() {
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

}  // namespace sinter::bench
