#include "ir/ops/joining.h"

#include <algorithm>
#include <cstring>

#include "ir/build.h"
#include "ir/ops/axis.h"

namespace sinter::ops {
namespace {

int64_t product(std::span<const int64_t> sizes) {
  int64_t count = 1;
  for (const int64_t size : sizes) count *= size;
  return count;
}

size_t axis_of(const Attributes& attributes, const TensorView& x) {
  return resolved_axis(attributes.integer("axis"), x.shape.size());
}

// How a tensor lies around an axis: outer runs of `size` pieces of `bytes` each.
struct Runs {
  int64_t size, bytes;

  Runs(const TensorView& x, size_t axis)
      : size(x.dim(axis)), bytes(product(x.shape.subspan(axis + 1)) * size_of(x.dtype)) {}
  std::byte* piece(const TensorView& x, int64_t outer, int64_t i) const {
    return x.as<std::byte>() + (outer * size + i) * bytes;
  }
};

Dim whole_axis(const Inference& in, size_t axis) {
  if (in[0].shape.empty()) in.reject("a scalar has no axis");
  const Dim& size = in[0].shape[axis];
  if (size.is_symbol())
    in.reject(fmt::format("dimension {} is the symbol {}; a slice needs a number", axis, size.symbol));
  return size;
}

// Elements start, start + step, ... below end: how many.
int64_t slice_count(const Inference& in, int64_t size) {
  const Attributes& a = in.attributes();
  const int64_t start = a.integer("start"), end = a.integer("end"), step = a.integer("step");
  if (start >= end || end > size)
    in.reject(fmt::format("elements {} to {} of a dimension of {}", start, end, size),
              "start < end <= size of the axis");
  return (end - start + step - 1) / step;
}

std::vector<Attributes::Named> slice_attributes(int64_t axis, int64_t start, int64_t end, int64_t step) {
  return {{"axis", axis}, {"start", start}, {"end", end}, {"step", step}};
}

}  // namespace

std::vector<Type> infer_concat(const Inference& in) {
  if (in.operand_count() == 0) in.reject("nothing to join");
  if (in[0].shape.empty()) in.reject("scalars have no axis to be joined along");
  const size_t axis = resolve_axis(in, in.attributes().integer("axis"), in[0].shape.size());
  Shape y = in[0].shape;
  int64_t total = 0;
  for (size_t i = 0; i < in.operand_count(); ++i) {
    const Shape& x = in[i].shape;
    bool fits = x.size() == y.size();
    for (size_t d = 0; fits && d < y.size(); ++d) fits = d == axis || x[d] == y[d];
    if (!fits)
      in.reject(fmt::format("operand {} is {}, the first {}", i, to_string(x), to_string(in[0].shape)),
                fmt::format("all dimensions but {} are the same", axis));
    if (x[axis].is_symbol())
      in.reject(fmt::format("dimension {} of operand {} is the symbol {}; joining needs a number", axis, i,
                            x[axis].symbol));
    total += x[axis].size;
  }
  y[axis] = total;
  return {{in[0].dtype, std::move(y), {}}};
}

std::vector<Type> infer_slice(const Inference& in) {
  const size_t axis =
      in[0].shape.empty() ? 0 : resolve_axis(in, in.attributes().integer("axis"), in[0].shape.size());
  Shape y = in[0].shape;
  const Dim size = whole_axis(in, axis);
  y[axis] = slice_count(in, size.size);
  return {{in[0].dtype, std::move(y), {}}};
}

std::vector<Type> infer_slice_backward(const Inference& in) {
  const size_t axis =
      in[0].shape.empty() ? 0 : resolve_axis(in, in.attributes().integer("axis"), in[0].shape.size());
  const Dim count = whole_axis(in, axis);
  const int64_t size = in.attributes().integer("size"), expected = slice_count(in, size);
  if (count != Dim(expected))
    in.reject(
        fmt::format("dy has {} elements along the axis where the slice has {}", to_string(count), expected));
  Shape x = in[0].shape;
  x[axis] = size;
  return {{in[0].dtype, std::move(x), {}}};
}

OperandGradients concat_gradient(const Differentiation& d) {
  const size_t axis = resolved_axis(d.attributes.integer("axis"), d.x(0).shape().size());
  OperandGradients gradients;
  int64_t at = 0;
  for (size_t i = 0; i < d.operands.size(); ++i) {
    const int64_t size = d.x(i).shape()[axis].size;
    if (size > 0)
      gradients.emplace_back(apply(OpKind::slice, {*d.gradients[0]},
                                   slice_attributes(static_cast<int64_t>(axis), at, at + size, 1)));
    else
      gradients.emplace_back();  // it has no elements
    at += size;
  }
  return gradients;
}

OperandGradients slice_gradient(const Differentiation& d) {
  const size_t axis = resolved_axis(d.attributes.integer("axis"), d.x(0).shape().size());
  auto named = d.attributes.named();
  named.emplace_back("size", d.x(0).shape()[axis].size);
  return {apply(OpKind::slice_backward, {*d.gradients[0]}, named)};
}

OperandGradients slice_backward_gradient(const Differentiation& d) {
  const Attributes& a = d.attributes;
  return {
      apply(OpKind::slice, {*d.gradients[0]},
            slice_attributes(a.integer("axis"), a.integer("start"), a.integer("end"), a.integer("step")))};
}

int64_t outer_units(const Evaluation& e) {
  const TensorView& y = e.results[0];
  return product(y.shape.first(axis_of(e.attributes, y)));
}

void evaluate_concat(const Evaluation& e, int64_t begin, int64_t end) {
  const TensorView& y = e.results[0];
  const size_t axis = axis_of(e.attributes, y);
  const Runs to(y, axis);
  for (int64_t outer = begin; outer < end; ++outer) {
    int64_t at = 0;
    for (const TensorView& x : e.operands) {
      const Runs from(x, axis);
      if (from.size > 0 && to.bytes > 0)
        std::memcpy(to.piece(y, outer, at), from.piece(x, outer, 0), from.size * from.bytes);
      at += from.size;
    }
  }
}

void evaluate_slice(const Evaluation& e, int64_t begin, int64_t end) {
  const TensorView &x = e.operands[0], &y = e.results[0];
  const size_t axis = axis_of(e.attributes, y);
  const Runs from(x, axis), to(y, axis);
  const int64_t start = e.attributes.integer("start"), step = e.attributes.integer("step");
  if (to.bytes == 0) return;
  for (int64_t outer = begin; outer < end; ++outer) {
    if (step == 1)
      std::memcpy(to.piece(y, outer, 0), from.piece(x, outer, start), to.size * to.bytes);
    else
      for (int64_t i = 0; i < to.size; ++i)
        std::memcpy(to.piece(y, outer, i), from.piece(x, outer, start + i * step), to.bytes);
  }
}

void evaluate_slice_backward(const Evaluation& e, int64_t begin, int64_t end) {
  const TensorView &dy = e.operands[0], &dx = e.results[0];
  const size_t axis = axis_of(e.attributes, dx);
  const Runs from(dy, axis), to(dx, axis);
  const int64_t start = e.attributes.integer("start"), step = e.attributes.integer("step");
  if (to.bytes == 0) return;
  for (int64_t outer = begin; outer < end; ++outer) {
    std::memset(to.piece(dx, outer, 0), 0, to.size * to.bytes);
    for (int64_t i = 0; i < from.size; ++i)
      std::memcpy(to.piece(dx, outer, start + i * step), from.piece(dy, outer, i), to.bytes);
  }
}

}  // namespace sinter::ops
