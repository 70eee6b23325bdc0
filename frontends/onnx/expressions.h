#pragma once

#include "ir/build.h"

/// What several ops are composed of.
namespace sinter::onnx {

/// A scalar of x's element type.
Value like(Value x, double number);
/// x in another shape, symbols included: those of x stay, and one Dim(-1) is what is left over. x itself
/// where it has that shape. Throws InputError where the elements do not fit or two symbols are to move.
Value reshape_to(Value x, const Shape& shape);
/// One dimension of size 1 more, before dimension `axis`.
Value insert_axis(Value x, size_t axis);
/// Without dimension `axis`, whose size is 1.
Value remove_axis(Value x, size_t axis);
/// x[.., begin:end:step, ..] along an axis.
Value part(Value x, size_t axis, int64_t begin, int64_t end, int64_t step = 1);
/// The values one behind the other along an axis; many by nodes of nodes, of which backends take some
/// operands only.
Value joined(std::vector<Value> values, size_t axis);
/// Element i along an axis, which stays with size 1.
inline Value element(Value x, size_t axis, int64_t i) { return part(x, axis, i, i + 1); }
/// The largest over the axes, which stay with size 1; all without.
Value largest(Value x, const Ints& axes);
Value smallest(Value x, const Ints& axes);
/// Zeros before and behind x along an axis.
Value zeros_around(Value x, size_t axis, int64_t before, int64_t behind);
Value absolute(Value x);
/// x of another element type; x itself where it has that.
Value as_type(Value x, DType dtype);
/// x broadcast to a shape, symbols included, whose sizes come from an input of the graph that has them.
/// Throws InputError where x does not broadcast.
Value expanded(Value x, const Shape& target);
/// The size of a dimension. Throws InputError where it is a symbol; `what` says what needs it.
int64_t known_size(Value x, size_t axis, std::string_view what);
/// As known_size, of a dimension whose elements become nodes one by one: at most 4096.
int64_t known_depth(Value x, size_t axis, std::string_view what);
/// The same number in every element. Throws InputError for more than 2^27 elements.
Tensor filled(DType dtype, Ints shape, double number);
/// 0, 1, .. size - 1, as dimension `axis` of `rank`, the others 1.
Value counting(Graph& graph, DType dtype, int64_t size, size_t axis, size_t rank);

}  // namespace sinter::onnx
