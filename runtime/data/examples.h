#pragma once

#include <cstdint>
#include <vector>

namespace sinter {

/// Labelled pictures, as a data set's files hold them: one byte a pixel, one a label.
struct Examples {
  int64_t count = 0, channels = 0, height = 0, width = 0;
  std::vector<uint8_t> pixels = {};  ///< [count, channels, height, width]
  std::vector<uint8_t> labels = {};  ///< [count]

  bool operator==(const Examples&) const = default;
};

}  // namespace sinter
