#include "runtime/files/png.h"

#include <png.h>

#include <cstring>

#include "ir/error.h"
#include "runtime/files/atomic_file.h"
#include "runtime/files/read_file.h"

namespace sinter {
namespace {

// libpng's simplified interface: it keeps its longjmp to itself and reports through `message`.
struct Png : png_image {
  Png() : png_image{} { version = PNG_IMAGE_VERSION; }
  ~Png() { png_image_free(this); }
  Png(const Png&) = delete;
  Png& operator=(const Png&) = delete;
};

void require_grey_or_colour(int64_t channels) {
  require(channels == 1 || channels == 3, "a picture is grey or has three colours");
}

png_uint_32 format_of(int64_t channels) { return channels == 1 ? PNG_FORMAT_GRAY : PNG_FORMAT_RGB; }

// Takes alpha, the last channel of each pixel, out. libpng would do so in linear light, which makes half
// transparent black a grey of 188: Pillow's alpha_composite and browsers take the values as they stand.
void lay_over_white(std::vector<uint8_t>& pixels, int64_t channels) {
  constexpr int white = 255;
  size_t to = 0;
  for (size_t from = 0; from < pixels.size(); from += channels + 1) {
    const int alpha = pixels[from + channels];
    for (int64_t c = 0; c < channels; ++c)
      pixels[to++] = static_cast<uint8_t>((pixels[from + c] * alpha + white * (255 - alpha) + 127) / 255);
  }
  pixels.resize(to);
}

// libpng would go through linear light, which makes other greys than those that models were trained on.
std::vector<uint8_t> greys_of(std::span<const uint8_t> colours) {
  std::vector<uint8_t> greys(colours.size() / 3);
  for (size_t i = 0; i < greys.size(); ++i)
    greys[i] = luma(colours[3 * i], colours[3 * i + 1], colours[3 * i + 2]);
  return greys;
}

// Of a size of zero libpng says no more than that the header is invalid.
void check_zero_size(const Location& place, std::span<const uint8_t> file) {
  constexpr size_t type_at = 12, width_at = 16, height_at = 20, end = 24;
  if (file.size() < end || std::memcmp(file.data() + type_at, "IHDR", 4) != 0) return;
  const int64_t height = png_get_uint_32(file.data() + height_at),
                width = png_get_uint_32(file.data() + width_at);
  if (height == 0 || width == 0) check_picture_size(place, height, width);
}

}  // namespace

bool is_png(std::span<const uint8_t> file) { return file.size() >= 8 && png_sig_cmp(file.data(), 0, 8) == 0; }

Image read_png(const std::filesystem::path& path, int64_t channels) {
  return decode_png({.file = path.string()}, read_file(path), channels);
}

Image decode_png(const Location& place, std::span<const uint8_t> file, int64_t channels) {
  require_grey_or_colour(channels);
  if (!is_png(file))
    fail_input_at(place, "not a PNG file: it does not begin with the eight bytes every PNG begins with");

  check_zero_size(place, file);
  Png png;
  if (png_image_begin_read_from_memory(&png, file.data(), file.size()) == 0)
    fail_input_at(place, "the PNG is damaged: {}", png.message);
  const int64_t height = png.height, width = png.width;
  check_picture_size(place, height, width);
  const bool transparent = (png.format & PNG_FORMAT_FLAG_ALPHA) != 0;  // the file's own format, by its header
  const int64_t read_channels = (png.format & PNG_FORMAT_FLAG_COLOR) != 0 ? 3 : channels;
  png.format = format_of(read_channels) | (transparent ? PNG_FORMAT_FLAG_ALPHA : 0);
  png.flags |= PNG_IMAGE_FLAG_16BIT_sRGB;  // 16-bit files are linear only if they say so
  std::vector<uint8_t> interleaved(height * width * (read_channels + (transparent ? 1 : 0)));
  if (png_image_finish_read(&png, nullptr, interleaved.data(), 0, nullptr) == 0)
    fail_input_at(place, "the PNG is damaged: {}", png.message);
  if (transparent) lay_over_white(interleaved, read_channels);
  if (read_channels > channels) interleaved = greys_of(interleaved);
  return to_planes(interleaved, channels, height, width);
}

void write_png(const std::filesystem::path& path, const Image& image) {
  const int64_t channels = image.channels, pixels = image.height * image.width;
  require_grey_or_colour(channels);
  require(pixels > 0 && static_cast<int64_t>(image.pixels.size()) == pixels * channels,
          "as many pixels as the picture's size says, at least one");
  std::vector<uint8_t> interleaved(image.pixels.size());
  for (int64_t c = 0; c < channels; ++c)
    for (int64_t i = 0; i < pixels; ++i) interleaved[i * channels + c] = image.pixels[c * pixels + i];

  Png png;
  png.format = format_of(channels);
  png.width = static_cast<png_uint_32>(image.width);
  png.height = static_cast<png_uint_32>(image.height);
  png_alloc_size_t bytes = PNG_IMAGE_PNG_SIZE_MAX(png);
  std::vector<std::byte> file(bytes);
  if (png_image_write_to_memory(&png, file.data(), &bytes, 0, interleaved.data(), 0, nullptr) == 0)
    fail("cannot write {}: {}", path.string(), png.message);
  write_file(path, std::span(file).first(bytes));
}

}  // namespace sinter
