#include <algorithm>

#include "backends/jit/lowering.h"
#include "backends/jit/machine.h"
#include "backends/jit/pooled_gradient.h"
#include "backends/jit/tile_shape.h"
#include "backends/jit/weight_sums.h"

namespace sinter::jit {
namespace {

constexpr OpKind product = OpKind::conv2d_backward_weights;
constexpr int64_t band_bytes = 16 << 10;  // a third to a half of a first cache; x has the rest

PooledForm form_of(const Graph& body) {
  PooledForm form;
  refuses_pooled(body, product, &form);
  return form;
}

// As high as the first cache allows, all about the same.
Bands choose_bands(const PooledForm& form, int64_t channels) {
  const Convolution& size = form.convolution;
  const int64_t grain = form.pool_stride;
  const int64_t row_bytes = channels * size.ow * vector_size * size_of(DType::f32);
  const int64_t most = std::max<int64_t>(1, band_bytes / (row_bytes * grain));
  const int64_t steps = tile_count(size.oh, grain);
  const int64_t rows = tile_count(steps, tile_count(steps, most)) * grain;
  return {tile_count(size.oh, rows), rows, 0, rows};
}

// Each unit makes the weights of some output channels: for each band of rows of sixteen samples their
// gradients into the workspace, then all products with x, whose sums are in the workspace meanwhile.
class PooledWeightsWriter {
 public:
  PooledWeightsWriter(const Graph& graph, const Node& node, const CpuTarget& cpu)
      : kernel_(graph, node),
        k_(kernel_.k),
        form_(form_of(kernel_.body())),
        size_(form_.convolution),
        products_(k_, size_, kernel_.samples(kernel_.body().node(form_.product).operands[0]), cpu),
        bands_(choose_bands(form_, products_.channels())) {}

  Kernel write() {
    const int64_t channels = products_.channels();
    ot_ = k_.parallel({{"ot", tile_count(size_.o, channels)}})[0];
    gradient_.emplace(kernel_, form_, bands_, channels);
    sums_ = k_.workspace("sums", DType::f32, channels * weights() * vector_size);
    if (form_.bias.valid()) bias_sums_ = k_.workspace("bias_sums", DType::f32, channels * vector_size);
    for_own_tile(k_, ot_, size_.o, channels, [&](Index o, int64_t own) { write_channels(o, own); });
    return kernel_.finish();
  }

 private:
  int64_t weights() const { return size_.c * size_.kh * size_.kw; }  // of an output channel

  void write_channels(const Index& o, int64_t channels) {
    clear(sums_, channels * weights());
    if (form_.bias.valid()) clear(bias_sums_, channels);
    k_.loop("block", 0, batch_blocks(size_.n), [&](Index block) {
      k_.loop("band", 0, bands_.count, [&](Index band) {
        k_.loop("i", 0, channels, [&](Index i) { fill({block, o + i, band, i}); });
        k_.loop("c", 0, size_.c, [&](Index c) { add_band(channels, block, c, band); });
      });
    });
    store(kernel_.body().node(form_.product).results[0], sums_, o * weights(), channels * weights());
    if (form_.bias.valid()) store(form_.bias, bias_sums_, o, channels);
  }

  void clear(BufferId buffer, int64_t vectors) {
    k_.loop("v", 0, vectors, [&](Index v) {
      k_.store({.buffer = buffer, .index = v * vector_size}, k_.number(DType::f32, 0, true));
    });
  }

  void fill(const PooledGradient::Place& place) {
    if (!form_.bias.valid()) return gradient_->fill(place, [](const Expr&) {});
    const Access total{.buffer = bias_sums_, .index = place.slot * vector_size};
    const TileHandle sum = k_.tile("bias", DType::f32, true, {});
    sum.set({}, k_.load(total, true));
    gradient_->fill(place, [&](const Expr& dy) { sum.set({}, sum() + dy); });
    k_.store(total, sum());
  }

  void add_band(int64_t channels, const Index& block, const Index& c, const Index& band) {
    products_.over_taps([&](const WeightSums::Taps& taps) {
      const TileHandle sum = k_.tile("sum", DType::f32, true, {channels, taps.count});
      const auto each = [&](const std::function<void(Index, Index, Access)>& body) {
        k_.unroll("i", channels, [&](Index i) {
          k_.unroll("j", taps.count, [&](Index j) {
            const Index weight = ((i * size_.c + c) * size_.kh + taps.ky) * size_.kw + taps.kx + j;
            body(i, j, {.buffer = sums_, .index = weight * vector_size});
          });
        });
      };
      each([&](Index i, Index j, const Access& at) { sum.set({i, j}, k_.load(at, true)); });
      std::vector<Index> first = taps.first_rows, end = taps.end_rows;
      first.push_back(band * bands_.step);
      end.push_back(band * bands_.step + bands_.rows);
      k_.loop("y", first, end, [&](Index y) {
        const auto dy = [&](const Index& i, const Index& x) { return gradient_->load(band, i, y, x); };
        products_.add(sum, channels, taps, {block, c, y, dy});
      });
      each([&](Index i, Index j, const Access& at) { k_.store(at, sum(i, j)); });
    });
  }

  void store(ValueId to, BufferId sums, const Index& first, int64_t count) {
    const BufferId buffer = kernel_.buffer(to);
    k_.loop("v", 0, count, [&](Index v) {
      const Expr sum = k_.load({.buffer = sums, .index = v * vector_size}, true);
      k_.store({.buffer = buffer, .index = first + v}, k_.apply(Op::sum_lanes, {sum}));
    });
  }

  BodyKernel kernel_;
  KernelBuilder& k_;
  PooledForm form_;
  Convolution size_;
  WeightSums products_;
  Bands bands_;
  std::optional<PooledGradient> gradient_;
  Index ot_;
  BufferId sums_ = -1, bias_sums_ = -1;
};

std::vector<Implementation> implementations(const Graph& graph, const Node& node, std::span<const Layout>) {
  const NodeBody own = body_of(graph, node);
  PooledForm form;
  if (refuses_pooled(own.body, product, &form)) return {};
  Implementation way{{}, std::vector<Layout>(node.results.size()), call_seconds};
  way.seconds += gradient_seconds(form.convolution) + pooled_gradient_seconds(own.body, form, 1);
  for (const ValueId id : own.body.inputs())
    way.operands.push_back(element_count(own.body.type(id).shape) == 1 ? Layout{} : batch_blocked(4));
  return {std::move(way)};
}

Lowered lower(const Graph& graph, const Node& node, const CpuTarget& cpu) {
  return {{PooledWeightsWriter(graph, node, cpu).write()}, 0, "dense"};
}

}  // namespace

std::optional<std::string> refuses_pooled_weights_body(const Graph& body) {
  return refuses_pooled(body, product, nullptr);
}

const Lowering pooled_backward_weights_lowering = {implementations, lower};

}  // namespace sinter::jit
