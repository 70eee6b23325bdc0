#include "runtime/data/augmentation.h"

#include <algorithm>

#include "ir/philox.h"

namespace sinter {

Draw draw(const Augmentation& augmentation, uint64_t seed, int64_t epoch, int64_t example) {
  Random random(seed, stream_id("augment"), static_cast<uint32_t>(epoch), static_cast<uint64_t>(example));
  const auto places = static_cast<uint64_t>(2 * augmentation.crop_padding + 1);
  Draw result;
  result.down = static_cast<int64_t>(random.uniform_int(places)) - augmentation.crop_padding;
  result.right = static_cast<int64_t>(random.uniform_int(places)) - augmentation.crop_padding;
  result.flip = augmentation.flip && random.uniform_int(2) == 1;
  return result;
}

void write_plane(const uint8_t* pixels, PictureSize size, const Draw& draw,
                 const std::array<float, 256>& values, float* plane) {
  // Columns [begin, end) of the cut lie in the picture, the others in the padding.
  const int64_t begin = std::clamp<int64_t>(-draw.right, 0, size.width);
  const int64_t end = std::clamp<int64_t>(size.width - draw.right, 0, size.width);
  for (int64_t y = 0; y < size.height; ++y, plane += size.width) {
    const int64_t source = y + draw.down;
    if (source < 0 || source >= size.height) {
      std::fill_n(plane, size.width, values[0]);
      continue;
    }
    const uint8_t* row = pixels + source * size.width + draw.right;
    std::fill(plane, plane + begin, values[0]);
    for (int64_t x = begin; x < end; ++x) plane[x] = values[row[x]];
    std::fill(plane + end, plane + size.width, values[0]);
    if (draw.flip) std::reverse(plane, plane + size.width);
  }
}

}  // namespace sinter
