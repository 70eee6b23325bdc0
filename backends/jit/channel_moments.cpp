#include "backends/jit/channel_moments.h"

#include "backends/jit/body_kernel.h"
#include "backends/jit/tile_shape.h"

namespace sinter::jit {
namespace {

constexpr int64_t sum_count = 2;          // of values, of squares
constexpr size_t mean = 1, variance = 2;  // results of batch_norm_training

}  // namespace

ChannelMoments::ChannelMoments(KernelBuilder& builder, const Units& units)
    : k_(&builder),
      units_(units),
      own_(builder.workspace("sums", DType::f64, units.own * sum_count * vector_size)),
      kept_(builder.scratch("moments", DType::f64, units.slots * sum_count * stride(), 0)) {}

int64_t ChannelMoments::stride() const { return tile_count(units_.channels, vector_size) * vector_size; }

Index ChannelMoments::own(const Index& channel, int64_t sum) const {
  return (channel * sum_count + sum) * vector_size;
}

void ChannelMoments::clear(int64_t channels) {
  k_->loop("v", 0, channels * sum_count, [&](Index v) {
    k_->store({.buffer = own_, .index = v * vector_size}, k_->number(DType::f64, 0, true));
  });
}

void ChannelMoments::add(const Index& first, const Results& results, const std::optional<Index>& samples) {
  k_->unroll("i", results.channels, [&](Index i) {
    const TileHandle total = k_->tile("total", DType::f64, true, {sum_count});
    const auto each = [&](const std::function<void(int64_t, const Access&)>& body) {
      for (int64_t s = 0; s < sum_count; ++s) body(s, {.buffer = own_, .index = own(first + i, s)});
    };
    each([&](int64_t s, const Access& at) { total.set({s}, k_->load(at, true)); });
    k_->unroll("r", results.rows, [&](Index r) {
      k_->unroll("j", results.columns, [&](Index j) {
        const Expr made = results.sum(i, r, j);
        const Expr value =
            k_->let("made", k_->cast(samples ? k_->first_lanes(made, *samples) : made, DType::f64));
        total.set({0}, total(0) + value);
        total.set({1}, multiply_add(value, value, total(1)));
      });
    });
    each([&](int64_t s, const Access& at) { k_->store(at, total(s)); });
  });
}

void ChannelMoments::keep(const Index& slot, const Index& first, int64_t channels) {
  const bool in_lanes = units_.lanes == Lanes::channels;
  k_->loop("i", 0, channels, [&](Index i) {
    for (int64_t s = 0; s < sum_count; ++s) {
      const Expr sums = k_->load({.buffer = own_, .index = own(i, s)}, true);
      const Index at = (slot * sum_count + s) * stride() + (first + i) * (in_lanes ? vector_size : 1);
      k_->store({.buffer = kept_, .index = at}, in_lanes ? sums : k_->apply(Op::sum_lanes, {sums}));
    }
  });
}

Lowered ChannelMoments::behind(Kernel convolution, const Graph& graph, const Node& node, NodeId norm) const {
  const int64_t bytes = units_.slots * sum_count * stride() * static_cast<int64_t>(size_of(DType::f64));
  return {{std::move(convolution), finish(graph, node, norm)}, bytes};
}

Kernel ChannelMoments::finish(const Graph& graph, const Node& node, NodeId norm) const {
  BodyKernel kernel(graph, node);
  KernelBuilder& k = kernel.k;
  const Node& statistics = kernel.body().node(norm);
  const Shape& shape = kernel.body().type(statistics.operands[0]).shape;
  const Index block = k.parallel({{"block", tile_count(units_.channels, vector_size)}})[0];
  const BufferId kept = k.scratch("moments", DType::f64, units_.slots * sum_count * stride(), 0);
  const TileHandle total = k.tile("total", DType::f64, true, {sum_count});
  const auto lanes = [&](BufferId buffer, const Index& first, const Index& last) {
    Access at{.buffer = buffer, .index = first + block * vector_size};
    if (units_.channels % vector_size != 0) at.count = last - block * vector_size;
    return at;
  };
  for (int64_t s = 0; s < sum_count; ++s) total.set({s}, k.number(DType::f64, 0, true));
  k.loop("slot", 0, units_.slots, [&](Index slot) {
    for (int64_t s = 0; s < sum_count; ++s)
      total.set({s},
                total(s) + k.load(lanes(kept, (slot * sum_count + s) * stride(), units_.channels), true));
  });
  const auto values = static_cast<double>(shape[0].size * shape[2].size * shape[3].size);
  const Expr share = k.number(DType::f64, 1 / values, true);
  const Expr center = k.let("center", total(0) * share);
  const Expr spread = maximum(total(1) * share - center * center, k.number(DType::f64, 0, true));
  const auto store = [&](size_t result, const Expr& value) {
    k.store(lanes(kernel.buffer(statistics.results[result]), 0, units_.channels), k.cast(value, DType::f32));
  };
  store(mean, center);
  store(variance, spread);
  Kernel finished = kernel.finish();
  finished.name += "_moments";
  return finished;
}

}  // namespace sinter::jit
