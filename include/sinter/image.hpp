#pragma once

#include <filesystem>
#include <sinter/tensor_info.hpp>
#include <vector>

namespace sinter {

struct ImageOptions {
  std::vector<float> mean = {}, std = {};  ///< one each, or one a channel; empty: 0 and 1
};

/// A PNG or JPEG file as one sample of a model's input f32[N, C, H, W] with 1 or 3 channels: grey or colour
/// as the input says, resized to its height and width (bilinear, antialiased; Pillow's bits), each byte p as
/// (p / 255 - mean) / std. Gives [C, H, W].
/// Errors: InputError that names the file.
/// Thread safety: any.
SINTER_API std::vector<float> load_image(const std::filesystem::path& path, const TensorInfo& input,
                                         const ImageOptions& options = {});

}  // namespace sinter
