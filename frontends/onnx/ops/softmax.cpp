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

constexpr std::array<Op, 2> rows = {{
    {"Softmax", {1, 11, 13}, along_axis<softmax>},
    {"LogSoftmax", {1, 11, 13}, along_axis<log_softmax>},
}};

}  // namespace

std::span<const Op> softmax_ops() { return rows; }

}  // namespace sinter::onnx
