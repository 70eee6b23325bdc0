#pragma once

#include "ir/graph.h"

/// Graphs as expressions: `relu(conv2d(x, w, b, {.stride = {2, 2}}))`. Each function appends one node to the
/// graph of its first operand. Shapes, formulas and sources are in the op table (`sinter ops`).
/// Errors: InputError when shapes or element types do not fit.
namespace sinter {

using OptionalValue = std::optional<Value>;

/// Any op by kind; its first result.
Value apply(OpKind op, std::initializer_list<OptionalValue> operands,
            const std::vector<Attributes::Named>& attributes = {});

struct Conv2dOptions {
  Ints stride = {1, 1};
  Ints padding = {0, 0, 0, 0};  ///< top, left, bottom, right
  Ints dilation = {1, 1};
  int64_t groups = 1;  ///< the weight has in_channels / groups channels
};
Value conv2d(Value x, Value weight, OptionalValue bias = {}, const Conv2dOptions& options = {});
Value linear(Value x, Value weight, OptionalValue bias = {});

struct MatmulOptions {
  bool transpose_a = false;
  bool transpose_b = false;
};
Value matmul(Value a, Value b, const MatmulOptions& options = {});

struct PoolOptions {
  Ints kernel_size;
  Ints stride = {};             ///< empty: the kernel's size
  Ints padding = {0, 0, 0, 0};  ///< top, left, bottom, right
  Ints dilation = {1, 1};
  bool ceil_mode = false;
};
Value max_pool2d(Value x, const PoolOptions& options);
struct AvgPoolOptions {
  Ints kernel_size;
  Ints stride = {};
  Ints padding = {0, 0, 0, 0};
  bool count_include_pad = true;
  bool ceil_mode = false;
};
Value avg_pool2d(Value x, const AvgPoolOptions& options);
Value global_avg_pool2d(Value x);

struct BatchNormOptions {
  double epsilon = 1e-5;
  double momentum = 0.1;  ///< the batch's share of the running statistics
};
Value batch_norm(Value x, Value running_mean, Value running_variance, OptionalValue weight = {},
                 OptionalValue bias = {}, const BatchNormOptions& options = {});

Value relu(Value x);
Value sigmoid(Value x);
Value tanh(Value x);
struct LeakyReluOptions {
  double alpha = 0.01;
};
Value leaky_relu(Value x, const LeakyReluOptions& options = {});

Value erf(Value x);
struct EluOptions {
  double alpha = 1;
};
Value elu(Value x, const EluOptions& options = {});
Value selu(Value x);
struct GeluOptions {
  std::string approximate = "none";  ///< none or tanh
};
Value gelu(Value x, const GeluOptions& options = {});
Value silu(Value x);
Value hard_sigmoid(Value x);
Value hard_swish(Value x);
struct SoftplusOptions {
  double beta = 1;
  double threshold = 20;
};
Value softplus(Value x, const SoftplusOptions& options = {});
struct ClipOptions {
  double min;
  double max;
};
Value clip(Value x, const ClipOptions& options);
Value prelu(Value x, Value weight);

Value dropout(Value x, double p);
struct DropoutMaskOptions {
  Ints sample_size;
  double p = 0.5;
  int64_t stream = 0;
  DType dtype = DType::f32;
};
Value dropout_mask(Value sample, Value seed, const DropoutMaskOptions& options);

Value add(Value a, Value b);
Value sub(Value a, Value b);
Value mul(Value a, Value b);
Value div(Value a, Value b);
Value maximum(Value a, Value b);
Value minimum(Value a, Value b);
Value pow(Value a, Value b);
Value exp(Value x);
Value log(Value x);
Value sqrt(Value x);
/// `predicate`: eq ne lt le gt ge
Value compare(Value a, Value b, std::string_view predicate);
Value select(Value condition, Value a, Value b);
Value cast(Value x, DType dtype);
Value is_finite(Value x);

struct FlattenOptions {
  int64_t start_dim = 1;
  int64_t end_dim = -1;
};
Value flatten(Value x, const FlattenOptions& options = {});
Value reshape(Value x, Ints shape);
Value transpose(Value x, Ints permutation);
Value broadcast_to(Value x, Ints shape);
/// Along an axis; at least one value.
Value concat(const std::vector<Value>& values, int64_t axis = 1);
struct SliceOptions {
  int64_t axis = 1;
  int64_t start = 0;
  int64_t end;  ///< exclusive
  int64_t step = 1;
};
Value slice(Value x, const SliceOptions& options);
struct PadOptions {
  Ints padding;                   ///< top, left, bottom, right
  std::string mode = "constant";  ///< constant, reflect or edge
  double value = 0;
};
Value pad(Value x, const PadOptions& options);
struct ResizeOptions {
  Ints output_size;
  std::string mode = "nearest";  ///< nearest or linear
  bool align_corners = false;
};
Value resize(Value x, const ResizeOptions& options);
Value sum_to(Value x, Ints shape);
/// sum_to `like`'s shape, or x itself where it has that shape already.
Value sum_to_shape_of(Value x, Value like);

struct ReduceOptions {
  Ints axes = {};  ///< empty: all
  bool keepdims = false;
};
Value sum(Value x, const ReduceOptions& options = {});
Value mean(Value x, const ReduceOptions& options = {});
struct ArgmaxOptions {
  int64_t axis = -1;
  bool keepdims = false;
};
Value argmax(Value x, const ArgmaxOptions& options = {});

struct AxisOptions {
  int64_t axis = -1;
};
Value softmax(Value x, const AxisOptions& options = {});
Value log_softmax(Value x, const AxisOptions& options = {});
struct LossOptions {
  std::string reduction = "mean";  ///< none, sum or mean
  double label_smoothing = 0;      ///< of softmax_cross_entropy
};
Value softmax_cross_entropy(Value logits, Value labels, const LossOptions& options = {});
Value mse_loss(Value x, Value target, const LossOptions& options = {});

inline Value operator+(Value a, Value b) { return add(a, b); }
inline Value operator-(Value a, Value b) { return sub(a, b); }
inline Value operator*(Value a, Value b) { return mul(a, b); }
inline Value operator/(Value a, Value b) { return div(a, b); }
/// Scalars take the element type of the other side.
Value operator+(Value a, double b);
Value operator-(Value a, double b);
Value operator-(double a, Value b);
Value operator*(Value a, double b);
Value operator/(Value a, double b);
inline Value operator*(double a, Value b) { return b * a; }
Value operator>(Value a, double b);
Value operator<=(Value a, double b);

}  // namespace sinter
