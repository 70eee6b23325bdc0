#include "backends/jit/batch_lanes.h"
#include "backends/jit/lowering.h"
#include "backends/jit/machine.h"
#include "backends/jit/sparse_weight_results.h"
#include "backends/jit/tile_shape.h"

namespace sinter::jit {
namespace {

constexpr OpKind product = OpKind::conv2d_backward_weights;
constexpr double products_per_second = 3e9;  // of vectors: each loads its x

bool skips_zeros(const SparseWeights& own, const CpuTarget& cpu) {
  return pays_to_skip_zeros(own.cut.planes * own.sums.vectors(), cpu);
}

// Each unit sums up a tile of weights: for each band of windows of each sample of its group, x into a padded
// tile and the gradients into lists, then for each vector of weights a product for each gradient.
class SparseWeightsWriter {
 public:
  SparseWeightsWriter(const Graph& graph, const Node& node, const CpuTarget& cpu)
      : own_(graph, node),
        k_(own_.kernel.k),
        form_(own_.form),
        size_(own_.size),
        lanes_(own_.lanes),
        cut_(own_.cut),
        grid_(form_, lanes_.step),
        band_(choose_band(form_, grid_)),
        vectors_(own_.sums.vectors()),
        // Beside the sums: a gradient, and x where it cannot be an operand from memory.
        chunk_(std::min<int64_t>(vectors_, std::max(1, cpu.vector_registers - 3))),
        skip_zeros_(skips_zeros(own_, cpu)),
        channels_(cut_.channels(size_)) {}

  Kernel write() {
    const auto at = k_.parallel({{"group", cut_.groups}, {"ot", cut_.o_tiles}, {"pt", cut_.plane_tiles}});
    group_ = at[0];
    ot_ = at[1];
    pt_ = at[2];
    x_.emplace(value(own_.x()));
    GradientLists lists(k_, form_, grid_, value(form_.dy), value(form_.argmax), band_, channels_,
                        skip_zeros_);
    make_workspace();
    lists.prepare();
    clear(sums_.weights, sums_.first, cut_.planes * channels_ * vectors_);
    if (form_.bias) clear(sums_.bias, sums_.first_bias, channels_);
    over_samples([&](const Sample& sample) {
      k_.loop("p", 0, tile_count(form_.pool.oh, band_),
              [&](Index band) { add_band(lists, sample, band * band_); });
    });
    if (cut_.groups == 1) {
      ResultWriter results(own_, sums_, ot_, pt_);
      own_.over_channels(ot_, [&](Index o) { results.write(o); });
    }
    return own_.kernel.finish();
  }

 private:
  PixelValue value(ValueId id) { return {k_, own_.kernel.buffer(id), own_.kernel.type(id)}; }

  // Of the group.
  void over_samples(const std::function<void(const Sample&)>& body) {
    k_.loop("block", 0, batch_blocks(size_.n), [&](Index block) {
      const Index before = block * vector_size, first = group_ * cut_.samples - before;
      k_.loop("lane", {0, first}, {vector_size, size_.n - before, first + cut_.samples}, [&](Index lane) {
        body({block, lane});
      });
    });
  }

  void add_band(GradientLists& lists, const Sample& sample, const Index& first) {
    pack(sample, first);
    k_.loop("ob", 0, cut_.blocks, [&](Index block) {
      const Index own = ot_ * cut_.blocks + block;
      k_.when({tile_count(size_.o, vector_size) - 1 - own}, [&] {
        k_.loop("o", std::vector<Index>{0}, {vector_size, size_.o - own * vector_size}, [&](Index o) {
          collect(lists, sample, {own, o}, first, block * vector_size + o);
        });
      });
    });
    own_.over_planes(pt_,
                     [&](Index plane) { own_.over_channels(ot_, [&](Index o) { add(lists, plane, o); }); });
  }

  // Sums of several groups lie where the kernel finds them that adds them up.
  void make_workspace() {
    plane_elements_ = grid_.rows(band_) * grid_.width * lanes_.step;
    tile_ = k_.workspace("tile", DType::f32, cut_.planes * plane_elements_ + vector_size);
    if (cut_.groups > 1) {
      sums_ = sums_in_scratch(own_);
      sums_.first = group_ * own_.sums.group_elements() + own_.sums.tile_at(ot_, pt_);
      sums_.first_bias = group_ * own_.bias_elements() + ot_ * (channels_ * vector_size);
      return;
    }
    sums_.weights = k_.workspace("sums", DType::f32, own_.sums.unit_elements());
    if (form_.bias) sums_.bias = k_.workspace("bias_sums", DType::f32, channels_ * vector_size);
  }

  void clear(BufferId buffer, const Index& first, int64_t vectors) {
    k_.loop("i", 0, vectors, [&](Index i) {
      k_.store({.buffer = buffer, .index = first + i * vector_size}, k_.number(DType::f32, 0, true));
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
    k_.loop("plane", 0, cut_.planes, [&](Index plane) {
      k_.loop("i", from * lanes_.step, to * lanes_.step, [&](Index i) {
        k_.store({.buffer = tile_, .index = plane * plane_elements_ + pixel_at(row, 0) + i},
                 k_.number(DType::f32, 0, false));
      });
    });
  }

  void copy_channels(const Sample& sample, const Index& row, const Index& from) {
    own_.over_planes(pt_, [&](Index plane) {
      k_.loop("w", 0, size_.w, [&](Index w) {
        k_.store({.buffer = tile_, .index = plane * plane_elements_ + pixel_at(row, w + grid_.left)},
                 k_.load(x_->channels_at(sample, pt_ * cut_.planes + plane, from * size_.w + w), true));
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
      const Access at{.buffer = sums_.bias, .index = sums_.first_bias + slot * vector_size};
      k_.store(at, k_.load(at, true) + dy);
    });
  }

  Index tap_at(int64_t vector) const {
    return (vector / lanes_.row_vectors) * grid_.width * lanes_.step +
           (vector % lanes_.row_vectors) * vector_size;
  }

  void add(const GradientLists& lists, const Index& plane, const Index& slot) {
    for (int64_t first = 0; first < vectors_; first += chunk_) {
      const int64_t count = std::min(chunk_, vectors_ - first);
      const TileHandle sums = k_.tile("sum", DType::f32, true, {count});
      const auto each = [&](const std::function<void(Index, Access)>& body) {
        k_.unroll("i", count, [&](Index i) {
          body(i, {.buffer = sums_.weights, .index = sums_.first + own_.sums.at(plane, slot, first + i)});
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

  SparseWeights own_;
  KernelBuilder& k_;
  const SparseForm& form_;
  const Convolution& size_;
  const WeightLanes& lanes_;
  const WeightCut& cut_;
  PixelGrid grid_;
  int64_t band_;     ///< rows of windows whose x is in the tile
  int64_t vectors_;  ///< of weights, of an output channel and a plane
  int64_t chunk_;    ///< of these, whose sums are in registers at a time
  bool skip_zeros_;
  int64_t channels_;  ///< of a tile
  int64_t plane_elements_ = 0;
  Index group_, ot_, pt_;
  std::optional<PixelValue> x_;
  BufferId tile_ = -1;
  TileSums sums_{-1, -1, {}, {}};
};

// The results from the sums of the groups, an output channel for each unit.
Kernel add_groups(const Graph& graph, const Node& node) {
  SparseWeights own(graph, node);
  KernelBuilder& k = own.kernel.k;
  const int64_t channels = own.cut.channels(own.size);
  const auto at = k.parallel({{"ot", own.cut.o_tiles}, {"pt", own.cut.plane_tiles}, {"o", channels}});
  TileSums sums = sums_in_scratch(own);
  sums.first = own.sums.tile_at(at[0], at[1]);
  sums.first_bias = at[0] * (channels * vector_size);
  ResultWriter results(own, sums, at[0], at[1]);
  k.when({own.size.o - 1 - at[0] * (own.cut.blocks * vector_size) - at[2]}, [&] { results.write(at[2]); });
  return own.kernel.finish();
}

std::vector<Implementation> implementations(const Graph& graph, const Node& node, std::span<const Layout>) {
  const NodeBody own = body_of(graph, node);
  SparseForm form;
  if (refuses_sparse(own.body, product, &form)) return {};
  const Convolution& size = form.convolution;
  const WeightLanes lanes(size);
  const ValueId x = own.body.node(form.product).operands[0];
  Type dy = own.body.type(form.dy);
  // Beside the products of a gradient its place and value are read.
  const double products =
      expected_gradients(dy.shape) * static_cast<double>(lanes.planes * (size.kh * lanes.row_vectors + 2));
  const Layout layouts[] = {{}, channel_blocked(), batch_blocked(4)};
  std::vector<Implementation> ways;
  for (const Layout& of_x : layouts)
    for (const Layout& of_dy : layouts) {
      dy.layout = of_dy;
      Implementation way{{}, std::vector<Layout>(node.results.size()), call_seconds};
      way.seconds += products / products_per_second + cut_seconds(size, choose_cut(size, of_x, dy), of_x, dy);
      way.least_flops_share = 0;
      for (const ValueId id : own.body.inputs()) way.operands.push_back(id == x ? of_x : of_dy);
      ways.push_back(std::move(way));
    }
  return ways;
}

Lowered lower(const Graph& graph, const Node& node, const CpuTarget& cpu) {
  const SparseWeights own(graph, node);
  Lowered lowered{{SparseWeightsWriter(graph, node, cpu).write()}, 0, sparse_form(skips_zeros(own, cpu))};
  if (own.cut.groups == 1) return lowered;
  lowered.kernels.push_back(add_groups(graph, node));
  lowered.scratch_bytes = own.scratch_elements() * size_of(DType::f32);
  return lowered;
}

}  // namespace

std::optional<std::string> refuses_sparse_weights_body(const Graph& body) {
  return refuses_sparse(body, product, nullptr);
}

const Lowering sparse_backward_weights_lowering = {implementations, lower};

}  // namespace sinter::jit
