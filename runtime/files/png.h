#pragma once

#include "runtime/files/image.h"

namespace sinter {

/// Whether a file begins as every PNG does.
bool is_png(std::span<const uint8_t> file);

/// Reads a PNG of any kind (palette, 1 to 16 bits, with or without alpha, interlaced) as grey (`channels` 1)
/// or colour (3), in sRGB; a colour's grey is its luma. Transparent pixels are laid over white by their
/// values as they stand, as Pillow's alpha_composite and browsers do. Throws InputError, naming the file, if
/// it is no PNG, truncated, corrupt, or has more than 2^28 pixels.
Image read_png(const std::filesystem::path& path, int64_t channels);
/// As read_png, from a file's bytes; `place` names it.
Image decode_png(const Location& place, std::span<const uint8_t> file, int64_t channels);

/// Writes a grey or colour picture, atomically. Errors: see AtomicFile.
void write_png(const std::filesystem::path& path, const Image& image);

}  // namespace sinter
