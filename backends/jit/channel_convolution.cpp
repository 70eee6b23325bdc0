#include "backends/jit/channel_convolution.h"

#include <algorithm>

#include "backends/jit/batch_lanes.h"
#include "backends/jit/body_kernel.h"
#include "backends/jit/channel_moments.h"
#include "backends/jit/convolution.h"
#include "backends/jit/elementwise.h"
#include "backends/jit/machine.h"
#include "backends/jit/padded_planes.h"
#include "backends/jit/pool_taps.h"
#include "backends/jit/tile_shape.h"

namespace sinter::jit {
namespace {

constexpr int64_t wanted_units = 8;
constexpr int64_t packed_bytes = 256 << 10;  // of x: with the weights of a tile it stays in a second cache
constexpr int64_t most_window = 9;           // elements of a pool's window, which registers hold
constexpr int64_t most_blocks = 2;           // of a tile: their weights take registers too
constexpr double share_of_peak = 0.7;
constexpr double copy_seconds = 1e-9;  // of a vector of x

bool is_weight(const Graph& body, const ProductForm& form, ValueId id) {
  return id == body.node(form.product).operands[1];
}

// Sixteen channels of the results together: those of the weights' first dimension forward, of the second
// backward.
Layout weight_layout(const Graph& body, const ProductForm& form) {
  return body.node(form.product).op == OpKind::conv2d ? batch_blocked(4) : Layout::parse("Bacd16b");
}

// Rows and blocks of channels of a unit, and how much of a plane is made at a time.
struct Shares {
  int64_t rows, columns;    ///< of results in a group: a pool's window, or one row
  int64_t groups, band;     ///< all groups of a plane; those of a unit
  int64_t blocks, of_unit;  ///< of sixteen channels

  int64_t bands() const { return tile_count(groups, band); }
};

Shares shares_of(const PlaneProduct& size, const std::optional<PoolSizes>& pool) {
  Shares shares{};
  int64_t columns = 0, most = 0;
  for (const Sweep& vertical : size.vertical) most = std::max(most, vertical.results);
  for (const Sweep& horizontal : size.horizontal)
    columns = std::max(columns, horizontal.span(horizontal.results));
  shares.rows = pool ? pool->kh : 1;
  shares.columns = pool ? pool->kw : 1;
  shares.groups = pool ? pool->oh : most;
  shares.blocks = tile_count(size.out_channels, vector_size);
  const int64_t group_bytes = size.in_channels * columns * shares.rows * size.vertical[0].in_step *
                              static_cast<int64_t>(size_of(DType::f32));
  shares.band = std::clamp<int64_t>(packed_bytes / group_bytes, 1, shares.groups);
  // Bands first: each packs x of its own, which units of other channels pack again.
  const int64_t wanted_bands = tile_count(wanted_units, size.samples);
  if (shares.groups >= 4 * wanted_bands)
    shares.band = std::min(shares.band, tile_count(shares.groups, wanted_bands));
  const int64_t wanted = std::max<int64_t>(1, wanted_units / (size.samples * shares.bands()));
  shares.of_unit = tile_count(shares.blocks, wanted);
  return shares;
}

// Each unit makes a band of rows of some blocks of channels of one sample. Sums of a few blocks and pixels
// are a tile of registers: for each element of the kernel and channel of x the weights of sixteen channels
// times one element of x for each pixel.
class ChannelWriter {
 public:
  ChannelWriter(const Graph& graph, const Node& node, const CpuTarget& cpu, const ProductForm& form,
                PlaneProduct size)
      : graph_(graph),
        node_(node),
        kernel_(graph, node),
        k_(kernel_.k),
        body_(kernel_.body()),
        form_(form),
        product_(body_.node(form.product)),
        size_(std::move(size)),
        registers_(std::max(3, cpu.vector_registers - 1)) {
    if (form.pool) pool_ = pool_sizes(body_, body_.node(*form.pool));
    shares_ = shares_of(size_, pool_);
  }

  Lowered lower() {
    Kernel kernel = write();
    if (!moments_) return {{std::move(kernel)}, 0};
    return moments_->behind(std::move(kernel), graph_, node_, *form_.norm);
  }

 private:
  Kernel write() {
    const auto at = k_.parallel({{"n", size_.samples},
                                 {"band", shares_.bands()},
                                 {"ot", tile_count(shares_.blocks, shares_.of_unit)}});
    sample_ = {0, at[0]};
    first_group_ = at[1] * shares_.band;
    if (form_.norm)
      moments_.emplace(k_, ChannelMoments::Units{ChannelMoments::Lanes::channels, shares_.of_unit,
                                                 size_.out_channels, size_.samples * shares_.bands()});
    for (const Sweep& vertical : size_.vertical)
      for (const Sweep& horizontal : size_.horizontal) {
        vertical_ = vertical;
        horizontal_ = horizontal;
        pack();
        for_own_tile(k_, at[2], shares_.blocks, shares_.of_unit, [&](const Index& first, int64_t blocks) {
          if (moments_) moments_->clear(blocks);
          write_blocks(first, blocks);
          if (moments_) moments_->keep(at[0] * shares_.bands() + at[1], first, blocks);
        });
      }
    return kernel_.finish();
  }

  bool has_taps() const { return vertical_.taps > 0 && horizontal_.taps > 0; }
  PixelValue value(ValueId id) { return {k_, kernel_.buffer(id), kernel_.type(id)}; }
  bool is_pooled(ValueId id) const { return form_.pool && body_.info(id).node == *form_.pool; }
  bool is_statistic(ValueId id) const { return form_.norm && body_.info(id).node == *form_.norm; }

  void pack() {
    if (!has_taps()) return;
    const ValueId x = product_.operands[0];
    x_.emplace(k_, kernel_.buffer(x), kernel_.type(x),
               PaddedPlanes::Window{size_.in_channels, vertical_.span(shares_.band * shares_.rows),
                                    horizontal_.span(horizontal_.results), horizontal_.in_offset});
    x_->pack(sample_.number(), 0, size_.in_channels,
             first_group_ * (shares_.rows * vertical_.in_step) + vertical_.in_offset);
  }

  void write_blocks(const Index& first, int64_t blocks) {
    const int64_t columns = pool_ ? pool_->ow * pool_->kw : horizontal_.results,
                  groups = pool_ ? pool_->oh : vertical_.results;
    const TileShape tile = choose_tile({.outer = std::min(shares_.of_unit, most_blocks),
                                        .inner = columns,
                                        .inner_step = shares_.columns,
                                        .group = shares_.rows,
                                        .registers = registers_});
    for_tiles(k_, "bt", blocks, tile.outer, [&](Index block, int64_t count) {
      k_.loop("group", std::vector<Index>{0}, {shares_.band, groups - first_group_}, [&](Index group) {
        for_tiles(k_, "ct", columns, tile.inner, [&](Index column, int64_t width) {
          write_tile({first, block, count}, group, column, width);
        });
      });
    });
  }

  // Of a tile, the first counted from the unit's first.
  struct Blocks {
    Index of_unit, first;
    int64_t count;
  };

  void write_tile(const Blocks& of_tile, const Index& group, const Index& column, int64_t width) {
    const Index block = of_tile.of_unit + of_tile.first;
    const int64_t blocks = of_tile.count;
    const TileHandle sum = k_.tile("sum", DType::f32, true, {blocks, shares_.rows, width});
    const auto each = [&](const std::function<void(Index, Index, Index)>& body) {
      k_.unroll("i", blocks, [&](Index i) {
        k_.unroll("r", shares_.rows,
                  [&](Index r) { k_.unroll("j", width, [&](Index j) { body(i, r, j); }); });
      });
    };
    each([&](Index i, Index r, Index j) { sum.set({i, r, j}, initial(block + i)); });
    if (has_taps())
      x_->over_tiles(size_.in_channels, 1, [&](const Channel& c, int64_t) {
        k_.loop("ky", 0, vertical_.taps, [&](Index ky) {
          k_.unroll("kx", horizontal_.taps, [&](Index kx) {
            multiply(sum, {blocks, shares_.rows, width}, block, c, {group * shares_.rows, column}, {ky, kx});
          });
        });
      });
    each([&](Index i, Index r, Index j) {
      finish(sum, {i, r, j}, block + i, (first_group_ + group) * shares_.rows + r, column + j);
    });
    if (pool_) pool_tile(sum, blocks, block, group, column, width);
    if (moments_) moments_->add(of_tile.first, {sum, blocks, shares_.rows, width}, {});
  }

  struct Place {
    Index row, column;
  };

  void multiply(const TileHandle& sum, const std::vector<int64_t>& shape, const Index& block,
                const Channel& c, const Place& result, const Place& tap) {
    const TileHandle weight = k_.tile("w", DType::f32, true, {shape[0]});
    const Index element = (vertical_.tap_first + tap.row * vertical_.tap_step) * size_.kernel_columns +
                          horizontal_.tap_first + tap.column * horizontal_.tap_step;
    const int64_t elements = kernel_.type(product_.operands[1]).shape[2].size * size_.kernel_columns;
    k_.unroll("i", shape[0], [&](Index i) {
      const Index at = ((block + i) * size_.in_channels + c.number()) * elements + element;
      weight.set({i},
                 k_.load({.buffer = kernel_.buffer(product_.operands[1]), .index = at * vector_size}, true));
    });
    k_.unroll("r", shape[1], [&](Index r) {
      k_.unroll("j", shape[2], [&](Index j) {
        const Index row = (result.row + r) * vertical_.in_step + tap.row * vertical_.in_tap_step,
                    column = (result.column + j) * horizontal_.in_step + tap.column * horizontal_.in_tap_step;
        const Expr x = k_.let("x", x_->spread(c, row, column));
        k_.unroll("i", shape[0], [&](Index i) {
          sum.set({i, r, j}, multiply_add(weight(i), x, sum(i, r, j)));
        });
      });
    });
  }

  Expr initial(const Index& block) {
    const bool biased =
        product_.op == OpKind::conv2d && product_.operands.size() > 2 && product_.operands[2].valid();
    if (!biased) return k_.number(DType::f32, 0, true);
    Access at{.buffer = kernel_.buffer(product_.operands[2]), .index = block * vector_size};
    if (size_.out_channels % vector_size != 0) at.count = size_.out_channels - block * vector_size;
    return k_.load(at, true);
  }

  // The elementwise ops on one sum; what a pool or a norm reads goes back into its register.
  void finish(const TileHandle& sum, const std::vector<Index>& at, const Index& block, const Index& row,
              const Index& column) {
    const Index pixel = (row * vertical_.out_step + vertical_.out_first) * size_.out_columns +
                        column * horizontal_.out_step + horizontal_.out_first;
    Expressions expressions(k_, body_, true, [&](ValueId id) -> std::optional<Expr> {
      if (id == form_.made) return sum.read(at);
      if (body_.info(id).kind != ValueKind::input) return std::nullopt;
      if (element_count(body_.type(id).shape) == 1) return kernel_.spread(id, 0);
      return k_.load(value(id).channels_at(sample_, block, pixel), true);
    });
    // All is read before anything is written: a result may lie in an operand's memory.
    std::vector<std::pair<ValueId, Expr>> stores;
    for (const GraphResult& result : body_.results())
      if (!is_pooled(result.value) && !is_statistic(result.value))
        stores.emplace_back(result.value, expressions(result.value));
    std::optional<Expr> read_again;
    if (pool_) read_again = expressions(form_.pooled_from);
    if (form_.norm) read_again = expressions(form_.normalized_from);
    for (const auto& [id, made] : stores) value(id).store_channels(sample_, block, pixel, made);
    if (read_again) sum.set(at, *read_again);
  }

  void pool_tile(const TileHandle& sum, int64_t blocks, const Index& block, const Index& group,
                 const Index& column, int64_t width) {
    const Node& pool = body_.node(*form_.pool);
    const Index first = divided(column, pool_->kw);  // columns begin at whole windows
    k_.unroll("i", blocks, [&](Index i) {
      k_.unroll("q", width / pool_->kw, [&](Index q) {
        PoolTaps taps(k_, pool, *pool_);
        k_.unroll("r", pool_->kh, [&](Index r) {
          k_.unroll("s", pool_->kw, [&](Index s) { taps.add(sum(i, r, q * pool_->kw + s), r, s); });
        });
        const Index pixel = (first_group_ + group) * pool_->ow + first + q;
        for (const GraphResult& result : body_.results()) {
          if (!is_pooled(result.value)) continue;
          const bool is_value = result.value == pool.results[0];
          value(result.value)
              .store_channels(
                  sample_, block + i, pixel,
                  is_value ? taps.value() : k_.cast(taps.argmax(), body_.type(result.value).dtype));
        }
      });
    });
  }

  const Graph& graph_;
  const Node& node_;
  BodyKernel kernel_;
  KernelBuilder& k_;
  const Graph& body_;
  ProductForm form_;
  const Node& product_;
  PlaneProduct size_;
  int64_t registers_;
  std::optional<PoolSizes> pool_;
  Shares shares_{};
  Sample sample_;
  Index first_group_;
  Sweep vertical_{}, horizontal_{};  ///< of the results that are being made
  std::optional<PaddedPlanes> x_;
  std::optional<ChannelMoments> moments_;
};

// All of what lies beside the windows would have to be computed on its own where a result wants it.
bool takes_pool(const Graph& body, const ProductForm& form, const PlaneProduct& size) {
  if (!form.pool) return true;
  const PoolSizes pool = pool_sizes(body, body.node(*form.pool));
  const bool covers = pool.oh * pool.kh == size.out_rows && pool.ow * pool.kw == size.out_columns;
  const bool stores_rest = std::ranges::any_of(
      body.results(), [&](const GraphResult& result) { return body.info(result.value).node != *form.pool; });
  return pool.lie_apart(size.out_rows, size.out_columns) && (covers || !stores_rest) &&
         pool.kh * pool.kw <= most_window;
}

double seconds_of(const PlaneProduct& size, const Shares& shares) {
  double vectors = 0, packed = 0;
  for (const Sweep& vertical : size.vertical)
    for (const Sweep& horizontal : size.horizontal) {
      vectors += static_cast<double>(vertical.results * horizontal.results) *
                 static_cast<double>(vertical.taps * horizontal.taps);
      packed += static_cast<double>(shares.bands() * vertical.span(shares.band * shares.rows)) *
                static_cast<double>(tile_count(horizontal.span(horizontal.results), vector_size));
    }
  vectors *= static_cast<double>(shares.blocks * size.in_channels);
  packed *= static_cast<double>(tile_count(shares.blocks, shares.of_unit) * size.in_channels);
  return static_cast<double>(size.samples) *
         (2 * vector_size * vectors / (share_of_peak * flops_per_second()) + packed * copy_seconds);
}

}  // namespace

Lowered channel_convolution(const Graph& graph, const Node& node, const CpuTarget& cpu,
                            const ProductForm& form, PlaneProduct size) {
  return ChannelWriter(graph, node, cpu, form, std::move(size)).lower();
}

std::vector<Implementation> channel_convolution_ways(const Node& node, const Graph& body,
                                                     const ProductForm& form, const PlaneProduct& size,
                                                     double least_seconds) {
  if (size.groups > 1 || !takes_pool(body, form, size)) return {};
  const auto pool = form.pool ? std::optional(pool_sizes(body, body.node(*form.pool))) : std::nullopt;
  const double seconds = seconds_of(size, shares_of(size, pool)) + least_seconds;
  const Node& product = body.node(form.product);
  std::vector<Implementation> ways;
  for (const Layout& of_x : {Layout{}, channel_blocked()}) {
    Implementation way{{}, {}, seconds};
    for (const GraphResult& result : body.results())
      way.results.push_back(body.type(result.value).shape.size() == 4 ? channel_blocked() : Layout{});
    bool is_possible = true;
    size_t input = 0;
    for (const ValueId operand : node.operands) {
      if (!operand.valid()) {
        way.operands.emplace_back();
        continue;
      }
      const ValueId id = body.inputs()[input++];
      const bool elementwise = body.type(id).shape.size() == 4 && element_count(body.type(id).shape) != 1;
      way.operands.push_back(id == product.operands[0]   ? of_x
                             : is_weight(body, form, id) ? weight_layout(body, form)
                             : elementwise               ? channel_blocked()
                                                         : Layout{});
      // A value that is read twice lies in one way.
      for (size_t i = 0; i + 1 < way.operands.size(); ++i)
        if (node.operands[i] == operand && way.operands[i] != way.operands.back()) is_possible = false;
    }
    // An elementwise op reads channel-blocked values.
    for (const Node& each : body.nodes())
      for (const ValueId id : each.operands)
        if (&each != &product && id.valid() &&
            (is_weight(body, form, id) || (id == product.operands[0] && of_x.is_plain())))
          is_possible = false;
    if (is_possible) ways.push_back(std::move(way));
  }
  return ways;
}

}  // namespace sinter::jit
