#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

namespace sinter {

/// A picture of 8 bits a channel: 1 channel is grey, 3 are red, green, blue.
struct Image {
  int64_t channels = 0, height = 0, width = 0;
  std::vector<uint8_t> pixels = {};  ///< [channels, height, width]

  bool operator==(const Image&) const = default;
};

/// Reads a PNG of any kind (palette, 1 to 16 bits, with or without alpha, interlaced) as grey (`channels` 1)
/// or colour (3), in sRGB. Transparent pixels are laid over white, as a viewer shows them. Throws InputError,
/// naming the file, if it is no PNG, truncated, corrupt, or has more than 2^28 pixels.
Image read_png(const std::filesystem::path& path, int64_t channels);

/// Writes a grey or colour picture, atomically. Errors: see AtomicFile.
void write_png(const std::filesystem::path& path, const Image& image);

}  // namespace sinter
