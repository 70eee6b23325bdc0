#include "runtime/data/example_reader.h"

#include "ir/error.h"
#include "runtime/files/image.h"

namespace sinter {

ExampleReader::ExampleReader(const Examples& examples) : examples_(examples) {
  const PictureSize stored{examples.height, examples.width}, size = examples.size();
  if (examples.values != nullptr) return;
  const bool in_memory = examples.files.empty();
  require(in_memory || examples.resize.given(), "a size for pictures in files");
  require(static_cast<int64_t>(examples.labels.size()) == examples.count &&
              static_cast<int64_t>(in_memory ? examples.pixels.size() : examples.files.size()) ==
                  (in_memory ? examples.count * examples.channels * stored.height * stored.width
                             : examples.count),
          "as many labels and pixels as the examples' sizes say");
  if (in_memory && stored == size) return;
  pixels_.resize(examples.channels * size.height * size.width);
  if (in_memory) resizer_.emplace(stored, size);
}

std::span<const uint8_t> ExampleReader::read(int64_t index) {
  if (!examples_.files.empty()) {
    const Image image = read_image(examples_.files[index], examples_.channels);
    return resized({image.height, image.width}, image.pixels.data());
  }
  const PictureSize stored{examples_.height, examples_.width};
  const int64_t bytes = examples_.channels * stored.height * stored.width;
  const auto pixels = std::span(examples_.pixels).subspan(index * bytes, bytes);
  return resizer_ ? resized(stored, pixels.data()) : pixels;
}

std::span<const uint8_t> ExampleReader::resized(PictureSize size, const uint8_t* pixels) {
  if (!resizer_ || resizer_->from() != size) resizer_.emplace(size, examples_.resize);
  const int64_t plane = examples_.resize.height * examples_.resize.width;
  for (int64_t c = 0; c < examples_.channels; ++c)
    resizer_->run(pixels + c * size.height * size.width, pixels_.data() + c * plane);
  return pixels_;
}

}  // namespace sinter
