#include <algorithm>

#include "backends/jit/batch_lanes.h"
#include "backends/jit/body_kernel.h"
#include "backends/jit/lowering.h"
#include "backends/jit/machine.h"
#include "backends/jit/sparse_gradient.h"
#include "backends/jit/tile_shape.h"

namespace sinter::jit {
namespace {

constexpr OpKind product = OpKind::conv2d_backward_data;
constexpr double products_per_second = 2e9;  // of vectors: each loads and stores its dx
// Of sixteen channels of a pixel, in each layout of dx. Sixteen channels of a batch-blocked value lie in as
// many pages.
constexpr double scatter_seconds = 8e-9, page_seconds = 40e-9, store_seconds = 2e-9;

SparseForm form_of(const Graph& body) {
  SparseForm form;
  refuses_sparse(body, product, &form);
  return form;
}

// Weights as the gradients meet them: for each output channel and tap sixteen input channels together.
class PackedWeights {
 public:
  explicit PackedWeights(const Convolution& size)
      : size_(size), planes_(tile_count(size.c, vector_size)), taps_(size.kh * size.kw) {}

  int64_t elements() const { return planes_ * size_.o * taps_ * vector_size; }
  Index at(const Index& plane, const Index& o, const Index& tap) const {
    return ((plane * size_.o + o) * taps_ + tap) * vector_size;
  }

  Kernel pack(const Graph& graph, const Node& node) const {
    BodyKernel kernel(graph, node);
    KernelBuilder& k = kernel.k;
    const auto place = k.parallel({{"plane", planes_}, {"o", size_.o}});
    const Index plane = place[0], o = place[1];
    const BufferId weight = kernel.buffer(kernel.body().node(form_of(kernel.body()).product).operands[1]);
    const BufferId packed = k.scratch("packed", DType::f32, elements(), 0);
    k.loop("tap", 0, taps_, [&](Index tap) {
      Access from{
          .buffer = weight, .index = (o * size_.c + plane * vector_size) * taps_ + tap, .lane_stride = taps_};
      if (size_.c % vector_size != 0) from.count = size_.c - plane * vector_size;
      k.store({.buffer = packed, .index = at(plane, o, tap)}, k.load(from, true));
    });
    return kernel.finish();
  }

 private:
  Convolution size_;
  int64_t planes_, taps_;
};

// Each unit makes dx of one sample, sixteen channels in the lanes, in a padded tile: for each band of windows
// the gradients of all output channels into lists, then for each gradient a product for each weight.
class SparseDataWriter {
 public:
  SparseDataWriter(const Graph& graph, const Node& node, const CpuTarget& cpu)
      : kernel_(graph, node),
        k_(kernel_.k),
        form_(form_of(kernel_.body())),
        size_(form_.convolution),
        weights_(size_),
        grid_(form_, vector_size),
        band_(choose_band(form_, grid_)),
        planes_(tile_count(size_.c, vector_size)),
        rows_(std::max(
            ((tile_count(form_.pool.oh, band_) - 1) * band_) * form_.pool.stride_h * grid_.row_pixels +
                grid_.rows(band_),
            size_.h + grid_.top)),
        // Beside the weights: a gradient and what is added to.
        chunk_(std::min<int64_t>(size_.kh * size_.kw, std::max(1, cpu.vector_registers - 4))),
        skip_zeros_(pays_to_skip_zeros(planes_ * size_.kh * size_.kw, cpu)),
        made_(kernel_.body().node(form_.product).results[0]) {}

  Kernel write() {
    const GraphResult& result = kernel_.body().results()[0];
    const bool has_empty_lanes =
        kernel_.type(result.value).layout == batch_blocked(4) && size_.n % vector_size != 0;
    const auto at = k_.parallel({{"block", batch_blocks(size_.n)},
                                 {"lane", has_empty_lanes ? vector_size : std::min(size_.n, vector_size)}});
    const Sample sample{at[0], at[1]};
    GradientLists lists(k_, form_, grid_, value(form_.dy), value(form_.argmax), band_, size_.o, skip_zeros_);
    packed_ = k_.scratch("packed", DType::f32, weights_.elements(), 0);
    tile_ = k_.workspace("tile", DType::f32, planes_ * plane_elements());
    k_.when({size_.n - 1 - sample.number()}, [&] { write_sample(lists, sample); });
    if (has_empty_lanes) k_.when({sample.number() - size_.n}, [&] { clear_sample(sample); });
    return kernel_.finish();
  }

 private:
  PixelValue value(ValueId id) { return {k_, kernel_.buffer(id), kernel_.type(id)}; }
  int64_t plane_elements() const { return rows_ * grid_.width * vector_size; }

  void write_sample(GradientLists& lists, const Sample& sample) {
    lists.prepare();
    k_.loop("i", 0, planes_ * rows_ * grid_.width, [&](Index i) {
      k_.store({.buffer = tile_, .index = i * vector_size}, k_.number(DType::f32, 0, true));
    });
    k_.loop("p", 0, tile_count(form_.pool.oh, band_), [&](Index band) {
      k_.loop("ob", 0, tile_count(size_.o, vector_size), [&](Index block) {
        k_.loop("o", std::vector<Index>{0}, {vector_size, size_.o - block * vector_size}, [&](Index o) {
          lists.collect(sample, {block, o}, band * band_, block * vector_size + o);
        });
      });
      const Index start = band * (band_ * form_.pool.stride_h * grid_.row_pixels * grid_.width * vector_size);
      k_.loop("plane", 0, planes_, [&](Index plane) {
        k_.loop("o", 0, size_.o, [&](Index o) { add(lists, plane, plane * plane_elements() + start, o); });
      });
    });
    over_pixels([&](const Index& plane, const Index& y, const Index& x) { finish(sample, plane, y, x); });
  }

  // Lanes without a sample hold zeros.
  void clear_sample(const Sample& sample) {
    over_pixels([&](const Index& plane, const Index& y, const Index& x) {
      for (const GraphResult& result : kernel_.body().results())
        value(result.value).store_channels(sample, plane, y * size_.w + x, k_.number(DType::f32, 0, true));
    });
  }

  void over_pixels(const std::function<void(const Index& plane, const Index& y, const Index& x)>& body) {
    k_.loop("plane", 0, planes_, [&](Index plane) {
      k_.loop("y", 0, size_.h,
              [&](Index y) { k_.loop("x", 0, size_.w, [&](Index x) { body(plane, y, x); }); });
    });
  }

  void add(const GradientLists& lists, const Index& plane, const Index& start, const Index& o) {
    const int64_t taps = size_.kh * size_.kw;
    for (int64_t first = 0; first < taps; first += chunk_) {
      const int64_t count = std::min(chunk_, taps - first);
      const TileHandle weight = k_.tile("weight", DType::f32, true, {count});
      for (int64_t i = 0; i < count; ++i)
        weight.set({i}, k_.load({.buffer = packed_, .index = weights_.at(plane, o, first + i)}, true));
      lists.over(o, [&](const Expr& place, const Expr& value) {
        for (int64_t i = 0; i < count; ++i) {
          const int64_t ky = (first + i) / size_.kw, kx = (first + i) % size_.kw;
          const Access at{.buffer = tile_,
                          .index = start + (ky * grid_.width + kx) * vector_size,
                          .offset = Offset{place.id(), lists.places()}};
          k_.store(at, multiply_add(weight(i), value, k_.load(at, true)));
        }
      });
    }
  }

  // Sixteen channels of a pixel, and what the ops behind make of them.
  void finish(const Sample& sample, const Index& plane, const Index& y, const Index& x) {
    const Index from = ((y + grid_.top) * grid_.width + x + grid_.left) * vector_size;
    const Expr dx = k_.load({.buffer = tile_, .index = plane * plane_elements() + from}, true);
    const Index pixel = y * size_.w + x;
    const EpiloguePlace place = {
        [&](ValueId id) {
          if (element_count(kernel_.type(id).shape) == 1) return kernel_.spread(id, 0);
          return k_.load(value(id).channels_at(sample, plane, pixel), true);
        },
        [&](ValueId id, const Expr& result) { value(id).store_channels(sample, plane, pixel, result); }};
    write_epilogue(k_, kernel_.body(), made_, dx, place);
  }

  BodyKernel kernel_;
  KernelBuilder& k_;
  SparseForm form_;
  Convolution size_;
  PackedWeights weights_;
  PixelGrid grid_;
  int64_t band_;  ///< rows of windows whose gradients are in lists at a time
  int64_t planes_, rows_;
  int64_t chunk_;  ///< of the taps whose weights are in registers at a time
  bool skip_zeros_;
  ValueId made_;
  BufferId packed_ = -1, tile_ = -1;
};

double finish_seconds(const Convolution& size, const Layout& dx) {
  const auto vectors = static_cast<double>(size.n * tile_count(size.c, vector_size) * size.h * size.w);
  return vectors * (dx == channel_blocked() ? store_seconds : dx.is_plain() ? scatter_seconds : page_seconds);
}

std::vector<Implementation> implementations(const Graph& graph, const Node& node, std::span<const Layout>) {
  const NodeBody own = body_of(graph, node);
  SparseForm form;
  if (refuses_sparse(own.body, product, &form)) return {};
  const Convolution& size = form.convolution;
  const ValueId weight = own.body.node(form.product).operands[1];
  Type dy = own.body.type(form.dy);
  const double products =
      expected_gradients(dy.shape) * static_cast<double>(tile_count(size.c, vector_size) * size.kh * size.kw);
  const Layout layouts[] = {{}, channel_blocked(), batch_blocked(4)};
  std::vector<Implementation> ways;
  for (const Layout& of_dx : layouts)
    for (const Layout& of_dy : layouts) {
      dy.layout = of_dy;
      Implementation way{{}, std::vector<Layout>(node.results.size(), of_dx), call_seconds};
      way.seconds += products / products_per_second + list_seconds(dy) + finish_seconds(size, of_dx);
      way.least_flops_share = 0;
      for (const ValueId id : own.body.inputs()) {
        const bool pooled = id == form.dy || id == form.argmax;
        const bool plain = id == weight || element_count(own.body.type(id).shape) == 1;
        way.operands.push_back(pooled ? of_dy : plain ? Layout{} : of_dx);
      }
      ways.push_back(std::move(way));
    }
  return ways;
}

Lowered lower(const Graph& graph, const Node& node, const CpuTarget& cpu) {
  const NodeBody own = body_of(graph, node);
  const PackedWeights weights(form_of(own.body).convolution);
  return {{weights.pack(graph, node), SparseDataWriter(graph, node, cpu).write()},
          weights.elements() * size_of(DType::f32)};
}

}  // namespace

std::optional<std::string> refuses_sparse_data_body(const Graph& body) {
  return refuses_sparse(body, product, nullptr);
}

const Lowering sparse_backward_data_lowering = {implementations, lower};

}  // namespace sinter::jit
