#include <algorithm>

#include "backends/jit/data_sums.h"
#include "backends/jit/lowering.h"
#include "backends/jit/machine.h"
#include "backends/jit/pooled_gradient.h"
#include "backends/jit/tile_shape.h"

namespace sinter::jit {
namespace {

constexpr OpKind product = OpKind::conv2d_backward_data;
constexpr int64_t band_bytes = 256 << 10;  // of a second cache, which weights and dx share

PooledForm form_of(const Graph& body) {
  PooledForm form;
  refuses_pooled(body, product, &form);
  return form;
}

// In steps of the convolution. A band begins with the rows that its first step reaches back to, which the
// band before has too: the higher bands are, the fewer are computed twice.
Bands choose_bands(const PooledForm& form) {
  const Convolution& size = form.convolution;
  const int64_t steps = size.steps(), reach = size.reach();
  const int64_t most = band_bytes / (size.o * size.ow * vector_size * size_of(DType::f32)) - reach;
  const int64_t grain = form.pool_stride;
  const int64_t bands = tile_count(steps, std::max(most / grain, int64_t{1}) * grain);
  const int64_t step = tile_count(tile_count(steps, bands), grain) * grain;
  return {tile_count(steps, step), step, -reach, step + reach};
}

// How many times a row is computed.
double times_computed(const Bands& bands, const Convolution& size) {
  return bands.count == 1 ? 1 : static_cast<double>(bands.count * bands.rows) / static_cast<double>(size.oh);
}

// Each unit makes a band of rows of dx of sixteen samples: the rows of dy that reach it, of all channels,
// into the workspace, then all sums.
class PooledDataWriter {
 public:
  PooledDataWriter(const Graph& graph, const Node& node, const CpuTarget& cpu)
      : kernel_(graph, node),
        form_(form_of(kernel_.body())),
        product_(kernel_.body().node(form_.product)),
        size_(form_.convolution),
        bands_(choose_bands(form_)),
        sums_(kernel_.k, size_, kernel_.buffer(product_.operands[1]), cpu) {}

  Kernel write() {
    KernelBuilder& k = kernel_.k;
    const auto at = k.parallel({{"block", batch_blocks(size_.n)}, {"band", bands_.count}});
    const Index block = at[0], band = at[1];
    const PooledGradient gradient(kernel_, form_, bands_, size_.o);
    k.loop("o", 0, size_.o, [&](Index o) { gradient.fill({block, o, band, o}, [](const Expr&) {}); });
    const auto dy = [&](const Index& o, const Index& y, const Index& x) {
      return gradient.load(band, o, y, x);
    };
    const auto store = [&](const Expr& sum, const Index& c, const Index& row, const Index& column) {
      write_epilogue(k, kernel_.body(), product_.results[0], sum,
                     kernel_.samples_at(block, {c, row, column}));
    };
    const DataSums::Steps own = {{band * bands_.step}, {(band + 1) * bands_.step}};
    for_tiles(k, "ct", size_.c, sums_.channels(),
              [&](Index c, int64_t channels) { sums_.write(c, channels, own, dy, store); });
    return kernel_.finish();
  }

 private:
  BodyKernel kernel_;
  PooledForm form_;
  const Node& product_;
  Convolution size_;
  Bands bands_;
  DataSums sums_;
};

std::vector<Implementation> implementations(const Graph& graph, const Node& node, std::span<const Layout>) {
  const NodeBody own = body_of(graph, node);
  PooledForm form;
  if (refuses_pooled(own.body, product, &form)) return {};
  const Convolution& size = form.convolution;
  const double times = times_computed(choose_bands(form), size);
  Implementation way{{}, std::vector<Layout>(node.results.size(), batch_blocked(4)), call_seconds};
  way.seconds += gradient_seconds(size) + pooled_gradient_seconds(own.body, form, times);
  const ValueId weight = own.body.node(form.product).operands[1];
  for (const ValueId id : own.body.inputs()) {
    const bool plain = id == weight || element_count(own.body.type(id).shape) == 1;
    way.operands.push_back(plain ? Layout{} : batch_blocked(4));
  }
  return {std::move(way)};
}

Lowered lower(const Graph& graph, const Node& node, const CpuTarget& cpu) {
  return {{PooledDataWriter(graph, node, cpu).write()}, 0, "dense"};
}

}  // namespace

std::optional<std::string> refuses_pooled_data_body(const Graph& body) {
  return refuses_pooled(body, product, nullptr);
}

const Lowering pooled_backward_data_lowering = {implementations, lower};

}  // namespace sinter::jit
