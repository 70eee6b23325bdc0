#include <sinter/image.hpp>

#include "runtime/data/batch_loader.h"
#include "runtime/files/image.h"

namespace sinter {

std::vector<float> load_image(const std::filesystem::path& path, const TensorInfo& input,
                              const ImageOptions& options) {
  const Shape& shape = input.shape;
  const bool takes_pictures = input.dtype == DType::f32 && shape.size() == 4 &&
                              (shape[1] == Dim(1) || shape[1] == Dim(3)) && !shape[2].is_symbol() &&
                              !shape[3].is_symbol();
  if (!takes_pictures)
    fail_input(
        "{}: a picture is f32[N, C, H, W] with 1 or 3 channels and a known height and width; the input is {}",
        path.string(), to_string(input));
  Image image = read_image(path, shape[1].size);
  // The batch loader's arithmetic, so that a picture means to the model what it meant in training.
  const Examples one{.count = 1,
                     .channels = image.channels,
                     .height = image.height,
                     .width = image.width,
                     .pixels = std::move(image.pixels),
                     .labels = {0},
                     .resize = {shape[2].size, shape[3].size}};
  BatchLoader loader(one, {.normalization = {.mean = options.mean, .std = options.std}});
  loader.start(1);
  const auto values = loader.next()->images.values<float>();
  return {values.begin(), values.end()};
}

}  // namespace sinter
