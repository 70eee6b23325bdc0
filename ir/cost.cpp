#include "ir/cost.h"

#include "ir/ops/window.h"

namespace sinter {
namespace {

// Taps of all windows along one dimension that lie in the image, over all taps.
double share_inside(const ops::Slide& slide) {
  int64_t inside = 0;
  for (int64_t k = 0; k < slide.kernel; ++k) inside += std::max<int64_t>(0, slide.last(k) - slide.first(k));
  return static_cast<double>(inside) / static_cast<double>(slide.output * slide.kernel);
}

// Of a convolution between these three, whichever of them its gradients make.
double padding_flops(const Attributes& attributes, const Type& x, const Type& weight, const Type& y) {
  const Ints image = sizes(x.shape), kernel = sizes(weight.shape), result = sizes(y.shape);
  const ops::Window window =
      ops::window(image, result, kernel[2], kernel[3],
                  {attributes.ints("stride"), attributes.ints("padding"), attributes.ints("dilation")});
  const double taps = static_cast<double>(element_count(y.shape) * kernel[1] * kernel[2] * kernel[3]);
  return 2 * taps * (1 - share_inside(window.h) * share_inside(window.w));
}

}  // namespace

Cost cost(const Graph& graph, const Node& node) {
  std::vector<std::optional<Type>> operands;
  std::vector<Type> results;
  Cost total;
  const auto count = [&](const Type& type) {
    total.bytes += per_sample_count(type.shape) * static_cast<double>(size_of(type.dtype));
  };
  for (const ValueId id : node.operands) {
    operands.push_back(id.valid() ? std::optional(graph.type(id)) : std::nullopt);
    if (id.valid()) count(graph.type(id));
  }
  for (const ValueId id : node.results) {
    results.push_back(graph.type(id));
    count(results.back());
  }
  total.flops = op_def(node.op).flops(node.attributes, operands, results);
  return total;
}

double padding_flops(const Graph& graph, const Node& node) {
  const auto operand = [&](size_t i) -> const Type& { return graph.type(node.operands[i]); };
  const auto result = [&]() -> const Type& { return graph.type(node.results[0]); };
  if (node.op == OpKind::conv2d) return padding_flops(node.attributes, operand(0), operand(1), result());
  if (node.op == OpKind::conv2d_backward_data)
    return padding_flops(node.attributes, result(), operand(1), operand(0));
  if (node.op == OpKind::conv2d_backward_weights)
    return padding_flops(node.attributes, operand(0), result(), operand(1));
  double sum = 0;
  if (node.op == OpKind::fusion)
    for (const Node& inner : node.attributes.body().nodes())
      sum += padding_flops(node.attributes.body(), inner);
  return sum;
}

}  // namespace sinter
