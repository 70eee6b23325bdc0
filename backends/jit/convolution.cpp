#include "backends/jit/convolution.h"

#include "backends/jit/batch_lanes.h"
#include "backends/jit/machine.h"

namespace sinter::jit {

Convolution convolution(const Shape& x, const Shape& weight, const Shape& y, const Attributes& attributes) {
  const Ints &stride = attributes.ints("stride"), &padding = attributes.ints("padding");
  return {x[0].size, x[1].size, x[2].size, x[3].size, weight[0].size, weight[2].size, weight[3].size,
          y[2].size, y[3].size, stride[0], stride[1], padding[0],     padding[1]};
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
  return {kernel[0], kernel[1], stride[0], stride[1], padding[0], padding[1], y[2].size, y[3].size};
}

}  // namespace sinter::jit
