#include "backends/jit/convolution.h"

#include "backends/jit/batch_lanes.h"
#include "backends/jit/machine.h"

namespace sinter::jit {

Convolution convolution(const Shape& x, const Shape& weight, const Shape& y, const Attributes& attributes) {
  const Ints &stride = attributes.ints("stride"), &padding = attributes.ints("padding");
  const Ints& dilation = attributes.ints("dilation");
  return {.n = x[0].size,
          .c = x[1].size,
          .h = x[2].size,
          .w = x[3].size,
          .o = weight[0].size,
          .kh = weight[2].size,
          .kw = weight[3].size,
          .oh = y[2].size,
          .ow = y[3].size,
          .stride_h = stride[0],
          .stride_w = stride[1],
          .top = padding[0],
          .left = padding[1],
          .dilation_h = dilation[0],
          .dilation_w = dilation[1],
          .groups = attributes.integer("groups")};
}

std::optional<std::string> refuses_grouped_or_dilated(const Node& convolution) {
  const auto refused = [&](std::string_view what) {
    return fmt::format("the {} has {}", to_string(convolution.op), what);
  };
  if (convolution.attributes.integer("groups") > 1) return refused("groups");
  if (convolution.attributes.ints("dilation") != Ints{1, 1}) return refused("dilation");
  return std::nullopt;
}

double gradient_seconds(const Convolution& size) {
  constexpr double share_of_peak = 0.7;
  const double filled = static_cast<double>(batch_blocks(size.n) * vector_size) / static_cast<double>(size.n);
  return 2 * size.multiply_adds() * filled / (share_of_peak * flops_per_second());
}

PoolSizes pool_sizes(const Graph& body, const Node& pool) {
  const Ints &kernel = pool.attributes.ints("kernel_size"), &padding = pool.attributes.ints("padding");
  const Ints& given = pool.attributes.ints("stride");
  const Ints& stride = given.empty() ? kernel : given;
  const Shape& y = body.type(pool.results[0]).shape;
  PoolSizes sizes{kernel[0], kernel[1], stride[0], stride[1], padding[0], padding[1], y[2].size, y[3].size};
  if (pool.op != OpKind::max_pool2d && pool.op != OpKind::max_pool2d_argmax) return sizes;
  sizes.dilation_h = pool.attributes.ints("dilation")[0];
  sizes.dilation_w = pool.attributes.ints("dilation")[1];
  return sizes;
}

}  // namespace sinter::jit
