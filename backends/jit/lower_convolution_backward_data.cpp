#include "backends/jit/batch_convolution.h"
#include "backends/jit/body_kernel.h"
#include "backends/jit/channel_convolution.h"
#include "backends/jit/convolution.h"
#include "backends/jit/data_sums.h"
#include "backends/jit/lower_plain_convolution.h"
#include "backends/jit/lowering.h"
#include "backends/jit/machine.h"
#include "backends/jit/product_form.h"
#include "backends/jit/tile_shape.h"
#include "ir/cost.h"

namespace sinter::jit {
namespace {

constexpr OpKind gradients[] = {OpKind::conv2d_backward_data};
constexpr ProductKind backward_data_kind = {gradients, "convolution's gradient by data"};

std::optional<ProductForm> backward_data_form(const Graph& body, std::string* why = nullptr) {
  ProductForm form;
  const auto refused = refuses_product(body, backward_data_kind, &form);
  if (refused && why != nullptr) *why = *refused;
  return refused ? std::nullopt : std::optional(form);
}

Convolution size_of_node(const Graph& graph, const Node& node) {
  return convolution(graph.type(node.results[0]).shape, graph.type(node.operands[1]).shape,
                     graph.type(node.operands[0]).shape, node.attributes);
}

class BackwardDataWriter {
 public:
  BackwardDataWriter(const Graph& graph, const Node& node, const CpuTarget& cpu)
      : kernel_(graph, node),
        form_(*backward_data_form(kernel_.body())),
        product_(kernel_.body().node(form_.product)),
        size_(size_of_node(kernel_.body(), product_)),
        dy_(kernel_.samples(product_.operands[0])),
        sums_(kernel_.k, size_, kernel_.buffer(product_.operands[1]), cpu) {}

  Kernel write() {
    const auto at =
        kernel_.k.parallel({{"block", batch_blocks(size_.n)}, {"ct", tile_count(size_.c, sums_.channels())}});
    const auto dy = [&](const Index& o, const Index& y, const Index& x) {
      return dy_.load(at[0], {o, y, x});
    };
    const auto store = [&](const Expr& sum, const Index& c, const Index& row, const Index& column) {
      write_epilogue(kernel_.k, kernel_.body(), form_.made, sum, kernel_.samples_at(at[0], {c, row, column}));
    };
    for_own_tile(kernel_.k, at[1], size_.c, sums_.channels(),
                 [&](Index c, int64_t channels) { sums_.write(c, channels, {}, dy, store); });
    return kernel_.finish();
  }

 private:
  BodyKernel kernel_;
  ProductForm form_;
  const Node& product_;
  Convolution size_;
  BatchValue dy_;
  DataSums sums_;
};

std::vector<Implementation> implementations(const Graph& graph, const Node& node, std::span<const Layout>) {
  const NodeBody own = body_of(graph, node);
  const auto form = backward_data_form(own.body);
  if (!form) return {};
  const Node& product = own.body.node(form->product);
  const Convolution size = size_of_node(own.body, product);
  const PlaneProduct planes = backward_data_product(size);
  const double least = cost(graph, node).bytes / bytes_per_second + call_seconds;
  std::vector<Implementation> ways = {{std::vector<Layout>(node.operands.size()),
                                       std::vector<Layout>(node.results.size()),
                                       plain_convolution_seconds(planes) + least}};
  std::ranges::move(channel_convolution_ways(node, own.body, *form, planes, least), std::back_inserter(ways));
  if (!size.is_dense()) return ways;
  Implementation way{
      {}, std::vector<Layout>(node.results.size(), batch_blocked(4)), gradient_seconds(size) + call_seconds};
  for (size_t i = 0; i < own.operands.size(); ++i) {
    const ValueId inner = own.body.inputs()[i];
    const bool samples = inner != product.operands[1] && element_count(own.body.type(inner).shape) != 1;
    way.operands.push_back(samples ? batch_blocked(4) : Layout{});
  }
  ways.insert(ways.begin(), std::move(way));
  return ways;
}

Lowered lower(const Graph& graph, const Node& node, const CpuTarget& cpu) {
  const Layout& layout = graph.type(node.results[0]).layout;
  const NodeBody own = body_of(graph, node);
  const ProductForm form = *backward_data_form(own.body);
  const Convolution size = size_of_node(own.body, own.body.node(form.product));
  if (layout == batch_blocked(4)) {
    const auto far = far_backward_data(size);
    return far ? batch_convolution(graph, node, cpu, form, *far)
               : Lowered{{BackwardDataWriter(graph, node, cpu).write()}, 0};
  }
  const PlaneProduct product = backward_data_product(size);
  return layout.is_plain() ? Lowered{{plain_convolution(graph, node, cpu, form, product)}, 0}
                           : channel_convolution(graph, node, cpu, form, product);
}

}  // namespace

std::optional<std::string> refuses_backward_data_body(const Graph& body) {
  std::string why;
  return backward_data_form(body, &why) ? std::nullopt : std::optional(why);
}

const Lowering convolution_backward_data_lowering = {implementations, lower};

}  // namespace sinter::jit
