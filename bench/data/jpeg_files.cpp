#include "bench/data/jpeg_files.h"

#include <fmt/format.h>
#include <stdlib.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <span>

// Needs what <cstdio> declares.
#include <jpeglib.h>

#include "ir/error.h"
#include "ir/philox.h"
#include "runtime/files/atomic_file.h"

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

// Ends the program where libjpeg cannot go on, which with sound pixels and memory it can.
std::vector<std::byte> encode(std::vector<uint8_t> pixels, int side) {
  jpeg_compress_struct codec{};
  jpeg_error_mgr errors{};
  codec.err = jpeg_std_error(&errors);
  jpeg_create_compress(&codec);
  unsigned char* memory = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&codec, &memory, &size);
  codec.image_height = codec.image_width = static_cast<JDIMENSION>(side);
  codec.input_components = 3;
  codec.in_color_space = JCS_RGB;
  jpeg_set_defaults(&codec);
  jpeg_set_quality(&codec, 90, TRUE);
  jpeg_start_compress(&codec, TRUE);
  for (int y = 0; y < side; ++y) {
    uint8_t* row = pixels.data() + static_cast<size_t>(y) * side * 3;
    jpeg_write_scanlines(&codec, &row, 1);
  }
  jpeg_finish_compress(&codec);
  const auto bytes = std::as_bytes(std::span(memory, size));
  std::vector<std::byte> file(bytes.begin(), bytes.end());
  jpeg_destroy_compress(&codec);
  std::free(memory);
  return file;
}

}  // namespace

JpegFiles::JpegFiles(int count, int side) {
  std::string pattern = (std::filesystem::temp_directory_path() / "sinter-bench-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) fail("cannot make the folder {}", pattern);
  folder_ = pattern;
  for (int i = 0; i < count; ++i) {
    paths_.push_back(folder_ / fmt::format("{}.jpg", i));
    const std::vector<std::byte> file = encode(picture(side, i), side);
    write_file(paths_.back(), file);
    mean_bytes_ += static_cast<double>(file.size()) / count;
  }
}

JpegFiles::~JpegFiles() {
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

}  // namespace sinter::bench
