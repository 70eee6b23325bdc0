#include <algorithm>

#include "backends/jit/batch_lanes.h"
#include "backends/jit/body_kernel.h"
#include "backends/jit/lowering.h"
#include "backends/jit/machine.h"
#include "backends/jit/sparse_gradient.h"
#include "backends/jit/tile_shape.h"

namespace sinter::jit {
namespace {

constexpr OpKind product = OpKind::conv2d_backward_weights;
constexpr double products_per_second = 3e9;  // of vectors: each loads its x
// Of sixteen channels of a pixel, in each layout of x, and of one element. Sixteen channels of a
// batch-blocked value lie in as many pages.
constexpr double gather_seconds = 4e-9, page_seconds = 40e-9, copy_seconds = 1e-9, element_seconds = 0.5e-9;

SparseForm form_of(const Graph& body) {
  SparseForm form;
  refuses_sparse(body, product, &form);
  return form;
}

// What sixteen lanes hold of a gradient: as many channels, plane by plane, or, of few channels, neighbouring
// taps of a kernel row with all their channels.
struct Lanes {
  bool flat;
  int64_t step, planes, row_vectors;

  explicit Lanes(const Convolution& size) {
    const int64_t blocks = tile_count(size.c, vector_size),
                  flat_vectors = tile_count(size.kw * size.c, vector_size);
    flat = flat_vectors < size.kw * blocks;
    step = flat ? size.c : vector_size;
    planes = flat ? 1 : blocks;
    row_vectors = flat ? flat_vectors : size.kw;
  }
};

// Of output channels, whose sums of weights stay in a second cache; x is packed once for each tile.
int64_t choose_tile_blocks(const Convolution& size, const Lanes& lanes) {
  constexpr int64_t sums_bytes = 512 << 10, wanted_units = 2;
  const int64_t block_bytes = vector_size * lanes.planes * size.kh * lanes.row_vectors * vector_size *
                              static_cast<int64_t>(size_of(DType::f32));
  const int64_t blocks = tile_count(size.o, vector_size);
  return std::clamp<int64_t>(sums_bytes / block_bytes, 1, tile_count(blocks, wanted_units));
}

// Each unit makes the weights of a tile of output channels: for each band of windows of each sample, x into a
// padded tile and the gradients into lists, then for each vector of weights a product for each gradient.
class SparseWeightsWriter {
 public:
  SparseWeightsWriter(const Graph& graph, const Node& node, const CpuTarget& cpu)
      : kernel_(graph, node),
        k_(kernel_.k),
        form_(form_of(kernel_.body())),
        size_(form_.convolution),
        lanes_(size_),
        grid_(form_, lanes_.step),
        band_(choose_band(form_, grid_)),
        blocks_(choose_tile_blocks(size_, lanes_)),
        vectors_(size_.kh * lanes_.row_vectors),
        // Beside the sums: a gradient, and x where it cannot be an operand from memory.
        chunk_(std::min<int64_t>(vectors_, std::max(1, cpu.vector_registers - 3))),
        skip_zeros_(pays_to_skip_zeros(lanes_.planes * vectors_, cpu)) {}

  Kernel write() {
    ot_ = k_.parallel({{"ot", tile_count(size_.o, blocks_ * vector_size)}})[0];
    bind();
    channels_ = std::min(size_.o, blocks_ * vector_size);
    GradientLists lists(k_, form_, grid_, value(form_.dy), value(form_.argmax), band_, channels_,
                        skip_zeros_);
    make_workspace();
    lists.prepare();
    clear(sums_, lanes_.planes * channels_ * vectors_);
    if (form_.bias) clear(bias_sums_, channels_);
    k_.loop("block", 0, batch_blocks(size_.n), [&](Index block) {
      k_.loop("lane", std::vector<Index>{0}, {vector_size, size_.n - block * vector_size}, [&](Index lane) {
        k_.loop("p", 0, tile_count(form_.pool.oh, band_), [&](Index band) {
          add_band(lists, {block, lane}, band * band_);
        });
      });
    });
    over_channels([&](const Index& o) { store(o); });
    return kernel_.finish();
  }

 private:
  PixelValue value(ValueId id) { return {k_, kernel_.buffer(id), kernel_.type(id)}; }

  void bind() {
    const Node& node = kernel_.body().node(form_.product);
    x_.emplace(value(node.operands[0]));
    dw_ = kernel_.buffer(node.results[0]);
    if (form_.bias) bias_ = kernel_.buffer(*form_.bias);
  }

  // Of the tile, those that are there.
  void over_channels(const KernelBuilder::Body& body) {
    k_.loop("o", std::vector<Index>{0}, {channels_, size_.o - ot_ * (blocks_ * vector_size)}, body);
  }

  void add_band(GradientLists& lists, const Sample& sample, const Index& first) {
    pack(sample, first);
    k_.loop("ob", 0, blocks_, [&](Index block) {
      const Index own = ot_ * blocks_ + block;
      k_.when({tile_count(size_.o, vector_size) - 1 - own}, [&] {
        k_.loop("o", std::vector<Index>{0}, {vector_size, size_.o - own * vector_size}, [&](Index o) {
          collect(lists, sample, {own, o}, first, block * vector_size + o);
        });
      });
    });
    k_.loop("plane", 0, lanes_.planes, [&](Index plane) {
      over_channels([&](const Index& o) { add(lists, plane, plane * channels_ + o, o); });
    });
  }

  void make_workspace() {
    plane_elements_ = grid_.rows(band_) * grid_.width * lanes_.step;
    tile_ = k_.workspace("tile", DType::f32, lanes_.planes * plane_elements_ + vector_size);
    sums_ = k_.workspace("sums", DType::f32, lanes_.planes * channels_ * vectors_ * vector_size);
    if (form_.bias) bias_sums_ = k_.workspace("bias_sums", DType::f32, channels_ * vector_size);
  }

  void clear(BufferId buffer, int64_t vectors) {
    k_.loop("i", 0, vectors, [&](Index i) {
      k_.store({.buffer = buffer, .index = i * vector_size}, k_.number(DType::f32, 0, true));
    });
  }

  // ---- x, with zeros around it

  void pack(const Sample& sample, const Index& first) {
    k_.loop("row", 0, grid_.rows(band_), [&](Index row) {
      const Index from = first * (form_.pool.stride_h * grid_.row_pixels) + row - grid_.top;
      k_.when({from, size_.h - 1 - from}, [&] {
        clear_pixels(row, 0, grid_.left);
        lanes_.flat ? copy_elements(sample, row, from) : copy_channels(sample, row, from);
        clear_pixels(row, grid_.left + size_.w, grid_.width);
      });
      k_.when({-1 - from}, [&] { clear_pixels(row, 0, grid_.width); });
      k_.when({from - size_.h}, [&] { clear_pixels(row, 0, grid_.width); });
    });
  }

  Index pixel_at(const Index& row, const Index& column) const {
    return (row * grid_.width + column) * lanes_.step;
  }

  void clear_pixels(const Index& row, int64_t from, int64_t to) {
    if (from >= to) return;
    k_.loop("plane", 0, lanes_.planes, [&](Index plane) {
      k_.loop("i", from * lanes_.step, to * lanes_.step, [&](Index i) {
        k_.store({.buffer = tile_, .index = plane * plane_elements_ + pixel_at(row, 0) + i},
                 k_.number(DType::f32, 0, false));
      });
    });
  }

  void copy_channels(const Sample& sample, const Index& row, const Index& from) {
    k_.loop("plane", 0, lanes_.planes, [&](Index plane) {
      k_.loop("w", 0, size_.w, [&](Index w) {
        k_.store({.buffer = tile_, .index = plane * plane_elements_ + pixel_at(row, w + grid_.left)},
                 k_.load(x_->channels_at(sample, plane, from * size_.w + w), true));
      });
    });
  }

  // An element at a time: lanes would lie apart on one side or the other.
  void copy_elements(const Sample& sample, const Index& row, const Index& from) {
    k_.loop("cb", 0, tile_count(size_.c, vector_size), [&](Index block) {
      k_.loop("c", std::vector<Index>{0}, {vector_size, size_.c - block * vector_size}, [&](Index c) {
        const Channel channel{block, c};
        k_.loop("w", 0, size_.w, [&](Index w) {
          k_.store({.buffer = tile_, .index = pixel_at(row, w + grid_.left) + channel.number()},
                   k_.load(x_->one(sample, channel, from * size_.w + w), false));
        });
      });
    });
  }

  // ---- gradients

  void collect(GradientLists& lists, const Sample& sample, const Channel& channel, const Index& first,
               const Index& slot) {
    if (!form_.bias) return lists.collect(sample, channel, first, slot);
    lists.collect(sample, channel, first, slot, [&](const Expr& dy) {
      const Access at{.buffer = bias_sums_, .index = slot * vector_size};
      k_.store(at, k_.load(at, true) + dy);
    });
  }

  Index tap_at(int64_t vector) const {
    return (vector / lanes_.row_vectors) * grid_.width * lanes_.step +
           (vector % lanes_.row_vectors) * vector_size;
  }

  void add(const GradientLists& lists, const Index& plane, const Index& sum, const Index& slot) {
    for (int64_t first = 0; first < vectors_; first += chunk_) {
      const int64_t count = std::min(chunk_, vectors_ - first);
      const TileHandle sums = k_.tile("sum", DType::f32, true, {count});
      const auto each = [&](const std::function<void(Index, Access)>& body) {
        k_.unroll("i", count, [&](Index i) {
          body(i, {.buffer = sums_, .index = (sum * vectors_ + first + i) * vector_size});
        });
      };
      each([&](Index i, const Access& at) { sums.set({i}, k_.load(at, true)); });
      lists.over(slot, [&](const Expr& place, const Expr& value) {
        for (int64_t i = 0; i < count; ++i) {
          const Expr x = k_.load({.buffer = tile_,
                                  .index = plane * plane_elements_ + tap_at(first + i),
                                  .offset = Offset{place.id(), lists.places()}},
                                 true);
          sums.set({i}, multiply_add(x, value, sums(i)));
        }
      });
      each([&](Index i, const Access& at) { k_.store(at, sums(i)); });
    }
  }

  // ---- results

  void store(const Index& o) {
    const Index row = ot_ * (blocks_ * vector_size) + o;
    lanes_.flat ? store_elements(row, o) : store_channels(row, o);
    if (form_.bias)
      k_.store({.buffer = bias_, .index = row},
               k_.apply(Op::sum_lanes, {k_.load({.buffer = bias_sums_, .index = o * vector_size}, true)}));
  }

  void store_channels(const Index& row, const Index& o) {
    const int64_t taps = size_.kh * size_.kw;
    k_.loop("plane", 0, lanes_.planes, [&](Index plane) {
      k_.loop("tap", 0, taps, [&](Index tap) {
        Access to{
            .buffer = dw_, .index = (row * size_.c + plane * vector_size) * taps + tap, .lane_stride = taps};
        if (size_.c % vector_size != 0) to.count = size_.c - plane * vector_size;
        k_.store(to,
                 k_.load({.buffer = sums_, .index = ((plane * channels_ + o) * vectors_ + tap) * vector_size},
                         true));
      });
    });
  }

  void store_elements(const Index& row, const Index& o) {
    k_.loop("ky", 0, size_.kh, [&](Index ky) {
      k_.loop("kx", 0, size_.kw, [&](Index kx) {
        k_.loop("c", 0, size_.c, [&](Index c) {
          const Index from = (o * vectors_ + ky * lanes_.row_vectors) * vector_size + kx * size_.c + c;
          k_.store({.buffer = dw_, .index = ((row * size_.c + c) * size_.kh + ky) * size_.kw + kx},
                   k_.load({.buffer = sums_, .index = from}, false));
        });
      });
    });
  }

  BodyKernel kernel_;
  KernelBuilder& k_;
  SparseForm form_;
  Convolution size_;
  Lanes lanes_;
  PixelGrid grid_;
  int64_t band_;     ///< rows of windows whose x is in the tile
  int64_t blocks_;   ///< of sixteen output channels that a unit makes
  int64_t vectors_;  ///< of weights, of an output channel and a plane
  int64_t chunk_;    ///< of these, whose sums are in registers at a time
  bool skip_zeros_;
  int64_t plane_elements_ = 0, channels_ = 0;
  Index ot_;
  std::optional<PixelValue> x_;
  BufferId dw_ = -1, bias_ = -1, tile_ = -1, sums_ = -1, bias_sums_ = -1;
};

// Of one unit, which packs all of x.
double pack_seconds(const Convolution& size, const Layout& x) {
  const Lanes lanes(size);
  const auto pixels = static_cast<double>(size.n * size.h * size.w);
  if (lanes.flat) return pixels * static_cast<double>(size.c) * element_seconds;
  return pixels * static_cast<double>(lanes.planes) *
         (x == channel_blocked() ? copy_seconds
          : x.is_plain()         ? gather_seconds
                                 : page_seconds);
}

std::vector<Implementation> implementations(const Graph& graph, const Node& node, std::span<const Layout>) {
  const NodeBody own = body_of(graph, node);
  SparseForm form;
  if (refuses_sparse(own.body, product, &form)) return {};
  const Convolution& size = form.convolution;
  const Lanes lanes(size);
  const ValueId x = own.body.node(form.product).operands[0];
  Type dy = own.body.type(form.dy);
  // Beside the products of a gradient its place and value are read.
  const double products =
      expected_gradients(dy.shape) * static_cast<double>(lanes.planes * (size.kh * lanes.row_vectors + 2));
  const auto units = static_cast<double>(tile_count(size.o, choose_tile_blocks(size, lanes) * vector_size));
  const Layout layouts[] = {{}, channel_blocked(), batch_blocked(4)};
  std::vector<Implementation> ways;
  for (const Layout& of_x : layouts)
    for (const Layout& of_dy : layouts) {
      dy.layout = of_dy;
      Implementation way{{}, std::vector<Layout>(node.results.size()), call_seconds};
      way.seconds += products / products_per_second + pack_seconds(size, of_x) * units + list_seconds(dy);
      way.least_flops_share = 0;
      for (const ValueId id : own.body.inputs()) way.operands.push_back(id == x ? of_x : of_dy);
      ways.push_back(std::move(way));
    }
  return ways;
}

Lowered lower(const Graph& graph, const Node& node, const CpuTarget& cpu) {
  return {{SparseWeightsWriter(graph, node, cpu).write()}, 0};
}

}  // namespace

std::optional<std::string> refuses_sparse_weights_body(const Graph& body) {
  return refuses_sparse(body, product, nullptr);
}

const Lowering sparse_backward_weights_lowering = {implementations, lower};

}  // namespace sinter::jit
