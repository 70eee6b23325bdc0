#include "runtime/data/resize.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace sinter {
namespace {

constexpr int weight_bits = 22;  // 255 * 2^22 and its rounding fit 31 bits
constexpr int32_t half = 1 << (weight_bits - 1);

uint8_t rounded_off(int32_t sum) { return static_cast<uint8_t>(std::clamp(sum >> weight_bits, 0, 255)); }

}  // namespace

Resizer::Line Resizer::line(int64_t from, int64_t to) {
  const double scale = static_cast<double>(from) / static_cast<double>(to);
  const double reach = std::max(scale, 1.0);  // of the triangle, to either side
  Line line{.most = static_cast<int64_t>(std::ceil(reach)) * 2 + 1};
  line.weights.resize(to * line.most);
  std::vector<double> weights(line.most);
  for (int64_t i = 0; i < to; ++i) {
    const double centre = (static_cast<double>(i) + 0.5) * scale;
    const auto first = std::max<int64_t>(static_cast<int64_t>(centre - reach + 0.5), 0);
    const auto count = std::min(static_cast<int64_t>(centre + reach + 0.5), from) - first;
    double sum = 0;
    for (int64_t k = 0; k < count; ++k) {
      const double distance = (static_cast<double>(k + first) - centre + 0.5) * (1 / reach);
      sum += weights[k] = std::max(1 - std::abs(distance), 0.0);
    }
    for (int64_t k = 0; k < count; ++k)
      line.weights[i * line.most + k] =
          static_cast<int32_t>(0.5 + (sum != 0 ? weights[k] / sum : weights[k]) * (1 << weight_bits));
    line.first.push_back(static_cast<int32_t>(first));
    line.count.push_back(static_cast<int32_t>(count));
  }
  return line;
}

Resizer::Resizer(PictureSize from, PictureSize to)
    : from_(from), to_(to), across_(line(from.width, to.width)), down_(line(from.height, to.height)) {
  narrow_.resize(from.height * to.width);
  sums_.resize(to.width);
}

void Resizer::columns(const uint8_t* source, uint8_t* target) const {
  for (int64_t y = 0; y < from_.height; ++y, source += from_.width, target += to_.width)
    for (int64_t x = 0; x < to_.width; ++x) {
      const int32_t* weights = across_.weights.data() + x * across_.most;
      const uint8_t* pixels = source + across_.first[x];
      int32_t sum = half;
      for (int32_t k = 0; k < across_.count[x]; ++k) sum += pixels[k] * weights[k];
      target[x] = rounded_off(sum);
    }
}

void Resizer::rows(const uint8_t* source, uint8_t* target) {
  for (int64_t y = 0; y < to_.height; ++y, target += to_.width) {
    std::ranges::fill(sums_, half);
    for (int32_t k = 0; k < down_.count[y]; ++k) {
      const int32_t weight = down_.weights[y * down_.most + k];
      const uint8_t* pixels = source + (down_.first[y] + k) * to_.width;
      for (int64_t x = 0; x < to_.width; ++x) sums_[x] += pixels[x] * weight;
    }
    for (int64_t x = 0; x < to_.width; ++x) target[x] = rounded_off(sums_[x]);
  }
}

void Resizer::run(const uint8_t* source, uint8_t* target) {
  const bool across = from_.width != to_.width, down = from_.height != to_.height;
  if (!across && !down) {
    std::memcpy(target, source, from_.height * from_.width);
    return;
  }
  if (across) columns(source, down ? narrow_.data() : target);
  if (down) rows(across ? narrow_.data() : source, target);
}

}  // namespace sinter
