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

// Layers. Arguments are PyTorch's, and so are defaults. A layer's name begins the names of its parameters,
// "conv1.weight"; without one it is called by what it is and its number among these: "conv2d1", "linear2".
// Shapes are N samples, C channels, height H and width W.

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

struct LinearOptions {
  bool bias = true;
  std::string name = {};
};
/// [..., features] to [..., out_features].
SINTER_API SymbolicTensor linear(const SymbolicTensor& x, int64_t out_features,
                                 const LinearOptions& options = {});

struct NormalizationOptions {
  double eps = 1e-5;
  double momentum = 0.1;  ///< the batch's share of the running statistics
  std::string name = {};
};
/// [N, C, H, W]: by the batch's statistics in training, by the running ones else. Ioffe, Szegedy, ICML 2015.
SINTER_API SymbolicTensor batch_norm2d(const SymbolicTensor& x, const NormalizationOptions& options = {});

struct PoolingOptions {
  Size2d kernel_size;
  std::optional<Size2d> stride = {};  ///< none: the kernel's size
  Padding2d padding = 0;
  bool ceil_mode = false;
};
/// [N, C, H, W] to [N, C, H', W'].
SINTER_API SymbolicTensor max_pool2d(const SymbolicTensor& x, const PoolingOptions& options);
/// Padding counts in the average.
SINTER_API SymbolicTensor avg_pool2d(const SymbolicTensor& x, const PoolingOptions& options);
/// [N, C, H, W] to [N, C, 1, 1].
SINTER_API SymbolicTensor global_avg_pool2d(const SymbolicTensor& x);

SINTER_API SymbolicTensor relu(const SymbolicTensor& x);
SINTER_API SymbolicTensor leaky_relu(const SymbolicTensor& x, double negative_slope = 0.01);
SINTER_API SymbolicTensor sigmoid(const SymbolicTensor& x);
SINTER_API SymbolicTensor tanh(const SymbolicTensor& x);
SINTER_API SymbolicTensor gelu(const SymbolicTensor& x);
SINTER_API SymbolicTensor silu(const SymbolicTensor& x);
SINTER_API SymbolicTensor hard_swish(const SymbolicTensor& x);
/// Over dimension `dim`, counted from the end where it is negative.
SINTER_API SymbolicTensor softmax(const SymbolicTensor& x, int64_t dim = -1);
/// In training each element is 0 with probability p, the others grow by 1 / (1 - p); else x.
SINTER_API SymbolicTensor dropout(const SymbolicTensor& x, double p = 0.5);

/// [N, ...] to [N, features].
SINTER_API SymbolicTensor flatten(const SymbolicTensor& x);
/// Along dimension `dim`; the other dimensions are alike.
SINTER_API SymbolicTensor concat(const std::vector<SymbolicTensor>& tensors, int64_t dim = 1);
/// Element by element, with NumPy's broadcasting.
SINTER_API SymbolicTensor operator+(const SymbolicTensor& a, const SymbolicTensor& b);
SINTER_API SymbolicTensor operator-(const SymbolicTensor& a, const SymbolicTensor& b);
SINTER_API SymbolicTensor operator*(const SymbolicTensor& a, const SymbolicTensor& b);

}  // namespace sinter
