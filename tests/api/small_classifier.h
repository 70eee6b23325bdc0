#pragma once

#include <cmath>
#include <sinter/sinter.hpp>

namespace sinter {

/// Two classes of 6x6 pictures.
inline Model small_classifier() {
  ModelBuilder builder("small");
  const auto image = builder.input("image", {"N", 1, 6, 6});
  const auto features =
      max_pool2d(relu(conv2d(image, 4, {.kernel_size = 3, .padding = 1})), {.kernel_size = 2});
  return builder.build(linear(flatten(features), 2));
}

/// Bright above and dark below is class 0, the other way round class 1; no two are alike.
struct Halves {
  explicit Halves(int64_t count) : labels(count) {
    for (int64_t i = 0; i < count; ++i) {
      labels[i] = i % 2;
      for (int64_t p = 0; p < 36; ++p) {
        const bool bright = (p < 18) == (labels[i] == 0);
        pixels.push_back(static_cast<uint8_t>((bright ? 180 : 20) + (7 * i + 13 * p) % 50));
        values.push_back(static_cast<float>(pixels.back()) / 255);
      }
    }
  }
  std::vector<uint8_t> pixels = {};
  std::vector<float> values = {};
  std::vector<int64_t> labels;
};

inline std::vector<float> values_of(const Model& model, const TensorInfo& info) {
  std::vector<float> values(info.count());
  model.read(info.name, values);
  return values;
}

}  // namespace sinter
