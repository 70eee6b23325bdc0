#pragma once

#include <optional>
#include <span>

#include "runtime/data/examples.h"
#include "runtime/data/resize.h"

namespace sinter {

/// Gives examples in the size that models are given, decoded and resized where they have to be. Allocates
/// nothing after construction unless the examples are in files. Thread safety: one caller at a time.
class ExampleReader {
 public:
  /// `examples` must outlive the reader.
  explicit ExampleReader(const Examples& examples);

  /// Example `index`: [channels, size().height, size().width], valid until the next call. Needs: pictures,
  /// not values. Throws InputError where its file cannot be read.
  std::span<const uint8_t> read(int64_t index);

 private:
  std::span<const uint8_t> resized(PictureSize size, const uint8_t* pixels);

  const Examples& examples_;
  std::optional<Resizer> resizer_;  ///< for pictures of the size that came last
  std::vector<uint8_t> pixels_;     ///< a resized picture
};

}  // namespace sinter
