#pragma once

#include "runtime/files/image.h"

namespace sinter {

/// Whether a file begins as every JPEG does.
bool is_jpeg(std::span<const uint8_t> file);

/// Decodes a JPEG of any kind (baseline or progressive, grey, colour, CMYK) as grey (`channels` 1: luma) or
/// colour (3). Its orientation (EXIF) is not applied, as Pillow does not. Throws InputError, naming `place`,
/// if it is truncated, corrupt, or has more than most_pixels.
Image decode_jpeg(const Location& place, std::span<const uint8_t> file, int64_t channels);

}  // namespace sinter
