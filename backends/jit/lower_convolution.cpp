#include "backends/jit/batch_convolution.h"
#include "backends/jit/batch_lanes.h"
#include "backends/jit/body.h"
#include "backends/jit/channel_convolution.h"
#include "backends/jit/convolution.h"
#include "backends/jit/lower_plain_convolution.h"
#include "backends/jit/lowering.h"
#include "backends/jit/machine.h"
#include "backends/jit/product_form.h"
#include "ir/cost.h"

namespace sinter::jit {
namespace {

constexpr OpKind convolutions[] = {OpKind::conv2d};
constexpr ProductKind forward_kind = {convolutions, "convolution", true};

constexpr double share_of_peak = 0.8;
constexpr double gather_seconds = 4e-9;    // of sixteen elements that lie apart
constexpr double moment_seconds = 1.2e-9;  // of sixteen results, added up for a norm

Convolution size_of_node(const Graph& body, const ProductForm& form) {
  const Node& conv = body.node(form.product);
  return convolution(body.type(conv.operands[0]).shape, body.type(conv.operands[1]).shape,
                     body.type(form.made).shape, conv.attributes);
}

std::vector<Implementation> implementations(const Graph& graph, const Node& node, std::span<const Layout>) {
  const NodeBody own = body_of(graph, node);
  ProductForm form;
  if (refuses_product(own.body, forward_kind, &form)) return {};
  const Convolution size = size_of_node(own.body, form);
  const double filled = static_cast<double>(batch_blocks(size.n) * vector_size) / static_cast<double>(size.n);
  const Cost least = cost(graph, node);
  const double seconds = filled * (2 * size.multiply_adds() / (share_of_peak * flops_per_second()) +
                                   least.bytes / bytes_per_second) +
                         call_seconds;
  std::vector<Implementation> ways;
  for (const bool plain_x : {false, true}) {
    Implementation way{{}, {}, seconds};
    for (const ValueId id : node.operands) {
      const bool is_x = id.valid() && id == own.operands[0];
      const bool samples = id.valid() && graph.type(id).shape.size() == 4 &&
                           graph.type(id).shape[0].size == size.n && id != own.operands[1];
      way.operands.push_back(samples && !(is_x && plain_x) ? batch_blocked(4) : Layout{});
    }
    for (const ValueId id : node.results)
      way.results.push_back(graph.type(id).shape.size() == 4 ? batch_blocked(4) : Layout{});
    if (plain_x)
      way.seconds += gather_seconds * static_cast<double>(batch_blocks(size.n) * size.c * size.h * size.w);
    ways.push_back(std::move(way));
  }
  const double unavoidable = least.bytes / bytes_per_second + call_seconds;
  std::ranges::move(channel_convolution_ways(node, own.body, form, forward_product(size), unavoidable),
                    std::back_inserter(ways));
  if (form.norm) {
    const double vectors = static_cast<double>(element_count(own.body.type(form.made).shape)) / vector_size;
    for (Implementation& way : ways) way.seconds += vectors * moment_seconds + call_seconds;
    return ways;
  }
  ways.push_back({std::vector<Layout>(node.operands.size()), std::vector<Layout>(node.results.size()),
                  plain_convolution_seconds(forward_product(size)) + unavoidable});
  return ways;
}

Lowered lower(const Graph& graph, const Node& node, const CpuTarget& cpu) {
  const Layout& layout = graph.type(node.results[0]).layout;
  const NodeBody own = body_of(graph, node);
  ProductForm form;
  refuses_product(own.body, forward_kind, &form);
  const Convolution size = size_of_node(own.body, form);
  if (layout == batch_blocked(4)) return batch_convolution(graph, node, cpu, form, {size});
  const PlaneProduct product = forward_product(size);
  return layout.is_plain() ? Lowered{{plain_convolution(graph, node, cpu, form, product)}, 0}
                           : channel_convolution(graph, node, cpu, form, product);
}

}  // namespace

std::optional<std::string> refuses_convolution_body(const Graph& body) {
  return refuses_product(body, forward_kind, nullptr);
}

const Lowering convolution_lowering = {implementations, lower};

}  // namespace sinter::jit
