#pragma once

#include <memory>
#include <optional>
#include <sinter/model.hpp>
#include <utility>
#include <vector>

namespace sinter {

/// A height and a width: `5` is both.
struct Size2d {
  int64_t height, width;

  Size2d(int64_t both) : height(both), width(both) {}  // NOLINT: written as in PyTorch
  Size2d(int64_t height, int64_t width) : height(height), width(width) {}
};

/// Pixels added around a picture: `1` on each side.
struct Padding2d {
  int64_t top, left, bottom, right;

  Padding2d(int64_t all) : Padding2d(all, all) {}  // NOLINT
  Padding2d(int64_t vertical, int64_t horizontal) : Padding2d(vertical, horizontal, vertical, horizontal) {}
  Padding2d(int64_t top, int64_t left, int64_t bottom, int64_t right)
      : top(top), left(left), bottom(bottom), right(right) {}
};

/// A value of a network that is being built: its shape is known, its elements are not. Copies are the same
/// value. It keeps the network that it is part of.
class SINTER_API SymbolicTensor {
 public:
  DType dtype() const;
  Shape shape() const;

 private:
  friend class ModelBuilder;
  friend struct BuilderAccess;
  struct SINTER_HIDDEN Network;
  SymbolicTensor(std::shared_ptr<Network> network, int32_t value)
      : network_(std::move(network)), value_(value) {}

  std::shared_ptr<Network> network_;
  int32_t value_;
};

/// Makes a model of expressions:
///
///   sinter::ModelBuilder builder("small");
///   const auto image = builder.input("image", {"N", 1, 28, 28});
///   auto x = max_pool2d(relu(conv2d(image, 8, {.kernel_size = 3})), {.kernel_size = 2});
///   const sinter::Model model = builder.build(linear(flatten(x), 10));
///
/// Errors: builder and layers throw InputError where shapes do not fit, with the operands' types, the rule
/// that is broken and the layer's name. Such a builder is to be thrown away: it may have parameters of the
/// layer that failed. Thread safety: one thread at a time on a builder and its tensors.
class SINTER_API ModelBuilder {
 public:
  explicit ModelBuilder(std::string name = "model");

  /// Names are unique. The first dimension is the batch, and best a symbol such as "N".
  SymbolicTensor input(std::string name, Shape shape, DType dtype = DType::f32);

  /// A model of what the outputs need, with a name for each.
  Model build(const std::vector<std::pair<std::string, SymbolicTensor>>& outputs) const;
  Model build(const SymbolicTensor& output) const { return build({{"output", output}}); }

 private:
  std::shared_ptr<SymbolicTensor::Network> network_;
};

// Layers: those of the Sinter language (docs/language.md tells what each computes), made by the same table.
// Arguments are PyTorch's, and so are defaults. A layer's name begins the names of its parameters,
// "conv1.weight"; without one it is called by what it is and its number among these: "conv2d1", "linear2".
// Shapes are N samples, C channels, height H and width W; dimensions may be counted from the end, by -1 on.

struct ConvolutionOptions {
  Size2d kernel_size;
  Size2d stride = 1;
  Padding2d padding = 0;
  Size2d dilation = 1;
  int64_t groups = 1;  ///< must divide input and output channels
  bool bias = true;
  std::string name = {};
};
/// [N, C, H, W] to [N, out_channels, H', W'], H' = (H + top + bottom - dilation * (kernel - 1) - 1) / stride
/// + 1.
SINTER_API SymbolicTensor conv2d(const SymbolicTensor& x, int64_t out_channels,
                                 const ConvolutionOptions& options);

struct TransposedConvolutionOptions {
  Size2d kernel_size;
  Size2d stride = 1;
  Padding2d padding = 0;
  Size2d output_padding = 0;  ///< below stride
  Size2d dilation = 1;
  int64_t groups = 1;  ///< must divide input and output channels
  bool bias = true;
  std::string name = {};
};
/// [N, C, H, W] of a known height and width to [N, out_channels, H', W'], the gradient of a convolution by
/// its data: H' = (H - 1) * stride - top - bottom + dilation * (kernel - 1) + output_padding + 1.
SINTER_API SymbolicTensor conv_transpose2d(const SymbolicTensor& x, int64_t out_channels,
                                           const TransposedConvolutionOptions& options);

struct LinearOptions {
  bool bias = true;
  std::string name = {};
};
/// [..., features] to [..., out_features].
SINTER_API SymbolicTensor linear(const SymbolicTensor& x, int64_t out_features,
                                 const LinearOptions& options = {});

struct MaxPoolingOptions {
  Size2d kernel_size;
  std::optional<Size2d> stride = {};  ///< none: the kernel's size
  Padding2d padding = 0;
  Size2d dilation = 1;
  bool ceil_mode = false;  ///< the last window may reach beyond the padding
};
/// [N, C, H, W] to [N, C, H', W'].
SINTER_API SymbolicTensor max_pool2d(const SymbolicTensor& x, const MaxPoolingOptions& options);

struct AveragePoolingOptions {
  Size2d kernel_size;
  std::optional<Size2d> stride = {};  ///< none: the kernel's size
  Padding2d padding = 0;
  bool ceil_mode = false;         ///< the last window may reach beyond the padding
  bool count_include_pad = true;  ///< padding counts as zeros
};
/// [N, C, H, W] to [N, C, H', W'].
SINTER_API SymbolicTensor avg_pool2d(const SymbolicTensor& x, const AveragePoolingOptions& options);

/// [N, C, H, W] to [N, C, 1, 1].
SINTER_API SymbolicTensor global_avg_pool2d(const SymbolicTensor& x);
SINTER_API SymbolicTensor global_max_pool2d(const SymbolicTensor& x);
/// [N, C, H, W] to [N, C, height, width], window i of O along H from floor(i * H / O) to below
/// ceil((i + 1) * H / O).
SINTER_API SymbolicTensor adaptive_avg_pool2d(const SymbolicTensor& x, Size2d output_size);
SINTER_API SymbolicTensor adaptive_max_pool2d(const SymbolicTensor& x, Size2d output_size);

/// [N, C, H, W] with a border: mode "constant", which is of `value`, "reflect" or "edge".
SINTER_API SymbolicTensor pad(const SymbolicTensor& x, Padding2d padding, std::string_view mode = "constant",
                              double value = 0);
/// [N, C, H, W] to [N, C, height, width], mode "nearest" or "bilinear": half-pixel centres, or corners on
/// corners.
SINTER_API SymbolicTensor resize(const SymbolicTensor& x, Size2d size, std::string_view mode = "nearest",
                                 bool align_corners = false);

// Normalisations: without `affine` they have no weight and bias.

struct BatchNormalizationOptions {
  double eps = 1e-5;
  double momentum = 0.1;  ///< the batch's share of the running statistics
  bool affine = true;
  std::string name = {};
};
/// [N, C], [N, C, L] or [N, C, H, W]: by the batch's statistics in training, by the running ones else. Ioffe,
/// Szegedy, ICML 2015.
SINTER_API SymbolicTensor batch_norm(const SymbolicTensor& x, const BatchNormalizationOptions& options = {});
/// The same of [N, C, H, W] alone.
SINTER_API SymbolicTensor batch_norm2d(const SymbolicTensor& x,
                                       const BatchNormalizationOptions& options = {});

struct LayerNormalizationOptions {
  int64_t dims = 1;  ///< how many of the last dimensions are normalised together
  double eps = 1e-5;
  bool affine = true;  ///< weight and bias have the shape of those dimensions
  std::string name = {};
};
/// [N, ...]. Ba, Kiros, Hinton, 2016.
SINTER_API SymbolicTensor layer_norm(const SymbolicTensor& x, const LayerNormalizationOptions& options = {});

struct GroupNormalizationOptions {
  double eps = 1e-5;
  bool affine = true;
  std::string name = {};
};
/// [N, C, ...]; num_groups must divide C. Wu, He, ECCV 2018.
SINTER_API SymbolicTensor group_norm(const SymbolicTensor& x, int64_t num_groups,
                                     const GroupNormalizationOptions& options = {});

struct InstanceNormalizationOptions {
  double eps = 1e-5;
  bool affine = false;
  std::string name = {};
};
/// [N, C, ...].
SINTER_API SymbolicTensor instance_norm(const SymbolicTensor& x,
                                        const InstanceNormalizationOptions& options = {});

/// [N, C, ...]: x / (k + alpha * m) ^ beta, m the mean of the squares of `size` neighbouring channels.
/// Krizhevsky, Sutskever, Hinton, NIPS 2012.
SINTER_API SymbolicTensor local_response_norm(const SymbolicTensor& x, int64_t size, double alpha = 1e-4,
                                              double beta = 0.75, double k = 1);

// Element by element, of any shape.

SINTER_API SymbolicTensor relu(const SymbolicTensor& x);
SINTER_API SymbolicTensor relu6(const SymbolicTensor& x);
SINTER_API SymbolicTensor leaky_relu(const SymbolicTensor& x, double negative_slope = 0.01);
SINTER_API SymbolicTensor elu(const SymbolicTensor& x, double alpha = 1);
SINTER_API SymbolicTensor selu(const SymbolicTensor& x);
SINTER_API SymbolicTensor sigmoid(const SymbolicTensor& x);
SINTER_API SymbolicTensor hard_sigmoid(const SymbolicTensor& x);
SINTER_API SymbolicTensor tanh(const SymbolicTensor& x);
/// approximate: "none" or "tanh".
SINTER_API SymbolicTensor gelu(const SymbolicTensor& x, std::string_view approximate = "none");
SINTER_API SymbolicTensor silu(const SymbolicTensor& x);
SINTER_API SymbolicTensor hard_swish(const SymbolicTensor& x);
/// x where beta * x > threshold.
SINTER_API SymbolicTensor softplus(const SymbolicTensor& x, double beta = 1, double threshold = 20);
SINTER_API SymbolicTensor clip(const SymbolicTensor& x, double min, double max);

struct ParametricReluOptions {
  int64_t num_parameters = 1;  ///< 1, or C of [N, C, ...]
  std::string name = {};
};
/// x where x > 0, else weight * x. He et al., ICCV 2015.
SINTER_API SymbolicTensor prelu(const SymbolicTensor& x, const ParametricReluOptions& options = {});

/// In training each element is 0 with probability p, the others grow by 1 / (1 - p); else x.
SINTER_API SymbolicTensor dropout(const SymbolicTensor& x, double p = 0.5);
SINTER_API SymbolicTensor identity(const SymbolicTensor& x);

/// Over dimension `dim`.
SINTER_API SymbolicTensor softmax(const SymbolicTensor& x, int64_t dim = -1);
SINTER_API SymbolicTensor log_softmax(const SymbolicTensor& x, int64_t dim = -1);

/// The dimensions from start_dim to end_dim as one.
SINTER_API SymbolicTensor flatten(const SymbolicTensor& x, int64_t start_dim = 1, int64_t end_dim = -1);
/// Elements start, start + step, ... below end along `dim`; start and end may be counted from the end.
SINTER_API SymbolicTensor slice(const SymbolicTensor& x, int64_t dim, int64_t start, int64_t end,
                                int64_t step = 1);
/// Along dimension `dim`; the other dimensions are alike.
SINTER_API SymbolicTensor concat(const std::vector<SymbolicTensor>& tensors, int64_t dim = 1);

// Of two, element by element, with NumPy's broadcasting.

SINTER_API SymbolicTensor operator+(const SymbolicTensor& a, const SymbolicTensor& b);
SINTER_API SymbolicTensor operator-(const SymbolicTensor& a, const SymbolicTensor& b);
SINTER_API SymbolicTensor operator*(const SymbolicTensor& a, const SymbolicTensor& b);
SINTER_API SymbolicTensor operator/(const SymbolicTensor& a, const SymbolicTensor& b);
SINTER_API SymbolicTensor maximum(const SymbolicTensor& a, const SymbolicTensor& b);
SINTER_API SymbolicTensor minimum(const SymbolicTensor& a, const SymbolicTensor& b);

}  // namespace sinter
