#include "runtime/files/image.h"

#include "runtime/files/jpeg.h"
#include "runtime/files/png.h"
#include "runtime/files/read_file.h"

namespace sinter {

Image read_image(const std::filesystem::path& path, int64_t channels) {
  const Location place{.file = path.string()};
  std::error_code unknown;  // reading says why
  if (std::filesystem::is_fifo(path, unknown) || std::filesystem::is_socket(path, unknown))
    fail_input_at(place, "a pipe or socket, expected a PNG or JPEG picture");
  const std::vector<uint8_t> file = read_file(path);
  if (file.empty()) fail_input_at(place, "the file is empty, expected a PNG or JPEG picture");
  if (is_png(file)) return decode_png(place, file, channels);
  if (is_jpeg(file)) return decode_jpeg(place, file, channels);
  fail_input_at(place, "neither a PNG nor a JPEG picture: it begins with the bytes {:02x}",
                fmt::join(std::span(file).first(std::min<size_t>(file.size(), 4)), " "));
}

void check_picture_size(const Location& place, int64_t height, int64_t width) {
  if (height == 0 || width == 0)
    fail_input_at(place,
                  "the picture is zero-sized: {} x {} pixels (height x width), expected at least 1 x 1",
                  height, width);
  if (height * width > most_pixels)
    fail_input_at(place, "the picture has {} x {} pixels (height x width), expected at most {}", height,
                  width, most_pixels);
}

uint8_t luma(uint32_t red, uint32_t green, uint32_t blue) {
  return static_cast<uint8_t>((19595 * red + 38470 * green + 7471 * blue + (1U << 15)) >> 16);
}

Image to_planes(std::span<const uint8_t> interleaved, int64_t channels, int64_t height, int64_t width) {
  const int64_t pixels = height * width;
  Image image{channels, height, width, std::vector<uint8_t>(interleaved.size())};
  for (int64_t c = 0; c < channels; ++c)
    for (int64_t i = 0; i < pixels; ++i) image.pixels[c * pixels + i] = interleaved[i * channels + c];
  return image;
}

}  // namespace sinter
