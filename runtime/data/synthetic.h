#pragma once

#include <string_view>

#include "runtime/data/examples.h"

namespace sinter {

struct GlyphOptions {
  int64_t count = 0;
  uint64_t seed = 0;
  std::string_view split = "train";  ///< splits of one seed share no picture
};

/// Draws grey 28x28 pictures of the ten digits, light on dark, as a hasty hand under a poor camera would have
/// them: turned, sheared, stretched, bent and shifted, in strokes of any width and brightness, with stray
/// strokes, uneven background and noise. Label i % 10 belongs to picture i, so any prefix is balanced.
/// Picture i depends on (seed, split, i) alone. Cost: about 30 microseconds a picture.
Examples draw_glyphs(const GlyphOptions& options);

}  // namespace sinter
