#include "ir/ops/shape_ops.h"

#include <algorithm>
#include <cstring>

#include "ir/build.h"
#include "ir/ops/axis.h"
#include "ir/ops/elementwise.h"
#include "ir/ops/walk.h"

namespace sinter::ops {

std::vector<Type> infer_flatten(const Inference& in) {
  const Shape& x = in[0].shape;
  if (x.empty()) return {{in[0].dtype, {1}, {}}};
  const size_t start = resolve_axis(in, in.attributes().integer("start_dim"), x.size());
  const size_t end = resolve_axis(in, in.attributes().integer("end_dim"), x.size());
  if (start > end) in.reject(fmt::format("start_dim {} lies after end_dim {}", start, end));
  Shape y(x.begin(), x.begin() + start);
  if (start == end) {
    y.push_back(x[start]);
  } else {
    std::vector<int64_t> joined;
    for (size_t i = start; i <= end; ++i) {
      if (x[i].is_symbol())
        in.reject(fmt::format("dimension {} is the symbol {} and cannot be joined", i, x[i].symbol));
      joined.push_back(x[i].size);
    }
    y.push_back(checked_product(joined));
  }
  y.insert(y.end(), x.begin() + end + 1, x.end());
  return {{in[0].dtype, std::move(y), {}}};
}

// -1 stands for what is left over; where x has one symbol, that may be the symbol.
std::vector<Type> infer_reshape(const Inference& in) {
  const Ints& wanted = in.attributes().ints("shape");
  const auto open = std::ranges::count(wanted, -1);
  if (open > 1) in.reject("more than one -1 in shape");
  int64_t known = 1, have = 1;
  const Dim* symbol = nullptr;
  for (const int64_t size : wanted)
    if (size >= 0) known = checked_product(std::vector{known, size});
  for (const Dim& dim : in[0].shape) {
    if (dim.is_symbol() && symbol) in.reject("x has more than one symbol");
    if (dim.is_symbol())
      symbol = &dim;
    else
      have = checked_product(std::vector{have, dim.size});
  }
  const bool fits =
      open ? known > 0 && have % known == 0 && (!symbol || have == known) : !symbol && have == known;
  if (!fits)
    in.reject(fmt::format("x does not fill shape [{}]", fmt::join(wanted, ", ")),
              "as many elements as x has");
  Shape y;
  for (const int64_t size : wanted) y.push_back(size >= 0 ? Dim(size) : symbol ? *symbol : Dim(have / known));
  return {{in[0].dtype, std::move(y), {}}};
}

std::vector<Type> infer_transpose(const Inference& in) {
  const Ints& permutation = in.attributes().ints("permutation");
  Ints sorted = permutation;
  std::ranges::sort(sorted);
  bool valid = sorted.size() == in[0].shape.size();
  for (size_t i = 0; valid && i < sorted.size(); ++i) valid = sorted[i] == static_cast<int64_t>(i);
  if (!valid)
    in.reject(fmt::format("[{}] is no permutation of x's {} dimensions", fmt::join(permutation, ", "),
                          in[0].shape.size()));
  Shape y;
  for (const int64_t from : permutation) y.push_back(in[0].shape[from]);
  return {{in[0].dtype, std::move(y), {}}};
}

std::vector<Type> infer_broadcast_to(const Inference& in) {
  const Ints& shape = in.attributes().ints("shape");
  Shape y(shape.begin(), shape.end());
  if (!broadcasts_to(in[0].shape, y)) in.reject(fmt::format("x does not broadcast to {}", to_string(y)));
  return {{in[0].dtype, std::move(y), {}}};
}

OperandGradients reshape_gradient(const Differentiation& d) {
  return {reshape(*d.gradients[0], sizes(d.x(0).shape()))};
}

OperandGradients transpose_gradient(const Differentiation& d) {
  const Ints& permutation = d.attributes.ints("permutation");
  Ints inverse(permutation.size());
  for (size_t i = 0; i < permutation.size(); ++i) inverse[permutation[i]] = static_cast<int64_t>(i);
  return {transpose(*d.gradients[0], inverse)};
}

OperandGradients reorder_gradient(const Differentiation& d) { return {*d.gradients[0]}; }

OperandGradients broadcast_to_gradient(const Differentiation& d) {
  return {sum_to_shape_of(*d.gradients[0], d.x(0))};
}

void evaluate_copy(const Evaluation& e, int64_t begin, int64_t end) {
  const TensorView &x = e.operands[0], &y = e.results[0];
  const int64_t first = begin * elements_per_unit, last = std::min(y.count, end * elements_per_unit);
  if (x.data == y.data || first >= last) return;
  const int64_t size = size_of(y.dtype);
  std::memcpy(y.as<std::byte>() + first * size, x.as<std::byte>() + first * size, (last - first) * size);
}

namespace {

template <size_t Size>
void copy_walked(const TensorView& x, const TensorView& y, Walk walk, int64_t first, int64_t last) {
  for (int64_t i = first; i < last; ++i, walk.next())
    std::memcpy(y.as<std::byte>() + i * Size, x.as<std::byte>() + walk.offset() * Size, Size);
}

// Moves elements of any type: only their size counts.
void copy_walked(const TensorView& x, const TensorView& y, const Walk& walk, int64_t first, int64_t last) {
  switch (size_of(y.dtype)) {
    case 1:
      return copy_walked<1>(x, y, walk, first, last);
    case 2:
      return copy_walked<2>(x, y, walk, first, last);
    case 4:
      return copy_walked<4>(x, y, walk, first, last);
    default:
      return copy_walked<8>(x, y, walk, first, last);
  }
}

}  // namespace

void evaluate_transpose(const Evaluation& e, int64_t begin, int64_t end) {
  const TensorView &x = e.operands[0], &y = e.results[0];
  const int64_t first = begin * elements_per_unit, last = std::min(y.count, end * elements_per_unit);
  const Ints& permutation = e.attributes.ints("permutation");
  std::array<int64_t, max_rank> of_x{}, of_y{};
  int64_t step = 1;
  for (size_t d = x.shape.size(); d-- > 0; step *= x.dim(d)) of_x[d] = step;
  for (size_t d = 0; d < permutation.size(); ++d) of_y[d] = of_x[permutation[d]];
  copy_walked(x, y, Walk::strided(y.shape, std::span(of_y).first(y.shape.size()), first), first, last);
}

void evaluate_broadcast_to(const Evaluation& e, int64_t begin, int64_t end) {
  const TensorView &x = e.operands[0], &y = e.results[0];
  const int64_t first = begin * elements_per_unit, last = std::min(y.count, end * elements_per_unit);
  copy_walked(x, y, Walk(y.shape, x.shape, first), first, last);
}

double no_flops(const Attributes&, std::span<const std::optional<Type>>, std::span<const Type>) { return 0; }

}  // namespace sinter::ops
