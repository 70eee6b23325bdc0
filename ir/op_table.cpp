#include "ir/op_table.h"

#include "ir/ops/convolution.h"
#include "ir/ops/elementwise.h"
#include "ir/ops/joining.h"
#include "ir/ops/loss.h"
#include "ir/ops/matrix.h"
#include "ir/ops/optimizer.h"
#include "ir/ops/pooling.h"
#include "ir/ops/reduction.h"
#include "ir/ops/shape_ops.h"
#include "ir/ops/slab_forms.h"
#include "ir/ops/slab_loop.h"
#include "ir/ops/structure.h"

namespace sinter {

OperandGradients zero_gradient(const Differentiation& d) { return OperandGradients(d.operands.size()); }

namespace ops {
namespace {

// Units of ops that work on planes: as many as the first result has images times channels.
int64_t plane_units(const Evaluation& e) { return e.results[0].dim(0) * e.results[0].dim(1); }

// Units of products: rows of the result.
int64_t product_units(const Evaluation& e) {
  const int64_t row = e.results[0].shape.back();
  return row == 0 ? 0 : e.results[0].count / row;
}

constexpr AttributeDef stride_attribute{"stride", AttrKind::ints, "[1, 1]", 1, 1 << 20, 2};
constexpr AttributeDef pool_stride{"stride", AttrKind::ints, "[]", 1, 1 << 20, 2};
constexpr AttributeDef padding_attribute{"padding", AttrKind::ints, "[0, 0, 0, 0]", 0, 1 << 20, 4};
constexpr AttributeDef dilation_attribute{"dilation", AttrKind::ints, "[1, 1]", 1, 1 << 20, 2};
constexpr AttributeDef groups_attribute{"groups", AttrKind::integer, "1", 1, 1 << 24};
constexpr AttributeDef ceil_mode_attribute{"ceil_mode", AttrKind::boolean, "false"};
constexpr AttributeDef kernel_size_attribute{"kernel_size", AttrKind::ints, "", 1, 1 << 20, 2};
constexpr AttributeDef input_size_attribute{"input_size", AttrKind::ints, "", 1, 1 << 24, 2};
constexpr AttributeDef count_include_pad{"count_include_pad", AttrKind::boolean, "true"};
constexpr AttributeDef axis_attribute{"axis", AttrKind::axis, "-1"};
constexpr AttributeDef concat_axis{"axis", AttrKind::axis, "1"};
constexpr AttributeDef slice_start{"start", AttrKind::integer, "0", 0, 1LL << 40};
constexpr AttributeDef slice_end{"end", AttrKind::integer, "", 1, 1LL << 40};
constexpr AttributeDef slice_step{"step", AttrKind::integer, "1", 1, 1LL << 40};
constexpr AttributeDef axes_attribute{"axes", AttrKind::axes, "[]"};
constexpr AttributeDef keepdims_attribute{"keepdims", AttrKind::boolean, "false"};
constexpr AttributeDef shape_attribute{
    .name = "shape", .kind = AttrKind::shape, .fallback = "", .min = -1, .max = 1LL << 40};
constexpr AttributeDef reduction_attribute{
    .name = "reduction", .kind = AttrKind::word, .fallback = "mean", .words = "mean sum none"};

constexpr OperandDef image{"x", "[N, C, H, W]"};
constexpr OperandDef conv_weight{.name = "weight", .pattern = "[O, I, KH, KW]", .role = Role::weight};
constexpr OperandDef conv_bias{.name = "bias", .pattern = "[O]", .optional = true, .role = Role::bias};
constexpr OperandDef conv_dy{"dy", "[N, O, P, Q]"};
constexpr OperandDef any_x{"x"};
constexpr OperandDef any_a{"a", "[...]", Elements::same};
constexpr OperandDef any_b{"b", "[...]", Elements::same};
constexpr OperandDef moved_x{"x", "[...]", Elements::any};
constexpr OperandDef labels_operand{"labels", "[N]", Elements::index, false, Domain::class_index};

constexpr OperandDef distinct(OperandDef operand) {
  operand.domain = Domain::distinct;
  return operand;
}

constexpr OperandDef with(Domain domain, OperandDef operand) {
  operand.domain = domain;
  return operand;
}

// A row of an elementwise op of one operand.
constexpr OpDef unary(OpKind kind, std::string_view name, std::string_view formula, std::string_view summary,
                      GradientFunction gradient, EvaluateFunction evaluate, Elementwise elementwise,
                      Domain domain = Domain::any) {
  return {.kind = kind,
          .name = name,
          .formula = formula,
          .summary = summary,
          .operands = {with(domain, any_x)},
          .infer = infer_same_as_x,
          .gradient = gradient,
          .evaluate = evaluate,
          .units = element_units,
          .flops = element_flops,
          .samples = samples_of_elements,
          .elementwise = elementwise,
          .in_place = {0}};
}

// A row of an elementwise op of two operands, which broadcast as in NumPy.
constexpr OpDef binary(OpKind kind, std::string_view name, std::string_view formula, std::string_view summary,
                       GradientFunction gradient, EvaluateFunction evaluate, bool commutative) {
  return {.kind = kind,
          .name = name,
          .formula = formula,
          .summary = summary,
          .operands = {any_a, any_b},
          .infer = infer_broadcast,
          .gradient = gradient,
          .evaluate = evaluate,
          .units = element_units,
          .flops = element_flops,
          .samples = samples_of_elements,
          .commutative = commutative,
          .elementwise = Elementwise::keeps_zeros,
          .in_place = {0}};
}

constexpr std::array<OpDef, op_count> rows = {{
    {.kind = OpKind::conv2d,
     .name = "conv2d",
     .formula = "y[n,o,p,q] = bias[o] + sum over c,i,j of x[n, g*I+c, p*stride+i*dilation-top, "
                "q*stride+j*dilation-left] * weight[o,c,i,j]",
     .summary =
         "Two-dimensional cross-correlation; padding is top, left, bottom, right, filled with zeros. "
         "Output channel o\nis of group g, one of as many as divide the output channels, and reads its I "
         "of the C = I * groups channels of x.",
     .operands = {image, conv_weight, conv_bias},
     .attributes = {stride_attribute, padding_attribute, dilation_attribute, groups_attribute},
     .infer = infer_conv2d,
     .gradient = conv2d_gradient,
     .evaluate = evaluate_conv2d,
     .units = plane_units,
     .flops = conv2d_flops,
     .samples = samples_by_pattern,
     .source = "LeCun et al., Proc. IEEE 86(11), 1998; PyTorch torch.nn.Conv2d"},
    {.kind = OpKind::conv2d_backward_data,
     .name = "conv2d_backward_data",
     .formula = "dx[n,g*I+c,h,w] = sum over o of group g, i, j of dy[n,o,p,q] * weight[o,c,i,j] where h = "
                "p*stride+i*dilation-top, w = q*stride+j*dilation-left",
     .summary = "Gradient of conv2d by x; also the transposed convolution.",
     .operands = {conv_dy, conv_weight},
     .attributes = {input_size_attribute, stride_attribute, padding_attribute, dilation_attribute,
                    groups_attribute},
     .results = {"dx"},
     .infer = infer_conv2d_backward_data,
     .gradient = conv2d_backward_data_gradient,
     .evaluate = evaluate_conv2d_backward_data,
     .units = plane_units,
     .flops = conv2d_backward_data_flops,
     .samples = samples_by_pattern},
    {.kind = OpKind::conv2d_backward_weights,
     .name = "conv2d_backward_weights",
     .formula = "dweight[o,c,i,j] = sum over n,p,q of x[n, g*I+c, p*stride+i*dilation-top, "
                "q*stride+j*dilation-left] * dy[n,o,p,q]",
     .summary = "Gradient of conv2d by its weight.",
     .operands = {image, conv_dy},
     .attributes = {kernel_size_attribute, stride_attribute, padding_attribute, dilation_attribute,
                    groups_attribute},
     .results = {"dweight"},
     .infer = infer_conv2d_backward_weights,
     .gradient = conv2d_backward_weights_gradient,
     .evaluate = evaluate_conv2d_backward_weights,
     .units = plane_units,
     .flops = conv2d_backward_weights_flops,
     .samples = sum_over_samples},
    {.kind = OpKind::linear,
     .name = "linear",
     .formula = "y[..., o] = bias[o] + sum over i of x[..., i] * weight[o, i]",
     .summary = "Fully connected layer.",
     .operands = {{"x", "[..., I]"},
                  {.name = "weight", .pattern = "[O, I]", .role = Role::weight},
                  {.name = "bias", .pattern = "[O]", .optional = true, .role = Role::bias}},
     .infer = infer_linear,
     .gradient = linear_gradient,
     .evaluate = evaluate_linear,
     .units = product_units,
     .flops = linear_flops,
     .samples = samples_of_rows,
     .source = "PyTorch torch.nn.Linear"},
    {.kind = OpKind::matmul,
     .name = "matmul",
     .formula = "y[..., m, n] = sum over k of a[..., m, k] * b[..., k, n]",
     .summary =
         "Matrix product of the last two dimensions, either transposed on the way; the others broadcast.",
     .operands = {{"a"}, {"b"}},
     .attributes = {{"transpose_a", AttrKind::boolean, "false"}, {"transpose_b", AttrKind::boolean, "false"}},
     .infer = infer_matmul,
     .gradient = matmul_gradient,
     .evaluate = evaluate_matmul,
     .units = product_units,
     .flops = matmul_flops,
     .samples = samples_of_matmul,
     .source = "NumPy matmul"},

    {.kind = OpKind::max_pool2d,
     .name = "max_pool2d",
     .formula = "y[n,c,p,q] = max over i,j of x[n, c, p*stride+i*dilation-top, q*stride+j*dilation-left]",
     .summary =
         "Largest value of each window; NaN wins, padding never does. Without stride, windows do not "
         "overlap. With\nceil_mode the last window may reach beyond the padding, if it begins in x or in "
         "the padding before it.",
     .operands = {distinct(image)},
     .attributes = {kernel_size_attribute, pool_stride, padding_attribute, dilation_attribute,
                    ceil_mode_attribute},
     .infer = infer_max_pool2d,
     .evaluate = evaluate_max_pool2d,
     .units = plane_units,
     .flops = pool_flops,
     .samples = samples_by_pattern,
     .train_as = OpKind::max_pool2d_argmax,
     .source = "PyTorch torch.nn.MaxPool2d"},
    {.kind = OpKind::max_pool2d_argmax,
     .name = "max_pool2d_argmax",
     .formula = "y as max_pool2d; argmax[n,c,p,q] = i*KW + j of the first largest",
     .summary = "max_pool2d that also says where: u8 for windows of up to 256 elements, i32 beyond.",
     .operands = {distinct(image)},
     .attributes = {kernel_size_attribute, pool_stride, padding_attribute, dilation_attribute,
                    ceil_mode_attribute},
     .results = {"y", "argmax"},
     .infer = infer_max_pool2d_argmax,
     .gradient = max_pool2d_argmax_gradient,
     .evaluate = evaluate_max_pool2d,
     .units = plane_units,
     .flops = pool_flops,
     .samples = samples_by_pattern},
    {.kind = OpKind::max_pool2d_backward,
     .name = "max_pool2d_backward",
     .formula = "dx[n,c,h,w] = sum of dy[n,c,p,q] over the windows whose argmax is (h, w)",
     .summary = "Gradient of max_pool2d by x.",
     .operands = {{"dy", "[N, C, P, Q]"}, {"argmax", "[N, C, P, Q]", Elements::any}},
     .attributes = {input_size_attribute, kernel_size_attribute, pool_stride, padding_attribute,
                    dilation_attribute, ceil_mode_attribute},
     .results = {"dx"},
     .infer = infer_max_pool2d_backward,
     .evaluate = evaluate_max_pool2d_backward,
     .units = plane_units,
     .flops = pool_backward_flops,
     .samples = samples_by_pattern},
    {.kind = OpKind::avg_pool2d,
     .name = "avg_pool2d",
     .formula = "y[n,c,p,q] = mean over i,j of x[n, c, p*stride+i-top, q*stride+j-left]",
     .summary = "Mean of each window; padding counts as zeros unless count_include_pad is false. What lies "
                "beyond the padding,\nwith ceil_mode, never counts.",
     .operands = {image},
     .attributes = {kernel_size_attribute, pool_stride, padding_attribute, count_include_pad,
                    ceil_mode_attribute},
     .infer = infer_avg_pool2d,
     .gradient = avg_pool2d_gradient,
     .evaluate = evaluate_avg_pool2d,
     .units = plane_units,
     .flops = pool_flops,
     .samples = samples_by_pattern,
     .source = "PyTorch torch.nn.AvgPool2d"},
    {.kind = OpKind::avg_pool2d_backward,
     .name = "avg_pool2d_backward",
     .formula = "dx[n,c,h,w] = sum of dy[n,c,p,q] / window size over the windows that hold (h, w)",
     .summary = "Gradient of avg_pool2d by x.",
     .operands = {{"dy", "[N, C, P, Q]"}},
     .attributes = {input_size_attribute, kernel_size_attribute, pool_stride, padding_attribute,
                    count_include_pad, ceil_mode_attribute},
     .results = {"dx"},
     .infer = infer_avg_pool2d_backward,
     .gradient = avg_pool2d_backward_gradient,
     .evaluate = evaluate_avg_pool2d_backward,
     .units = plane_units,
     .flops = pool_backward_flops,
     .samples = samples_by_pattern},
    {.kind = OpKind::global_avg_pool2d,
     .name = "global_avg_pool2d",
     .formula = "y[n,c,0,0] = mean over h,w of x[n,c,h,w]",
     .summary = "Mean of each plane.",
     .operands = {image},
     .infer = infer_global_avg_pool2d,
     .gradient = global_avg_pool2d_gradient,
     .evaluate = evaluate_global_avg_pool2d,
     .units = plane_units,
     .flops = operand_flops,
     .samples = samples_by_pattern,
     .source = "Lin, Chen, Yan, ICLR 2014; PyTorch torch.nn.AdaptiveAvgPool2d(1)"},

    unary(OpKind::relu, "relu", "y = max(x, 0)", "Rectified linear unit; NaN stays NaN.", relu_gradient,
          evaluate_relu, Elementwise::keeps_zeros, Domain::non_zero),
    unary(OpKind::sigmoid, "sigmoid", "y = 1 / (1 + exp(-x))", "Logistic function.", sigmoid_gradient,
          evaluate_sigmoid, Elementwise::yes),
    unary(OpKind::tanh, "tanh", "y = tanh(x)", "Hyperbolic tangent.", tanh_gradient, evaluate_tanh,
          Elementwise::keeps_zeros),
    {.kind = OpKind::leaky_relu,
     .name = "leaky_relu",
     .formula = "y = x > 0 ? x : alpha * x",
     .summary =
         "Rectified linear unit with a slope below zero. The gradient reads y where alpha >= 0, else x.",
     .operands = {with(Domain::non_zero, any_x)},
     .attributes = {{"alpha", AttrKind::real, "0.01"}},
     .infer = infer_same_as_x,
     .gradient = leaky_relu_gradient,
     .evaluate = evaluate_leaky_relu,
     .units = element_units,
     .flops = element_flops,
     .samples = samples_of_elements,
     .elementwise = Elementwise::keeps_zeros,
     .in_place = {0},
     .source = "Maas, Hannun, Ng, ICML 2013"},

    binary(OpKind::add, "add", "y = a + b", "Sum.", add_gradient, evaluate_add, true),
    binary(OpKind::sub, "sub", "y = a - b", "Difference.", sub_gradient, evaluate_sub, false),
    binary(OpKind::mul, "mul", "y = a * b", "Product.", mul_gradient, evaluate_mul, true),
    {.kind = OpKind::div,
     .name = "div",
     .formula = "y = a / b",
     .summary = "Quotient.",
     .operands = {{"a"}, {.name = "b", .domain = Domain::non_zero}},
     .infer = infer_broadcast,
     .gradient = div_gradient,
     .evaluate = evaluate_div,
     .units = element_units,
     .flops = element_flops,
     .samples = samples_of_elements,
     .elementwise = Elementwise::yes,
     .in_place = {0}},
    binary(OpKind::maximum, "maximum", "y = max(a, b)", "The larger; NaN wins.", maximum_gradient,
           evaluate_maximum, true),
    binary(OpKind::minimum, "minimum", "y = min(a, b)", "The smaller; NaN wins.", minimum_gradient,
           evaluate_minimum, true),
    unary(OpKind::exp, "exp", "y = e^x", "Exponential.", exp_gradient, evaluate_exp, Elementwise::yes),
    unary(OpKind::log, "log", "y = ln(x)", "Natural logarithm.", log_gradient, evaluate_log, Elementwise::yes,
          Domain::positive),
    unary(OpKind::sqrt, "sqrt", "y = x^(1/2)", "Square root.", sqrt_gradient, evaluate_sqrt,
          Elementwise::keeps_zeros, Domain::positive),
    {.kind = OpKind::compare,
     .name = "compare",
     .formula = "y = a predicate b",
     .summary = "Elementwise comparison; with NaN only ne holds.",
     .operands = {any_a, any_b},
     .attributes =
         {{.name = "predicate", .kind = AttrKind::word, .fallback = "", .words = "eq ne lt le gt ge"}},
     .infer = infer_compare,
     .gradient = zero_gradient,
     .evaluate = evaluate_compare,
     .units = element_units,
     .flops = element_flops,
     .samples = samples_of_elements,
     .elementwise = Elementwise::yes},
    {.kind = OpKind::select,
     .name = "select",
     .formula = "y = condition ? a : b",
     .summary = "Elementwise choice; the three broadcast.",
     .operands = {{"condition", "[...]", Elements::boolean}, any_a, any_b},
     .infer = infer_select,
     .gradient = select_gradient,
     .evaluate = evaluate_select,
     .units = element_units,
     .flops = element_flops,
     .samples = samples_of_elements,
     .elementwise = Elementwise::keeps_zeros,
     .in_place = {1}},
    {.kind = OpKind::cast,
     .name = "cast",
     .formula = "y = x as dtype",
     .summary = "Conversion; floating to integer rounds toward zero and saturates, NaN becomes 0.",
     .operands = {moved_x},
     .attributes = {{"dtype", AttrKind::dtype, ""}},
     .infer = infer_cast,
     .gradient = cast_gradient,
     .evaluate = evaluate_cast,
     .units = element_units,
     .flops = element_flops,
     .samples = samples_of_elements,
     .elementwise = Elementwise::keeps_zeros},
    {.kind = OpKind::is_finite,
     .name = "is_finite",
     .formula = "y = |x| < infinity",
     .summary = "False at infinities and NaN.",
     .operands = {any_x},
     .infer = infer_is_finite,
     .gradient = zero_gradient,
     .evaluate = evaluate_is_finite,
     .units = element_units,
     .flops = element_flops,
     .samples = samples_of_elements,
     .elementwise = Elementwise::yes},

    {.kind = OpKind::flatten,
     .name = "flatten",
     .formula = "y = x with dimensions start_dim to end_dim joined",
     .summary = "Joins neighbouring dimensions.",
     .operands = {moved_x},
     .attributes = {{"start_dim", AttrKind::axis, "1"}, {"end_dim", AttrKind::axis, "-1"}},
     .infer = infer_flatten,
     .gradient = reshape_gradient,
     .evaluate = evaluate_copy,
     .units = element_units,
     .flops = no_flops,
     .samples = samples_of_flatten,
     .in_place = {0},
     .source = "PyTorch torch.flatten"},
    {.kind = OpKind::reshape,
     .name = "reshape",
     .formula = "y = x in another shape, row-major order kept",
     .summary = "As many elements in another shape; one -1 stands for what is left over.",
     .operands = {moved_x},
     .attributes = {shape_attribute},
     .infer = infer_reshape,
     .gradient = reshape_gradient,
     .evaluate = evaluate_copy,
     .units = element_units,
     .flops = no_flops,
     .samples = samples_of_reshape,
     .in_place = {0}},
    {.kind = OpKind::transpose,
     .name = "transpose",
     .formula = "y.shape[i] = x.shape[permutation[i]]",
     .summary = "Dimensions in another order.",
     .operands = {moved_x},
     .attributes =
         {{.name = "permutation", .kind = AttrKind::permutation, .fallback = "", .min = 0, .max = max_rank}},
     .infer = infer_transpose,
     .gradient = transpose_gradient,
     .evaluate = evaluate_transpose,
     .units = element_units,
     .flops = no_flops,
     .samples = samples_of_transpose},
    {.kind = OpKind::broadcast_to,
     .name = "broadcast_to",
     .formula = "y = x repeated along dimensions of size 1 and new leading ones",
     .summary = "Repeats to a shape.",
     .operands = {moved_x},
     .attributes = {shape_attribute},
     .infer = infer_broadcast_to,
     .gradient = broadcast_to_gradient,
     .evaluate = evaluate_broadcast_to,
     .units = element_units,
     .flops = no_flops,
     .samples = samples_of_broadcast_to,
     .source = "NumPy broadcasting"},
    {.kind = OpKind::sum_to,
     .name = "sum_to",
     .formula = "y = x summed over the dimensions in which shape broadcasts to x's",
     .summary = "Undoes broadcast_to by addition: its gradient.",
     .operands = {{"x", "[...]", Elements::same}},
     .attributes = {shape_attribute},
     .infer = infer_sum_to,
     .gradient = sum_to_gradient,
     .evaluate = evaluate_sum_to,
     .units = result_units,
     .flops = operand_flops,
     .samples = samples_of_sum_to},

    {.kind = OpKind::reorder,
     .name = "reorder",
     .formula = "y = x in the layout that y's type says",
     .summary = "The same elements in another order in memory; blocks are filled up with zeros.",
     .operands = {moved_x},
     .infer = infer_same_as_x,
     .gradient = reorder_gradient,
     .evaluate = evaluate_copy,
     .units = element_units,
     .flops = no_flops,
     .samples = samples_of_elements},

    {.kind = OpKind::concat,
     .name = "concat",
     .formula = "y = the operands one after the other along axis",
     .summary = "Joins values whose other dimensions are the same.",
     .operands = {{.name = "x", .elements = Elements::same, .variadic = true}},
     .attributes = {concat_axis},
     .infer = infer_concat,
     .gradient = concat_gradient,
     .evaluate = evaluate_concat,
     .units = outer_units,
     .flops = no_flops,
     .samples = samples_of_concat,
     .source = "PyTorch torch.cat"},
    {.kind = OpKind::slice,
     .name = "slice",
     .formula = "y[.., i, ..] = x[.., start + i*step, ..] along axis, below end",
     .summary = "A part of a value along one axis.",
     .operands = {{"x", "[...]", Elements::same}},
     .attributes = {concat_axis, slice_start, slice_end, slice_step},
     .infer = infer_slice,
     .gradient = slice_gradient,
     .evaluate = evaluate_slice,
     .units = outer_units,
     .flops = no_flops,
     .samples = samples_along_axis,
     .source = "NumPy basic slicing"},
    {.kind = OpKind::slice_backward,
     .name = "slice_backward",
     .formula = "dx[.., start + i*step, ..] = dy[.., i, ..] along axis, 0 elsewhere",
     .summary = "Gradient of slice: its elements in their places among zeros.",
     .operands = {{"dy", "[...]", Elements::same}},
     .attributes =
         {concat_axis, slice_start, slice_end, slice_step, {"size", AttrKind::integer, "", 1, 1LL << 40}},
     .results = {"dx"},
     .infer = infer_slice_backward,
     .gradient = slice_backward_gradient,
     .evaluate = evaluate_slice_backward,
     .units = outer_units,
     .flops = no_flops,
     .samples = samples_along_axis},

    {.kind = OpKind::sum,
     .name = "sum",
     .formula = "y = sum of x over axes",
     .summary = "Sum over the given axes, over all without; made in f64 or i64.",
     .operands = {{"x", "[...]", Elements::same}},
     .attributes = {axes_attribute, keepdims_attribute},
     .infer = infer_reduce,
     .gradient = sum_gradient,
     .evaluate = evaluate_sum,
     .units = result_units,
     .flops = operand_flops,
     .samples = samples_of_reduction},
    {.kind = OpKind::mean,
     .name = "mean",
     .formula = "y = mean of x over axes",
     .summary = "Mean over the given axes, over all without; made in f64.",
     .operands = {any_x},
     .attributes = {axes_attribute, keepdims_attribute},
     .infer = infer_reduce,
     .gradient = mean_gradient,
     .evaluate = evaluate_mean,
     .units = result_units,
     .flops = operand_flops,
     .samples = samples_of_reduction},
    {.kind = OpKind::argmax,
     .name = "argmax",
     .formula = "y = index of the first largest of x along axis",
     .summary = "Where the largest value is; NaN wins.",
     .operands = {{"x", "[...]", Elements::same}},
     .attributes = {axis_attribute, keepdims_attribute},
     .infer = infer_argmax,
     .gradient = zero_gradient,
     .evaluate = evaluate_argmax,
     .units = result_units,
     .flops = operand_flops,
     .samples = samples_along_axis},

    {.kind = OpKind::softmax,
     .name = "softmax",
     .formula = "y = exp(x) / sum of exp(x) along axis",
     .summary = "Probabilities along an axis, computed without overflow.",
     .operands = {any_x},
     .attributes = {axis_attribute},
     .infer = infer_softmax,
     .gradient = softmax_gradient,
     .evaluate = evaluate_softmax,
     .units = softmax_units,
     .flops = softmax_flops,
     .samples = samples_along_axis},
    {.kind = OpKind::log_softmax,
     .name = "log_softmax",
     .formula = "y = x - log(sum of exp(x) along axis)",
     .summary = "Logarithm of softmax.",
     .operands = {any_x},
     .attributes = {axis_attribute},
     .infer = infer_softmax,
     .gradient = log_softmax_gradient,
     .evaluate = evaluate_log_softmax,
     .units = softmax_units,
     .flops = softmax_flops,
     .samples = samples_along_axis},
    {.kind = OpKind::softmax_cross_entropy,
     .name = "softmax_cross_entropy",
     .formula = "loss[n] = -log_softmax(logits[n])[labels[n]], then the mean, the sum, or none",
     .summary = "Classification loss from logits and class indices; a label outside the classes gives NaN.",
     .operands = {{"logits", "[N, C]"}, labels_operand},
     .attributes = {reduction_attribute},
     .results = {"loss"},
     .infer = infer_cross_entropy,
     .gradient = cross_entropy_gradient,
     .evaluate = evaluate_cross_entropy,
     .units = loss_units,
     .flops = softmax_flops,
     .samples = samples_of_loss,
     .source = "PyTorch torch.nn.CrossEntropyLoss"},
    {.kind = OpKind::softmax_cross_entropy_backward,
     .name = "softmax_cross_entropy_backward",
     .formula =
         "dlogits[n,c] = (softmax(logits[n])[c] - (c == labels[n])) * dloss, divided by N for the mean",
     .summary = "Gradient of softmax_cross_entropy by its logits.",
     .operands = {{"logits", "[N, C]"}, labels_operand, {"dloss"}},
     .attributes = {reduction_attribute},
     .results = {"dlogits"},
     .infer = infer_cross_entropy_backward,
     .evaluate = evaluate_cross_entropy_backward,
     .units = row_units,
     .flops = softmax_flops,
     .samples = samples_of_loss_gradient},
    {.kind = OpKind::mse_loss,
     .name = "mse_loss",
     .formula = "loss = (x - target)^2, then the mean, the sum, or none",
     .summary = "Squared error.",
     .operands = {any_x, {"target"}},
     .attributes = {reduction_attribute},
     .results = {"loss"},
     .infer = infer_mse,
     .gradient = mse_gradient,
     .evaluate = evaluate_mse,
     .units = loss_units,
     .flops = operand_flops,
     .samples = samples_of_mse,
     .source = "PyTorch torch.nn.MSELoss"},

    {.kind = OpKind::sgd_update,
     .name = "sgd_update",
     .formula = "d = gradient + weight_decay * parameter; velocity' = momentum * velocity + d; parameter' = "
                "parameter - "
                "lr * velocity' (nesterov: lr * (d + momentum * velocity'))",
     .summary = "Stochastic gradient descent; where apply is false nothing changes.",
     .operands = {{"parameter"},
                  {"gradient"},
                  {.name = "lr", .pattern = "[]", .domain = Domain::rate},
                  {.name = "velocity", .optional = true},
                  {.name = "apply", .pattern = "[]", .elements = Elements::boolean, .optional = true}},
     .attributes = {{"momentum", AttrKind::real, "0", 0, 1},
                    {"weight_decay", AttrKind::real, "0", 0},
                    {"nesterov", AttrKind::boolean, "false"}},
     .results = {"parameter'", "velocity'"},
     .infer = infer_sgd_update,
     .evaluate = evaluate_sgd_update,
     .units = element_units,
     .flops = sgd_flops,
     .elementwise = Elementwise::keeps_zeros,
     .in_place = {0, 3},
     .source = "Sutskever et al., ICML 2013; PyTorch torch.optim.SGD"},

    {.kind = OpKind::fusion,
     .name = "fusion",
     .formula = "results = body(operands)",
     .summary = "Several ops that become one kernel; means what its body means.",
     .operands = {{.name = "x", .elements = Elements::any, .variadic = true}},
     .attributes = {{"body", AttrKind::body, ""}},
     .infer = infer_fusion,
     .evaluate = evaluate_fusion,
     .units = one_unit,
     .flops = fusion_flops,
     .samples = samples_of_fusion},
    {.kind = OpKind::slab_loop,
     .name = "slab_loop",
     .formula =
         "results = body(slab 0 of the operands), body(slab 1), ...: joined along the batch, or added up",
     .summary =
         "A run over slabs of the batch, each through all of the body before the next. Operands of the "
         "shape that\nthe body takes are shared; of the others a slab has its part of dimension 0. "
         "Results are joined along dimension 0;\nthose accumulated have a sum for each lane, which has "
         "a run of slabs. The remainder is the body for what is left over.",
     .operands = {{.name = "x", .elements = Elements::any, .variadic = true}},
     .attributes = {{"slab", AttrKind::integer, "", 1, 1LL << 40},
                    {"lanes", AttrKind::integer, "", 1, 1 << 20},
                    {"accumulated", AttrKind::ints, "[]", 0, 1 << 20},
                    {"body", AttrKind::body, ""},
                    {"remainder", AttrKind::body, "none"}},
     .infer = infer_slab_loop,
     .evaluate = evaluate_slab_loop,
     .units = lane_units,
     .flops = slab_loop_flops},
}};

constexpr bool rows_follow_kinds() {
  for (size_t i = 0; i < rows.size(); ++i)
    if (rows[i].kind != static_cast<OpKind>(i)) return false;
  return true;
}
static_assert(rows_follow_kinds(), "the op table's rows stand in the order of OpKind");

}  // namespace
}  // namespace ops

std::span<const OpDef> op_table() { return ops::rows; }
const OpDef& op_def(OpKind kind) { return ops::rows[static_cast<size_t>(kind)]; }

std::optional<OpKind> find_op(std::string_view name) {
  for (const OpDef& op : ops::rows)
    if (op.name == name) return op.kind;
  return std::nullopt;
}

}  // namespace sinter
