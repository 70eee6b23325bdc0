#include <array>

#include "frontends/onnx/expressions.h"
#include "frontends/onnx/op_table.h"

namespace sinter::onnx {
namespace {

// As a linear layer where it is one; its bias is one number for each column then.
void gemm(NodeImport& in) {
  const Value a = in.value(0), b = in.value(1);
  const double alpha = in.real("alpha", 1), beta = in.real("beta", 1);
  const bool transpose_a = in.flag("transA", false), transpose_b = in.flag("transB", false);
  in.attribute("broadcast");
  if (a.shape().size() != 2 || b.shape().size() != 2)
    in.reject(
        fmt::format("a is {}, b {}; expected two dimensions each", to_string(a.type()), to_string(b.type())));
  const OptionalValue c = in.optional_value(2);
  const bool plain = alpha == 1 && beta == 1 && !transpose_a && transpose_b;
  const bool row = c && !c->shape().empty() && c->shape().back() == b.shape()[transpose_b ? 0 : 1] &&
                   (c->shape().size() == 1 || c->shape()[0] == Dim(1));
  if (plain && (!c || row)) {
    const OptionalValue bias = c ? OptionalValue(reshape_to(*c, {c->shape().back()})) : std::nullopt;
    return in.result(0, linear(a, b, bias));
  }
  Value y = !transpose_a && transpose_b
                ? linear(a, b)
                : matmul(a, b, {.transpose_a = transpose_a, .transpose_b = transpose_b});
  const Shape shape = y.shape();
  if (alpha != 1) y = alpha * y;
  if (c) y = y + (beta == 1 ? *c : beta * *c);
  if (y.shape() != shape)
    in.reject(fmt::format("c is {}, which does not broadcast to {}", to_string(c->type()), to_string(shape)));
  in.result(0, y);
}

// A vector is a matrix of one row, or of one column behind.
void mat_mul(NodeImport& in) {
  Value a = in.value(0), b = in.value(1);
  if (a.shape().empty() || b.shape().empty()) in.reject("a scalar; expected vectors or matrices");
  const bool row = a.shape().size() == 1, column = b.shape().size() == 1;
  if (row) a = insert_axis(a, 0);
  if (column) b = insert_axis(b, 1);
  Value y = matmul(a, b);
  if (column) y = remove_axis(y, y.shape().size() - 1);
  if (row) y = remove_axis(y, y.shape().size() - (column ? 1 : 2));
  in.result(0, y);
}

constexpr std::array<Op, 2> rows = {{
    {"Gemm", {6, 7, 9, 11, 13}, gemm, {1, 2}},
    {"MatMul", {1, 9, 13}, mat_mul, {1}},
}};

}  // namespace

std::span<const Op> matrix_ops() { return rows; }

}  // namespace sinter::onnx
