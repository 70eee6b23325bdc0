#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <vector>

namespace sinter {

struct PictureSize {
  int64_t height = 0, width = 0;

  bool given() const { return height > 0; }
  bool operator==(const PictureSize&) const = default;
};

/// Labelled pictures, as a data set's files hold them: one byte a pixel of a channel. They are in memory, all
/// of one size, or in files, each of its own; ExampleReader gives both in the size that models are given.
/// What is measured and not pictured comes as `values`.
struct Examples {
  int64_t count = 0, channels = 0, height = 0, width = 0;  ///< as they are stored
  std::vector<uint8_t> pixels = {};                        ///< [count, channels, height, width]
  std::vector<uint16_t> labels = {};                       ///< [count]
  PictureSize resize = {};                                 ///< what they are resized to; not given: as stored
  std::vector<std::filesystem::path> files = {};           ///< [count], instead of pixels
  /// As pixels and instead of them: numbers that are taken as they are.
  std::shared_ptr<const float> values = {};

  /// The size that models are given.
  PictureSize size() const { return resize.given() ? resize : PictureSize{height, width}; }
  /// Of the same channels and size, but not one.
  Examples none() const { return {.channels = channels, .height = size().height, .width = size().width}; }
  bool operator==(const Examples&) const = default;
};

}  // namespace sinter
