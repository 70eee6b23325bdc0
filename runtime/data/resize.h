#pragma once

#include <vector>

#include "runtime/data/examples.h"

namespace sinter {

/// Resizes planes of one size to another, bilinearly, and antialiased where they shrink: an output pixel is
/// the mean of the input pixels under a triangle that is as wide as two output pixels, at least two input
/// pixels. Columns first, then rows, each rounded to a byte.
/// Source: Pillow's Image.resize(BILINEAR), whose bits these are, and with it torchvision's Resize on PIL
/// images, which is antialiased always. (On tensors, torch's interpolate is not unless told to.)
/// Thread safety: one caller at a time.
class Resizer {
 public:
  Resizer(PictureSize from, PictureSize to);

  PictureSize from() const { return from_; }
  /// `source` and `target` are rows of bytes without gaps. Allocates nothing.
  void run(const uint8_t* source, uint8_t* target);

 private:
  // What each output pixel of a line is made of.
  struct Line {
    std::vector<int32_t> first = {};    ///< by output pixel: its first input pixel,
    std::vector<int32_t> count = {};    ///< how many,
    std::vector<int32_t> weights = {};  ///< and `most` places for their weights, of 2^22
    int64_t most = 0;
  };
  static Line line(int64_t from, int64_t to);
  void columns(const uint8_t* source, uint8_t* target) const;
  void rows(const uint8_t* source, uint8_t* target);

  PictureSize from_, to_;
  Line across_, down_;
  std::vector<uint8_t> narrow_;  ///< from_.height rows of to_.width
  std::vector<int32_t> sums_;    ///< of one row
};

}  // namespace sinter
