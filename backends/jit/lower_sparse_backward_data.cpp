#include <algorithm>

#include "backends/jit/batch_lanes.h"
#include "backends/jit/body_kernel.h"
#include "backends/jit/lowering.h"
#include "backends/jit/machine.h"
#include "backends/jit/sparse_data_sums.h"
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

Kernel pack_weights(const Graph& graph, const Node& node) {
  BodyKernel kernel(graph, node);
  KernelBuilder& k = kernel.k;
  const SparseForm form = form_of(kernel.body());
  const Convolution& size = form.convolution;
  const PackedWeights weights(form);
  const auto place = k.parallel({{"plane", weights.planes()}, {"o", size.o}});
  const Index plane = place[0], o = place[1];
  const BufferId weight = kernel.buffer(kernel.body().node(form.product).operands[1]);
  const BufferId packed = k.scratch("packed", DType::f32, weights.elements(), 0);
  k.loop("tap", 0, weights.taps(), [&](Index tap) {
    Access from{.buffer = weight,
                .index = (o * size.c + plane * vector_size) * weights.taps() + tap,
                .lane_stride = weights.taps()};
    if (size.c % vector_size != 0) from.count = size.c - plane * vector_size;
    k.store({.buffer = packed, .index = weights.at(plane, o, tap)}, k.load(from, true));
  });
  return kernel.finish();
}

// Each unit makes dx of one sample, sixteen channels in the lanes: for each band of windows the gradients of
// all output channels into lists, then what they add to each plane of a padded tile. The tile has the pixels
// that a band reaches: those that no later band does are finished, the others move to its top.
class SparseDataWriter {
 public:
  SparseDataWriter(const Graph& graph, const Node& node, const CpuTarget& cpu)
      : kernel_(graph, node),
        k_(kernel_.k),
        cpu_(cpu),
        form_(form_of(kernel_.body())),
        size_(form_.convolution),
        weights_(form_),
        grid_(form_, vector_size),
        band_(sparse_data_band(form_, grid_, cpu)),
        bands_(tile_count(form_.pool.oh, band_)),
        advance_(band_ * form_.pool.stride_h * grid_.row_pixels),
        height_(std::max(grid_.rows(band_), advance_)),
        rows_(std::max(height_, size_.h + grid_.top - bands_ * advance_)),
        made_(kernel_.body().node(form_.product).results[0]) {}

  Kernel write() {
    const GraphResult& result = kernel_.body().results()[0];
    const bool has_empty_lanes =
        kernel_.type(result.value).layout == batch_blocked(4) && size_.n % vector_size != 0;
    const auto at = k_.parallel({{"block", batch_blocks(size_.n)},
                                 {"lane", has_empty_lanes ? vector_size : std::min(size_.n, vector_size)}});
    const Sample sample{at[0], at[1]};
    const BufferId packed = k_.scratch("packed", DType::f32, weights_.elements(), 0);
    const auto sums = sparse_data_sums(
        k_, {form_, grid_, cpu_, value(form_.dy), value(form_.argmax), kernel_.type(form_.dy), packed});
    tile_ = k_.workspace("tile", DType::f32, weights_.planes() * plane_elements());
    k_.when({size_.n - 1 - sample.number()}, [&] { write_sample(*sums, sample); });
    if (has_empty_lanes) k_.when({sample.number() - size_.n}, [&] { clear_sample(sample); });
    return kernel_.finish();
  }

 private:
  PixelValue value(ValueId id) { return {k_, kernel_.buffer(id), kernel_.type(id)}; }
  int64_t row_elements() const { return grid_.width * vector_size; }
  int64_t plane_elements() const { return rows_ * row_elements(); }

  void write_sample(SparseDataSums& sums, const Sample& sample) {
    clear_vectors(0, weights_.planes() * rows_ * grid_.width);
    k_.loop("band", 0, bands_, [&](Index band) {
      sums.collect(sample, band * band_);
      k_.loop("plane", 0, weights_.planes(), [&](Index plane) {
        sums.add(plane, {.buffer = tile_, .index = plane * plane_elements()});
        finish_rows(sample, plane, band * advance_, advance_);
        move_up(plane);
      });
    });
    if (bands_ * advance_ < size_.h + grid_.top)
      k_.loop("plane", 0, weights_.planes(),
              [&](Index plane) { finish_rows(sample, plane, bands_ * advance_, rows_); });
  }

  void clear_vectors(const Index& start, int64_t vectors) {
    k_.loop("i", 0, vectors, [&](Index i) {
      k_.store({.buffer = tile_, .index = start + i * vector_size}, k_.number(DType::f32, 0, true));
    });
  }

  // Rows of the tile, the first of which is row `start` of the grid, as far as they are rows of dx.
  void finish_rows(const Sample& sample, const Index& plane, const Index& start, int64_t rows) {
    k_.loop("row", {0, grid_.top - start}, {rows, size_.h + grid_.top - start}, [&](Index row) {
      k_.loop("x", 0, size_.w, [&](Index x) {
        const Index from = plane * plane_elements() + row * row_elements() + (x + grid_.left) * vector_size;
        const Expr dx = k_.load({.buffer = tile_, .index = from}, true);
        finish(sample, plane, (start + row - grid_.top) * size_.w + x, dx);
      });
    });
  }

  // From the first row to the last: each is read before it is overwritten.
  void move_up(const Index& plane) {
    const Index start = plane * plane_elements();
    const int64_t kept = (height_ - advance_) * grid_.width;
    k_.loop("i", 0, kept, [&](Index i) {
      k_.store(
          {.buffer = tile_, .index = start + i * vector_size},
          k_.load({.buffer = tile_, .index = start + advance_ * row_elements() + i * vector_size}, true));
    });
    clear_vectors(start + kept * vector_size, advance_ * grid_.width);
  }

  // Lanes without a sample hold zeros.
  void clear_sample(const Sample& sample) {
    k_.loop("plane", 0, weights_.planes(), [&](Index plane) {
      k_.loop("pixel", 0, size_.h * size_.w, [&](Index pixel) {
        for (const GraphResult& result : kernel_.body().results())
          value(result.value).store_channels(sample, plane, pixel, k_.number(DType::f32, 0, true));
      });
    });
  }

  // Sixteen channels of a pixel, and what the ops behind make of them.
  void finish(const Sample& sample, const Index& plane, const Index& pixel, const Expr& dx) {
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
  const CpuTarget& cpu_;
  SparseForm form_;
  Convolution size_;
  PackedWeights weights_;
  PixelGrid grid_;
  int64_t band_, bands_;  ///< rows of windows whose gradients are in lists at a time
  int64_t advance_;       ///< rows of pixels from a band to the next
  int64_t height_;        ///< rows of pixels that a band reaches, or that lie before the next
  int64_t rows_;          ///< of the tile, those of x behind the last band among them
  ValueId made_;
  BufferId tile_ = -1;
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
  const SparseForm form = form_of(body_of(graph, node).body);
  return {{pack_weights(graph, node), SparseDataWriter(graph, node, cpu).write()},
          PackedWeights(form).elements() * size_of(DType::f32),
          sparse_form(skips_zeros(form, cpu))};
}

}  // namespace

std::optional<std::string> refuses_sparse_data_body(const Graph& body) {
  return refuses_sparse(body, product, nullptr);
}

const Lowering sparse_backward_data_lowering = {implementations, lower};

}  // namespace sinter::jit
