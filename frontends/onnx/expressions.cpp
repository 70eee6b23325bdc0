#include "frontends/onnx/expressions.h"

#include <algorithm>
#include <numeric>

namespace sinter::onnx {
namespace {

// The one dimension that fills `shape` up to what x has.
Dim left_over(const Shape& x, const Shape& shape) {
  std::vector<std::string> symbols;
  int64_t have = 1, known = 1;
  for (const Dim& dim : x) {
    if (dim.is_symbol())
      symbols.push_back(dim.symbol);
    else
      have = checked_product(std::vector{have, dim.size});
  }
  for (const Dim& dim : shape) {
    if (dim == Dim(-1)) continue;
    if (!dim.is_symbol())
      known = checked_product(std::vector{known, dim.size});
    else if (const auto found = std::ranges::find(symbols, dim.symbol); found != symbols.end())
      symbols.erase(found);
  }
  const bool fits =
      known > 0 && have % known == 0 && symbols.size() <= 1 && (symbols.empty() || have == known);
  if (!fits) fail_input("a value of shape {} does not fill shape {}", to_string(x), to_string(shape));
  return symbols.empty() ? Dim(have / known) : Dim(symbols[0]);
}

// One truth for each index of a symbol, as dimension `axis` of `rank`: of an input that has the symbol. Which
// truths they are is left open.
Value along_symbol(Graph& graph, const Dim& symbol, size_t axis, size_t rank) {
  for (const ValueId id : graph.inputs()) {
    Value x = graph.value(id);
    const Shape shape = x.shape();
    const auto found = std::ranges::find(shape, symbol);
    if (found == shape.end()) continue;
    Ints other_symbols;
    for (size_t i = 0; i < shape.size(); ++i)
      if (!shape[i].is_symbol())
        x = element(x, i, 0);
      else if (shape.begin() + static_cast<int64_t>(i) != found)
        other_symbols.push_back(static_cast<int64_t>(i));
    if (!is_floating(x.dtype())) x = cast(x, DType::f32);
    if (!other_symbols.empty()) x = sum(x, {.axes = other_symbols, .keepdims = true});
    Shape line(rank, Dim(1));
    line[axis] = symbol;
    x = reshape_to(x, line);
    return compare(x, x, "eq");
  }
  fail_input("no input has the symbol {}", symbol.symbol);
}

// x where all that is widened has a number: broadcast, or chosen from itself by truths of the new shape.
Value widened(Value x, const Shape& shape) {
  constexpr int64_t largest = int64_t{1} << 40;
  if (is_concrete(shape)) {
    const Type type{x.dtype(), shape};
    if (type.bytes() > largest)
      fail_input("a value of {}, {} bytes, is more than {}", to_string(type), type.bytes(), largest);
    return broadcast_to(x, sizes(shape));
  }
  Ints wide(shape.size(), 1);
  for (size_t i = 0; i < shape.size(); ++i)
    if (shape[i] != x.shape()[i]) wide[i] = shape[i].size;
  return select(x.graph().constant(filled(DType::boolean, wide, 1)), x, x);
}

}  // namespace

Value like(Value x, double number) { return x.graph().scalar(x.dtype(), number); }

Value reshape_to(Value x, const Shape& shape) {
  Shape target = shape;
  if (shape.size() > max_rank)
    fail_input("{} dimensions, {}; at most {} are supported", shape.size(), to_string(shape), max_rank);
  if (std::ranges::count(target, Dim(-1)) > 1) fail_input("more than one -1 in shape {}", to_string(shape));
  for (Dim& dim : target)
    if (dim == Dim(-1)) dim = left_over(x.shape(), shape);
  if (target == x.shape()) return x;
  Ints ints;
  for (const Dim& dim : target) ints.push_back(dim.is_symbol() ? -1 : dim.size);
  return reshape(x, ints);
}

Value insert_axis(Value x, size_t axis) {
  Shape shape = x.shape();
  shape.insert(shape.begin() + static_cast<int64_t>(axis), Dim(1));
  return reshape_to(x, shape);
}

Value remove_axis(Value x, size_t axis) {
  Shape shape = x.shape();
  shape.erase(shape.begin() + static_cast<int64_t>(axis));
  return reshape_to(x, shape);
}

Value part(Value x, size_t axis, int64_t begin, int64_t end, int64_t step) {
  if (begin == 0 && step == 1 && Dim(end) == x.shape()[axis]) return x;
  return slice(x, {.axis = static_cast<int64_t>(axis), .start = begin, .end = end, .step = step});
}

Value joined(std::vector<Value> values, size_t axis) {
  constexpr size_t most_operands = 32;
  while (values.size() > 1) {
    std::vector<Value> fewer;
    for (size_t at = 0; at < values.size(); at += most_operands) {
      const std::vector<Value> some(
          values.begin() + static_cast<int64_t>(at),
          values.begin() + static_cast<int64_t>(std::min(at + most_operands, values.size())));
      fewer.push_back(some.size() == 1 ? some[0] : concat(some, static_cast<int64_t>(axis)));
    }
    values = std::move(fewer);
  }
  return values[0];
}

// As the pool of columns: the reduced dimensions last and joined.
Value largest(Value x, const Ints& axes) {
  const Shape before = x.shape();
  if (before.empty()) return x;
  const DType dtype = x.dtype();
  if (dtype != DType::f64) x = as_type(x, is_integer(dtype) && size_of(dtype) > 2 ? DType::f64 : DType::f32);
  Ints kept, reduced;
  Shape kept_shape = before;
  Dim batch = 1;  // a symbol is not joined with others
  int64_t planes = 1, count = 1;
  for (size_t i = 0; i < before.size(); ++i) {
    const auto axis = static_cast<int64_t>(i);
    if (!axes.empty() && std::ranges::find(axes, axis) == axes.end()) {
      if (kept.empty())
        batch = before[i];
      else
        planes = checked_product(std::vector{planes, known_size(x, i, "a maximum")});
      kept.push_back(axis);
      continue;
    }
    reduced.push_back(axis);
    count = checked_product(std::vector{count, known_size(x, i, "a maximum")});
    kept_shape[i] = 1;
  }
  Ints order = kept;
  order.insert(order.end(), reduced.begin(), reduced.end());
  if (!std::ranges::is_sorted(order)) x = transpose(x, order);
  x = reshape_to(x, {batch, planes, count, 1});
  return as_type(reshape_to(max_pool2d(x, {.kernel_size = {count, 1}}), kept_shape), dtype);
}

Value smallest(Value x, const Ints& axes) { return like(x, 0) - largest(like(x, 0) - x, axes); }

Value zeros_around(Value x, size_t axis, int64_t before, int64_t behind) {
  if (before == 0 && behind == 0) return x;
  const int64_t size = known_size(x, axis, "padding");
  return apply(OpKind::slice_backward, {x},
               {{"axis", static_cast<int64_t>(axis)},
                {"start", before},
                {"end", before + size},
                {"size", before + size + behind}});
}

Value absolute(Value x) { return maximum(x, like(x, 0) - x); }

Value as_type(Value x, DType dtype) { return x.dtype() == dtype ? x : cast(x, dtype); }

Value expanded(Value x, const Shape& target) {
  const Shape wanted = broadcast(x.shape(), target);
  const size_t rank = wanted.size();
  Shape shape(rank - x.shape().size(), Dim(1));
  shape.insert(shape.end(), x.shape().begin(), x.shape().end());
  Shape numbers = shape;
  for (size_t i = 0; i < rank; ++i)
    if (!wanted[i].is_symbol()) numbers[i] = wanted[i];
  if (numbers == shape || !is_concrete(numbers)) x = reshape_to(x, shape);
  if (numbers != shape) x = widened(x, numbers);
  for (size_t i = 0; i < rank; ++i)
    if (wanted[i] != numbers[i]) x = select(along_symbol(x.graph(), wanted[i], i, rank), x, x);
  return x;
}

int64_t known_size(Value x, size_t axis, std::string_view what) {
  const Dim& dim = x.shape()[axis];
  if (dim.is_symbol()) fail_input("dimension {} is the symbol {}; {} needs a number", axis, dim.symbol, what);
  return dim.size;
}

int64_t known_depth(Value x, size_t axis, std::string_view what) {
  constexpr int64_t most = 4096;
  const int64_t size = known_size(x, axis, what);
  if (size > most) fail_input("dimension {} is {}; {} takes at most {}", axis, size, what, most);
  return size;
}

Tensor filled(DType dtype, Ints shape, double number) {
  constexpr int64_t most = int64_t{1} << 27;
  const int64_t count = checked_product(shape);
  if (count > most)
    fail_input("a constant of shape [{}], {} elements; at most {} are made when a model is read",
               fmt::join(shape, ", "), count, most);
  Tensor tensor(dtype, std::move(shape));
  dispatch_numeric(dtype,
                   [&]<typename T>() { std::ranges::fill(tensor.values<T>(), static_cast<T>(number)); });
  return tensor;
}

Value counting(Graph& graph, DType dtype, int64_t size, size_t axis, size_t rank) {
  Ints shape(rank, 1);
  shape[axis] = size;
  Tensor tensor = filled(dtype, shape, 0);
  for (int64_t i = 0; i < size; ++i) tensor.set(i, static_cast<double>(i));
  return graph.constant(std::move(tensor));
}

}  // namespace sinter::onnx
