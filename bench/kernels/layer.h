#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "ir/op_kind.h"

namespace sinter::bench {

struct PoolShape {
  OpKind op;  ///< max_pool2d or avg_pool2d
  int64_t kernel, stride, padding;
};

/// A convolution with bias, and what follows it in a network. Letters as STYLE has them: N C H W of the
/// image, O output channels, K, S, P the convolution's kernel, stride and padding, the same in both
/// directions.
struct Layer {
  int64_t n, c, h, w, o, k, s, p;
  std::optional<OpKind> activation = {};
  std::optional<PoolShape> pool = {};

  int64_t conv_height() const { return (h + 2 * p - k) / s + 1; }
  int64_t conv_width() const { return (w + 2 * p - k) / s + 1; }
  /// FLOPs of the dense convolution, which each of its gradients has too; the rest is not counted, and what a
  /// sparse kernel leaves out is.
  double flops() const;
  /// What a ReLU multiplies with below zero: the op's default where it is leaky.
  double slope() const { return activation == OpKind::leaky_relu ? 0.01 : 0; }
  /// A ReLU whose gradient is the same taken before the pool's, at the size of its result.
  bool masks_pooled_gradient() const;
};

enum class Work : uint8_t { forward, backward_data, backward_weights };

/// `conv2d_relu_max_pool2d`, `conv2d_backward_weights`
std::string subject_name(const Layer& layer, Work work);
/// `n16_c64_h56_w56_o64_k3_p1_max2`; strides of 1, paddings of 0 and what equals the default are left out.
std::string shape_name(const Layer& layer);

/// A layer a line: `n c h w o k s p activation pool`, and kernel, stride and padding of the pool where there
/// is one. `none` for no activation or pool; `#` starts a comment. Throws InputError with file and line.
std::vector<Layer> read_layers(const std::filesystem::path& file);

}  // namespace sinter::bench
