#include "backends/jit/batch_convolution.h"

#include <algorithm>

#include "backends/jit/batch_lanes.h"
#include "backends/jit/body.h"
#include "backends/jit/channel_moments.h"
#include "backends/jit/elementwise.h"
#include "backends/jit/pool_taps.h"
#include "backends/jit/tile_shape.h"
#include "ir/op_table.h"

namespace sinter::jit {
namespace {

constexpr int64_t first_cache_bytes = 32 << 10;
constexpr int64_t window_bytes = 24 << 10;  // of a part of x that stays there
constexpr int64_t far_bytes = 256 << 10;  // rows of x beyond this are read from afar for each output channel
// Of dy of sixteen samples: less stays near enough to be read again for every few channels.
constexpr int64_t far_gradient_bytes = 4 << 20;
constexpr int64_t least_channels = 4;
constexpr int64_t wanted_units = 8;  // for a balance over a few threads

int64_t columns_read(const Convolution& size) {
  return (size.ow - 1) * size.stride_w + size.kernel_columns();
}

// What so many rows of results read of x.
int64_t row_bytes(const Convolution& size, int64_t rows) {
  return size.group_c() * ((rows - 1) * size.stride_h + size.kernel_rows()) * columns_read(size) *
         vector_size * size_of(DType::f32);
}

// A convolution's kernel in batch lanes: sums of sixteen samples in a tile of registers over output channels
// and columns, the elementwise ops on them there too. A pool whose windows do not overlap takes its window
// from the registers; any other reads rows of results that stay in the thread's workspace.
class BatchConvolutionWriter {
 public:
  BatchConvolutionWriter(const Graph& graph, const Node& node, const CpuTarget& cpu, const ProductForm& form,
                         const BatchProduct& product)
      : graph_(graph),
        node_(node),
        own_(body_of(graph, node)),
        body_(own_.body),
        cpu_(cpu),
        k_(kernel_name(node)),
        form_(form),
        size_(product.size),
        by_data_(product.by_data) {
    if (form_.pool) pool_ = pool_sizes(body_, body_.node(*form_.pool));
    pools_in_registers_ = form_.pool && fits_registers();
    rows_ = pools_in_registers_ ? pool_->kh : 1;
    columns_ = pools_in_registers_ ? pool_->ow * pool_->kw : size_.ow;
    walks_channels_ = row_bytes(size_, rows_) > far_bytes;
    const bool is_near = walks_channels_ || row_bytes(size_, rows_) <= first_cache_bytes;
    tile_ = choose_tile({.outer = size_.group_o(),
                         .inner = columns_,
                         .inner_step = pools_in_registers_ ? pool_->kw : 1,
                         .group = rows_,
                         .registers = cpu.vector_registers,
                         .vector_load = is_near ? 1.0 : 2.0});
    row_groups_ = pools_in_registers_ ? pool_->oh : size_.oh;
    const int64_t blocks = batch_blocks(size_.n);
    // Rows that windows share would be computed again in each band.
    const int64_t bands =
        form_.pool && !pools_in_registers_
            ? 1
            : std::clamp<int64_t>(tile_count(wanted_units, blocks * size_.groups), 1, row_groups_);
    band_ = tile_count(row_groups_, bands);
  }

  Lowered lower() {
    Kernel kernel = write();
    if (!moments_) return {{std::move(kernel)}, 0};
    return moments_->behind(std::move(kernel), graph_, node_, *form_.norm);
  }

 private:
  Kernel write() {
    std::vector<std::pair<std::string, int64_t>> extents = {{"block", batch_blocks(size_.n)}};
    if (size_.groups > 1) extents.emplace_back("g", size_.groups);
    const int64_t bands = tile_count(row_groups_, band_);
    extents.emplace_back("band", bands);
    const auto at = k_.parallel(std::move(extents));
    block_ = at[0];
    if (size_.groups > 1) group_ = at[1];
    first_group_ = at.back() * band_;
    bind();
    if (is_packed()) pack();
    if (form_.norm) {
      moments_.emplace(k_, ChannelMoments::Units{ChannelMoments::Lanes::samples, size_.group_o(), size_.o,
                                                 batch_blocks(size_.n) * bands});
      moments_->clear(size_.group_o());
    }
    if (walks_channels_)
      waiting_ = k_.workspace("waiting", DType::f32, size_.group_o() * rows_ * columns_ * vector_size);
    k_.loop("group", std::vector<Index>{0}, {band_, row_groups_ - first_group_},
            [&](Index group) { walks_channels_ ? walk_channels(group) : write_rows(group); });
    if (form_.pool && !pools_in_registers_) pool_rows();
    if (moments_) moments_->keep(block_ * bands + at.back(), group_ * size_.group_o(), size_.group_o());
    Kernel kernel = k_.finish();
    kernel.scratch_argument = static_cast<int64_t>(node_.operands.size() + node_.results.size());
    return kernel;
  }

  // Rows of x stay in a cache near by for all output channels.
  void write_rows(const Index& group) {
    for_tiles(k_, "ot", size_.group_o(), tile_.outer, [&](Index o, int64_t channels) {
      for_tiles(k_, "ct", columns_, tile_.inner, [&](Index column, int64_t width) {
        write_tile({o, channels, group, column, width});
      });
    });
  }

  // What a tile's columns read of some channels of x stays in the first cache for all output channels, whose
  // weights come one after the other. Sums wait meanwhile: each takes its products in the same order.
  void walk_channels(const Index& group) {
    k_.loop("o", 0, size_.group_o(), [&](Index o) {
      const Expr start = k_.let("start", initial(group_ * size_.group_o() + o));
      k_.loop("v", 0, rows_ * columns_, [&](Index v) {
        k_.store({.buffer = waiting_, .index = (o * (rows_ * columns_) + v) * vector_size}, start);
      });
    });
    const int64_t at_once = channels_at_once();
    k_.loop("part", 0, tile_count(size_.group_c(), at_once), [&](Index part) {
      const Channels channels{part * at_once, {at_once, size_.group_c() - part * at_once}};
      for_tiles(k_, "ct", columns_, tile_.inner, [&](Index column, int64_t width) {
        for_tiles(k_, "ot", size_.group_o(), tile_.outer, [&](Index o, int64_t count) {
          add_channels(channels, {o, count, group, column, width});
        });
      });
    });
    k_.loop("o", 0, size_.group_o(), [&](Index o) {
      for_tiles(k_, "ct", columns_, tile_.inner, [&](Index column, int64_t width) {
        const TileHandle sum = k_.tile("sum", DType::f32, true, {1, rows_, width});
        const Block block{o, 1, group, column, width};
        over(block, [&](Index i, Index r, Index j) {
          sum.set({i, r, j}, k_.load(waiting(block, i, r, j), true));
        });
        finish(sum, block);
      });
    });
  }

  struct Channels {
    Index first;
    std::vector<Index> count;  ///< the least of them
  };

  // Sums of some output channels of the group, and columns.
  struct Block {
    Index o;
    int64_t channels;
    Index group, column;
    int64_t width;
  };

  int64_t channels_at_once() const {
    const int64_t columns = (tile_.inner - 1) * size_.stride_w + size_.kernel_columns(),
                  rows = (rows_ - 1) * size_.stride_h + size_.kernel_rows();
    const int64_t wanted = window_bytes / (rows * columns * vector_size * size_of(DType::f32));
    return std::min(size_.group_c(), std::max(wanted, least_channels));
  }

  Access waiting(const Block& block, const Index& i, const Index& r, const Index& j) const {
    return {.buffer = waiting_,
            .index = (((block.o + i) * rows_ + r) * columns_ + block.column + j) * vector_size};
  }

  void over(const Block& block, const std::function<void(Index, Index, Index)>& body) {
    k_.unroll("i", block.channels, [&](Index i) {
      k_.unroll("r", rows_, [&](Index r) { k_.unroll("j", block.width, [&](Index j) { body(i, r, j); }); });
    });
  }

  void add_channels(const Channels& channels, const Block& block) {
    const TileHandle sum = k_.tile("sum", DType::f32, true, {block.channels, rows_, block.width});
    over(block, [&](Index i, Index r, Index j) {
      sum.set({i, r, j}, k_.load(waiting(block, i, r, j), true));
    });
    add_products(sum, channels, block);
    over(block, [&](Index i, Index r, Index j) { k_.store(waiting(block, i, r, j), sum(i, r, j)); });
  }

  // All of what lies beside the windows would have to be computed on its own where a result wants it.
  bool fits_registers() const {
    const bool covers = pool_->oh * pool_->kh == size_.oh && pool_->ow * pool_->kw == size_.ow;
    return pool_->lie_apart(size_.oh, size_.ow) && (covers || !stores_convolved()) &&
           pool_->kh * pool_->kw * 2 + 3 <= cpu_.vector_registers;
  }

  bool stores_convolved() const {
    return std::ranges::any_of(body_.results(),
                               [&](const GraphResult& result) { return !is_pooled(result.value); });
  }

  bool is_pooled(ValueId id) const { return form_.pool && body_.info(id).node == *form_.pool; }
  bool is_statistic(ValueId id) const { return form_.norm && body_.info(id).node == *form_.norm; }

  BufferId argument(ValueId outer) {
    const size_t position = position_of(node_, outer);
    return k_.argument(fmt::format("{}{}", position < node_.operands.size() ? "x" : "y", position),
                       graph_.type(outer), position);
  }

  void bind() {
    values_.resize(body_.values().size());
    buffers_.resize(body_.values().size());
    for (size_t i = 0; i < body_.inputs().size(); ++i) {
      const ValueId id = body_.inputs()[i];
      buffers_[id.index] = argument(own_.operands[i]);
      if (body_.type(id).shape.size() == 4 && body_.type(id).shape[0].size == size_.n)
        values_[id.index] = BatchValue(k_, buffers_[id.index], graph_.type(own_.operands[i]));
    }
    for (size_t i = 0; i < body_.results().size(); ++i) {
      const ValueId id = body_.results()[i].value;
      if (is_statistic(id)) continue;
      values_[id.index] = BatchValue(k_, argument(own_.results[i]), graph_.type(own_.results[i]));
    }
    if (form_.pool && !pools_in_registers_ && !values_[form_.pooled_from.index]) {
      const Type rows{DType::f32, {vector_size, size_.o, size_.oh, size_.ow}, batch_blocked(4)};
      convolved_rows_ = k_.workspace("convolved", DType::f32, size_.o * size_.oh * size_.ow * vector_size);
      values_[form_.pooled_from.index] = BatchValue(k_, convolved_rows_, rows);
      rows_of_thread_ = true;
    }
  }

  ValueId x() const { return body_.node(form_.product).operands[0]; }
  ValueId weight() const { return body_.node(form_.product).operands[1]; }
  std::optional<ValueId> bias() const {
    const auto& operands = body_.node(form_.product).operands;
    return operands.size() > 2 && operands[2].valid() ? std::optional(operands[2]) : std::nullopt;
  }

  // Padding, and samples that lie apart, are dealt with once for each row and not for each multiplication.
  bool is_packed() const {
    const bool padded = size_.top != 0 || size_.left != 0 ||
                        (size_.oh - 1) * size_.stride_h + size_.kernel_rows() > size_.h ||
                        packed_width() > size_.w;
    return padded || walks_channels_ || graph_.type(own_.operands[0]).layout.is_plain();
  }
  int64_t packed_width() const { return columns_read(size_); }
  int64_t packed_height() const { return (band_ * rows_ - 1) * size_.stride_h + size_.kernel_rows(); }
  // From channel to channel, in vectors: an odd number, so that neighbours do not want the same place in a
  // cache.
  int64_t packed_plane() const {
    const int64_t plane = packed_height() * packed_width();
    return walks_channels_ ? plane | 1 : plane;
  }

  void pack() {
    packed_ = k_.workspace("packed", DType::f32, size_.group_c() * packed_plane() * vector_size);
    k_.loop("c", 0, size_.group_c(), [&](Index c) {
      k_.loop("row", 0, packed_height(), [&](Index row) {
        const Index from = first_group_ * (rows_ * size_.stride_h) + row - size_.top;
        k_.when({from, size_.h - 1 - from}, [&] { pack_row(c, row, from); });
        k_.when({-1 - from}, [&] { clear(c, row, 0, packed_width()); });
        k_.when({from - size_.h}, [&] { clear(c, row, 0, packed_width()); });
      });
    });
  }

  void pack_row(const Index& c, const Index& row, const Index& from) {
    // A kernel that fits into the padding may leave some columns, or all, unread.
    const int64_t left = std::min(size_.left, packed_width()),
                  width = std::min(size_.w, packed_width() - left);
    clear(c, row, 0, left);
    if (width > 0)
      k_.loop("w", 0, width, [&](Index w) {
        k_.store({.buffer = packed_, .index = packed_index(c, row, w + left)},
                 values_[x().index]->load(block_, {channel_of_x(c), from, w}));
      });
    clear(c, row, left + width, packed_width());
  }

  void clear(const Index& c, const Index& row, int64_t from, int64_t to) {
    if (from >= to) return;
    k_.loop("w", from, to, [&](Index w) {
      k_.store({.buffer = packed_, .index = packed_index(c, row, w)}, k_.number(DType::f32, 0, true));
    });
  }

  Index packed_index(const Index& c, const Index& row, const Index& column) const {
    return (c * packed_plane() + row * packed_width() + column) * vector_size;
  }

  // Of a channel of the group.
  Index channel_of_x(const Index& c) const { return group_ * size_.group_c() + c; }

  // Row `row` of the band's results at kernel row ky.
  Expr load_x(const Index& c, const Index& group, const Index& row, const Index& ky, const Index& column,
              const Index& kx) {
    const Index own = (group * rows_ + row) * size_.stride_h + ky * size_.dilation_h,
                from = column * size_.stride_w + kx * size_.dilation_w;
    if (is_packed()) return k_.load({.buffer = packed_, .index = packed_index(c, own, from)}, true);
    return values_[x().index]->load(block_,
                                    {channel_of_x(c), first_group_ * (rows_ * size_.stride_h) + own, from});
  }

  Expr load_weight(const Index& o, const Index& c, const Index& ky, const Index& kx) {
    const Index index =
        by_data_ ? ((c * size_.o + o) * size_.kh + (size_.kh - 1 - ky)) * size_.kw + (size_.kw - 1 - kx)
                 : ((o * size_.group_c() + c) * size_.kh + ky) * size_.kw + kx;
    return k_.load({.buffer = buffers_[weight().index], .index = index, .lane_stride = 0}, true);
  }

  void write_tile(const Block& block) {
    const TileHandle sum = k_.tile("sum", DType::f32, true, {block.channels, rows_, block.width});
    over(block, [&](Index i, Index r, Index j) {
      sum.set({i, r, j}, initial(group_ * size_.group_o() + block.o + i));
    });
    add_products(sum, {0, {size_.group_c()}}, block);
    finish(sum, block);
  }

  void add_products(const TileHandle& sum, const Channels& channels, const Block& block) {
    k_.loop("c", std::vector<Index>{0}, channels.count, [&](Index c) {
      k_.loop("ky", 0, size_.kh, [&](Index ky) {
        k_.unroll("kx", size_.kw, [&](Index kx) {
          multiply(sum, group_ * size_.group_o() + block.o, block.channels, channels.first + c, block.group,
                   ky, block.column, block.width, kx);
        });
      });
    });
  }

  void finish(const TileHandle& sum, const Block& block) {
    const Index o = group_ * size_.group_o() + block.o;
    over(block, [&](Index i, Index r, Index j) {
      finish_element(sum, {i, r, j}, o + i, block.group, block.column + j);
    });
    if (pools_in_registers_) pool_tile(sum, o, block.channels, block.group, block.column, block.width);
    if (moments_)
      moments_->add(block.o, {sum, block.channels, rows_, block.width},
                    values_[form_.normalized_from.index]->count(block_));
  }

  Expr initial(const Index& o) {
    if (!bias()) return k_.number(DType::f32, 0, true);
    return k_.load({.buffer = buffers_[bias()->index], .index = o, .lane_stride = 0}, true);
  }

  void multiply(const TileHandle& sum, const Index& o, int64_t channels, const Index& c, const Index& group,
                const Index& ky, const Index& column, int64_t width, const Index& kx) {
    const TileHandle x = k_.tile("x", DType::f32, true, {rows_, width});
    k_.unroll("r", rows_, [&](Index r) {
      k_.unroll("j", width, [&](Index j) { x.set({r, j}, load_x(c, group, r, ky, column + j, kx)); });
    });
    k_.unroll("i", channels, [&](Index i) {
      const Expr w = k_.let("w", load_weight(o + i, c, ky, kx));
      k_.unroll("r", rows_, [&](Index r) {
        k_.unroll("j", width, [&](Index j) { sum.set({i, r, j}, multiply_add(x(r, j), w, sum(i, r, j))); });
      });
    });
  }

  // The elementwise ops on one sum; what a pool or a norm reads goes back into its register.
  void finish_element(const TileHandle& sum, const std::vector<Index>& at, const Index& o, const Index& group,
                      const Index& column) {
    const Index row = (first_group_ + group) * rows_ + at[1];
    Expressions value(k_, body_, true, [&](ValueId id) -> std::optional<Expr> {
      if (id == form_.made) return sum.read(at);
      if (body_.info(id).kind != ValueKind::input) return std::nullopt;
      if (values_[id.index]) return values_[id.index]->load(block_, {o, row, column});
      return k_.load({.buffer = buffers_[id.index], .index = 0, .lane_stride = 0}, true);
    });
    for (const GraphResult& result : body_.results())
      if (!is_pooled(result.value) && !is_statistic(result.value))
        values_[result.value.index]->store(block_, {o, row, column}, value(result.value));
    if (form_.norm) sum.set(at, value(form_.normalized_from));
    if (!form_.pool) return;
    const Expr pooled_from = value(form_.pooled_from);
    if (pools_in_registers_)
      sum.set(at, pooled_from);
    else if (rows_of_thread_)
      values_[form_.pooled_from.index]->store(0, {o, row, column}, pooled_from);
  }

  void pool_tile(const TileHandle& sum, const Index& o, int64_t channels, const Index& group,
                 const Index& column, int64_t width) {
    // Columns begin at whole windows: their first pooled column is an index too.
    const Index first = divided(column, pool_->kw);
    k_.unroll("i", channels, [&](Index i) {
      k_.unroll("q", width / pool_->kw, [&](Index q) {
        PoolTaps taps(k_, body_.node(*form_.pool), *pool_);
        k_.unroll("r", pool_->kh, [&](Index r) {
          k_.unroll("s", pool_->kw, [&](Index s) { taps.add(sum(i, r, q * pool_->kw + s), r, s); });
        });
        store_pooled(taps, o + i, first_group_ + group, first + q);
      });
    });
  }

  void pool_rows() {
    k_.loop("o", 0, size_.group_o(), [&](Index o) {
      k_.loop("p", 0, pool_->oh, [&](Index p) {
        k_.loop("q", 0, pool_->ow, [&](Index q) { pool_window(group_ * size_.group_o() + o, p, q); });
      });
    });
  }

  void pool_window(const Index& o, const Index& p, const Index& q) {
    const Index top = p * pool_->stride_h - pool_->top, left = q * pool_->stride_w - pool_->left;
    const Index from_block = rows_of_thread_ ? Index(0) : block_;
    PoolTaps taps(k_, body_.node(*form_.pool), *pool_);
    over_window_taps("i", top, {pool_->kh, pool_->dilation_h}, size_.oh, [&](Index i, Index row) {
      over_window_taps("j", left, {pool_->kw, pool_->dilation_w}, size_.ow, [&](Index j, Index column) {
        taps.add(values_[form_.pooled_from.index]->load(from_block, {o, row, column}), i, j);
      });
    });
    store_pooled(taps, o, p, q);
  }

  struct Taps {
    int64_t count, dilation;
  };

  // Of a window along one dimension, those that lie inside.
  void over_window_taps(const char* name, const Index& first, const Taps& taps, int64_t size,
                        const std::function<void(Index tap, Index at)>& body) {
    if (taps.dilation == 1)
      return k_.loop(name, std::vector<Index>{0, Index(0) - first}, {taps.count, size - first},
                     [&](Index tap) { body(tap, first + tap); });
    k_.loop(name, 0, taps.count, [&](Index tap) {
      const Index at = first + tap * taps.dilation;
      k_.when({at, size - 1 - at}, [&] { body(tap, at); });
    });
  }

  void store_pooled(const PoolTaps& taps, const Index& o, const Index& p, const Index& q) {
    const Node& pool = body_.node(*form_.pool);
    if (values_[pool.results[0].index])
      values_[pool.results[0].index]->store(block_, {o, p, q}, taps.value());
    if (pool.results.size() > 1 && values_[pool.results[1].index])
      values_[pool.results[1].index]->store(block_, {o, p, q},
                                            k_.cast(taps.argmax(), body_.type(pool.results[1]).dtype));
  }

  const Graph& graph_;
  const Node& node_;
  NodeBody own_;
  const Graph& body_;
  const CpuTarget& cpu_;
  KernelBuilder k_;
  ProductForm form_;
  Convolution size_;
  bool by_data_;
  std::optional<PoolSizes> pool_;
  bool pools_in_registers_ = false, rows_of_thread_ = false;
  TileShape tile_{};
  int64_t row_groups_ = 0;  ///< rows of results, or of windows that registers pool
  int64_t rows_ = 1;        ///< of results in a group of rows
  int64_t columns_ = 0;     ///< of results, those that registers pool
  bool walks_channels_ = false;
  int64_t band_ = 0;  ///< groups of rows of a unit
  Index block_, first_group_;
  Index group_;                                    ///< of channels
  std::vector<BufferId> buffers_;                  ///< by value of the body
  std::vector<std::optional<BatchValue>> values_;  ///< those with samples
  BufferId packed_ = -1, convolved_rows_ = -1;
  BufferId waiting_ = -1;  ///< sums of a group of rows
  std::optional<ChannelMoments> moments_;
};

}  // namespace

std::optional<BatchProduct> far_backward_data(const Convolution& size) {
  const int64_t gradient_bytes = size.o * size.oh * size.ow * vector_size * size_of(DType::f32);
  if (!size.is_dense() || size.stride_h != 1 || size.stride_w != 1 || gradient_bytes <= far_gradient_bytes)
    return std::nullopt;
  Convolution mirrored = size;
  std::swap(mirrored.c, mirrored.o);
  std::swap(mirrored.h, mirrored.oh);
  std::swap(mirrored.w, mirrored.ow);
  mirrored.top = size.kh - 1 - size.top;
  mirrored.left = size.kw - 1 - size.left;
  if (mirrored.top < 0 || mirrored.left < 0 || row_bytes(mirrored, 1) <= far_bytes) return std::nullopt;
  return BatchProduct{mirrored, true};
}

Lowered batch_convolution(const Graph& graph, const Node& node, const CpuTarget& cpu, const ProductForm& form,
                          const BatchProduct& product) {
  return BatchConvolutionWriter(graph, node, cpu, form, product).lower();
}

}  // namespace sinter::jit
