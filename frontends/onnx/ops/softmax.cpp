#include <array>

#include "frontends/onnx/expressions.h"
#include "frontends/onnx/op_table.h"

namespace sinter::onnx {
namespace {

// Before opset 13 all dimensions from `axis` on are one.
template <Value (*build)(Value, const AxisOptions&)>
void along_axis(NodeImport& in) {
  const Value x = in.value(0);
  const Shape shape = x.shape();
  const size_t axis = in.axis(in.integer("axis", in.version() >= 13 ? -1 : 1), shape.size());
  if (in.version() >= 13 || axis + 1 == shape.size())
    return in.result(0, build(x, {.axis = static_cast<int64_t>(axis)}));
  Shape joined(shape.begin(), shape.begin() + static_cast<int64_t>(axis));
  joined.emplace_back(-1);
  in.result(0, reshape_to(build(reshape_to(x, joined), {.axis = static_cast<int64_t>(axis)}), shape));
}

// One where the first of the largest is.
Value hardmax(Value x, const AxisOptions& along) {
  const auto axis = static_cast<size_t>(along.axis);
  const int64_t size = known_size(x, axis, "Hardmax");
  const Value index = counting(x.graph(), DType::i64, size, axis, x.shape().size());
  const Value largest = argmax(x, {.axis = along.axis, .keepdims = true});
  return select(compare(index, largest, "eq"), like(x, 1), like(x, 0));
}

constexpr std::array<Op, 3> rows = {{
    {"Softmax", {1, 11, 13}, along_axis<softmax>},
    {"LogSoftmax", {1, 11, 13}, along_axis<log_softmax>},
    {"Hardmax", {1, 11, 13}, along_axis<hardmax>, {}, {}, "", true},
}};

}  // namespace

std::span<const Op> softmax_ops() { return rows; }

}  // namespace sinter::onnx
