#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

#include "ir/error.h"

namespace sinter {

/// A picture of 8 bits a channel: 1 channel is grey, 3 are red, green, blue.
struct Image {
  int64_t channels = 0, height = 0, width = 0;
  std::vector<uint8_t> pixels = {};  ///< [channels, height, width]

  bool operator==(const Image&) const = default;
};

/// The most pixels a picture may have: a header that claims more is taken for damage.
inline constexpr int64_t most_pixels = int64_t{1} << 28;

/// Reads a PNG or JPEG, told apart by their first bytes, as grey (`channels` 1) or colour (3); see png.h and
/// jpeg.h. Throws InputError, naming the file, if it is neither or damaged.
Image read_image(const std::filesystem::path& path, int64_t channels);

/// Throws InputError if there is no pixel, or more than most_pixels.
void check_picture_size(const Location& place, int64_t height, int64_t width);

/// The grey of a colour: the luma of ITU-R BT.601 from the values as stored, with the weights and the
/// rounding of Pillow's convert("L").
uint8_t luma(uint32_t red, uint32_t green, uint32_t blue);

/// From rows of pixels, each with all its channels, to planes.
Image to_planes(std::span<const uint8_t> interleaved, int64_t channels, int64_t height, int64_t width);

}  // namespace sinter
