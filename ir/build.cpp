#include "ir/build.h"

namespace sinter {

Value apply(OpKind op, std::initializer_list<OptionalValue> operands,
            const std::vector<Attributes::Named>& attributes) {
  Graph& graph = operands.begin()->value().graph();
  try {
    return graph.append(op, std::span(operands.begin(), operands.size()), Attributes(op, attributes)).front();
  } catch (const InputError& error) {  // an attribute out of bounds: give it the place too
    graph.rethrow_here(error);
  }
}

Value conv2d(Value x, Value weight, OptionalValue bias, const Conv2dOptions& options) {
  return apply(OpKind::conv2d, {x, weight, bias},
               {{"stride", options.stride},
                {"padding", options.padding},
                {"dilation", options.dilation},
                {"groups", options.groups}});
}

Value linear(Value x, Value weight, OptionalValue bias) { return apply(OpKind::linear, {x, weight, bias}); }

Value matmul(Value a, Value b, const MatmulOptions& options) {
  return apply(OpKind::matmul, {a, b},
               {{"transpose_a", options.transpose_a}, {"transpose_b", options.transpose_b}});
}

Value max_pool2d(Value x, const PoolOptions& options) {
  return apply(OpKind::max_pool2d, {x},
               {{"kernel_size", options.kernel_size},
                {"stride", options.stride},
                {"padding", options.padding},
                {"dilation", options.dilation},
                {"ceil_mode", options.ceil_mode}});
}

Value avg_pool2d(Value x, const AvgPoolOptions& options) {
  return apply(OpKind::avg_pool2d, {x},
               {{"kernel_size", options.kernel_size},
                {"stride", options.stride},
                {"padding", options.padding},
                {"count_include_pad", options.count_include_pad},
                {"ceil_mode", options.ceil_mode}});
}

Value global_avg_pool2d(Value x) { return apply(OpKind::global_avg_pool2d, {x}); }

Value batch_norm(Value x, Value running_mean, Value running_variance, OptionalValue weight,
                 OptionalValue bias, const BatchNormOptions& options) {
  return apply(OpKind::batch_norm, {x, running_mean, running_variance, weight, bias},
               {{"epsilon", options.epsilon}, {"momentum", options.momentum}});
}

Value relu(Value x) { return apply(OpKind::relu, {x}); }
Value sigmoid(Value x) { return apply(OpKind::sigmoid, {x}); }
Value tanh(Value x) { return apply(OpKind::tanh, {x}); }

Value leaky_relu(Value x, const LeakyReluOptions& options) {
  return apply(OpKind::leaky_relu, {x}, {{"alpha", options.alpha}});
}

Value erf(Value x) { return apply(OpKind::erf, {x}); }
Value elu(Value x, const EluOptions& options) { return apply(OpKind::elu, {x}, {{"alpha", options.alpha}}); }
Value selu(Value x) { return apply(OpKind::selu, {x}); }

Value gelu(Value x, const GeluOptions& options) {
  return apply(OpKind::gelu, {x}, {{"approximate", options.approximate}});
}

Value silu(Value x) { return apply(OpKind::silu, {x}); }
Value hard_sigmoid(Value x) { return apply(OpKind::hard_sigmoid, {x}); }
Value hard_swish(Value x) { return apply(OpKind::hard_swish, {x}); }

Value softplus(Value x, const SoftplusOptions& options) {
  return apply(OpKind::softplus, {x}, {{"beta", options.beta}, {"threshold", options.threshold}});
}

Value clip(Value x, const ClipOptions& options) {
  return apply(OpKind::clip, {x}, {{"min", options.min}, {"max", options.max}});
}

Value prelu(Value x, Value weight) { return apply(OpKind::prelu, {x, weight}); }

Value dropout(Value x, double p) { return apply(OpKind::dropout, {x}, {{"p", p}}); }

Value dropout_mask(Value sample, Value seed, const DropoutMaskOptions& options) {
  return apply(OpKind::dropout_mask, {sample, seed},
               {{"sample_size", options.sample_size},
                {"p", options.p},
                {"stream", options.stream},
                {"dtype", options.dtype}});
}

Value add(Value a, Value b) { return apply(OpKind::add, {a, b}); }
Value sub(Value a, Value b) { return apply(OpKind::sub, {a, b}); }
Value mul(Value a, Value b) { return apply(OpKind::mul, {a, b}); }
Value div(Value a, Value b) { return apply(OpKind::div, {a, b}); }
Value maximum(Value a, Value b) { return apply(OpKind::maximum, {a, b}); }
Value minimum(Value a, Value b) { return apply(OpKind::minimum, {a, b}); }
Value pow(Value a, Value b) { return apply(OpKind::pow, {a, b}); }
Value exp(Value x) { return apply(OpKind::exp, {x}); }
Value log(Value x) { return apply(OpKind::log, {x}); }
Value sqrt(Value x) { return apply(OpKind::sqrt, {x}); }

Value compare(Value a, Value b, std::string_view predicate) {
  return apply(OpKind::compare, {a, b}, {{"predicate", std::string(predicate)}});
}

Value select(Value condition, Value a, Value b) { return apply(OpKind::select, {condition, a, b}); }
Value cast(Value x, DType dtype) { return apply(OpKind::cast, {x}, {{"dtype", dtype}}); }
Value is_finite(Value x) { return apply(OpKind::is_finite, {x}); }

Value flatten(Value x, const FlattenOptions& options) {
  return apply(OpKind::flatten, {x}, {{"start_dim", options.start_dim}, {"end_dim", options.end_dim}});
}

Value reshape(Value x, Ints shape) { return apply(OpKind::reshape, {x}, {{"shape", std::move(shape)}}); }

Value transpose(Value x, Ints permutation) {
  return apply(OpKind::transpose, {x}, {{"permutation", std::move(permutation)}});
}

Value broadcast_to(Value x, Ints shape) {
  return apply(OpKind::broadcast_to, {x}, {{"shape", std::move(shape)}});
}

Value concat(const std::vector<Value>& values, int64_t axis) {
  Graph& graph = values.at(0).graph();
  const std::vector<OptionalValue> operands(values.begin(), values.end());
  return graph.append(OpKind::concat, operands, Attributes(OpKind::concat, {{"axis", axis}})).front();
}

Value slice(Value x, const SliceOptions& options) {
  return apply(
      OpKind::slice, {x},
      {{"axis", options.axis}, {"start", options.start}, {"end", options.end}, {"step", options.step}});
}

Value pad(Value x, const PadOptions& options) {
  return apply(OpKind::pad, {x},
               {{"padding", options.padding}, {"mode", options.mode}, {"value", options.value}});
}

Value resize(Value x, const ResizeOptions& options) {
  return apply(OpKind::resize, {x},
               {{"output_size", options.output_size},
                {"mode", options.mode},
                {"align_corners", options.align_corners}});
}

Value sum_to(Value x, Ints shape) { return apply(OpKind::sum_to, {x}, {{"shape", std::move(shape)}}); }

Value sum_to_shape_of(Value x, Value like) {
  return x.shape() == like.shape() ? x : sum_to(x, sizes(like.shape()));
}

Value sum(Value x, const ReduceOptions& options) {
  return apply(OpKind::sum, {x}, {{"axes", options.axes}, {"keepdims", options.keepdims}});
}

Value mean(Value x, const ReduceOptions& options) {
  return apply(OpKind::mean, {x}, {{"axes", options.axes}, {"keepdims", options.keepdims}});
}

Value argmax(Value x, const ArgmaxOptions& options) {
  return apply(OpKind::argmax, {x}, {{"axis", options.axis}, {"keepdims", options.keepdims}});
}

Value softmax(Value x, const AxisOptions& options) {
  return apply(OpKind::softmax, {x}, {{"axis", options.axis}});
}

Value log_softmax(Value x, const AxisOptions& options) {
  return apply(OpKind::log_softmax, {x}, {{"axis", options.axis}});
}

Value softmax_cross_entropy(Value logits, Value labels, const LossOptions& options) {
  return apply(OpKind::softmax_cross_entropy, {logits, labels},
               {{"reduction", options.reduction}, {"label_smoothing", options.label_smoothing}});
}

Value mse_loss(Value x, Value target, const LossOptions& options) {
  return apply(OpKind::mse_loss, {x, target}, {{"reduction", options.reduction}});
}

namespace {

Value scalar_like(Value x, double value) { return x.graph().scalar(x.dtype(), value); }

}  // namespace

Value operator+(Value a, double b) { return add(a, scalar_like(a, b)); }
Value operator-(Value a, double b) { return sub(a, scalar_like(a, b)); }
Value operator-(double a, Value b) { return sub(scalar_like(b, a), b); }
Value operator*(Value a, double b) { return mul(a, scalar_like(a, b)); }
Value operator/(Value a, double b) { return div(a, scalar_like(a, b)); }
Value operator>(Value a, double b) { return compare(a, scalar_like(a, b), "gt"); }
Value operator<=(Value a, double b) { return compare(a, scalar_like(a, b), "le"); }

}  // namespace sinter
