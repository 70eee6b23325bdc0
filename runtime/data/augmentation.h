#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "runtime/data/examples.h"

namespace sinter {

/// What is done to a training picture at random, each time it is seen anew.
struct Augmentation {
  int64_t crop_padding = 0;  ///< this many black pixels on each side, then a random cut of the old size
  bool flip = false;         ///< left and right change places, every other time

  bool any() const { return crop_padding > 0 || flip; }
};

/// What chance decided for one picture.
struct Draw {
  int64_t down = 0, right = 0;  ///< where the cut begins, from the picture's corner: -padding..padding
  bool flip = false;
};

/// Depends on (seed, epoch, example) alone.
Draw draw(const Augmentation& augmentation, uint64_t seed, int64_t epoch, int64_t example);

/// Writes a plane of the picture that `draw` makes; `values` has what each byte becomes. The padding is of
/// byte 0, as torchvision's RandomCrop has it.
void write_plane(const uint8_t* pixels, PictureSize size, const Draw& draw,
                 const std::array<float, 256>& values, float* plane);

}  // namespace sinter
