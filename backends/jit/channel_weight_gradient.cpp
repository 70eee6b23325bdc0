#include "backends/jit/channel_weight_gradient.h"

#include <algorithm>

#include "backends/jit/body_kernel.h"
#include "backends/jit/machine.h"
#include "backends/jit/padded_planes.h"
#include "backends/jit/tile_shape.h"

namespace sinter::jit {
namespace {

constexpr int64_t wanted_units = 8, most_channels = 128;
constexpr double worthwhile_multiply_adds = 2e6;  // of a unit: waking another thread takes as long
constexpr int64_t band_bytes = 128 << 10;         // of x and of dy each: both stay in a second cache
constexpr double share_of_peak = 0.7;
// Of sixteen channels of a pixel that lie apart, and of sixteen weights.
constexpr double gather_seconds = 4e-9, scatter_seconds = 8e-9;

int64_t columns_of(const Convolution& size) { return (size.ow - 1) * size.stride_w + size.kernel_columns(); }

// Input channels of a unit.
int64_t channels_of_unit(const Convolution& size, int64_t granule) {
  const double each = static_cast<double>(vector_size * size.n * size.oh * size.ow * size.kh * size.kw);
  const auto least = static_cast<int64_t>(worthwhile_multiply_adds / each) + 1;
  const int64_t shares = std::max<int64_t>(1, wanted_units / tile_count(size.o, vector_size));
  const int64_t wanted =
      std::clamp<int64_t>(tile_count(size.c, shares), least, std::max(least, most_channels));
  return std::min(size.c, tile_count(wanted, granule) * granule);
}

// Rows of dy that are dealt with at a time.
int64_t band_of(const Convolution& size, int64_t channels) {
  const int64_t element = size_of(DType::f32);
  const int64_t of_x = channels * columns_of(size) * size.stride_h * element,
                of_dy = size.ow * vector_size * element;
  return std::clamp<int64_t>(band_bytes / std::max(of_x, of_dy), 1, size.oh);
}

// Each unit makes the weights of sixteen output channels and some input channels. For each band of rows of
// each sample, x into padded planes; then for a tile of weights, whose sums are in registers, each pixel's
// sixteen gradients times the elements of x that the taps meet there. Between bands sums wait in memory.
class ChannelWeightsWriter {
 public:
  ChannelWeightsWriter(const Graph& graph, const Node& node, const CpuTarget& cpu,
                       const WeightGradientForm& form)
      : kernel_(graph, node),
        k_(kernel_.k),
        form_(form),
        node_(kernel_.body().node(form.weights)),
        size_(size_of_weight_gradient(kernel_.body(), form)),
        x_type_(kernel_.type(node_.operands[0])),
        dy_type_(kernel_.type(node_.operands[1])),
        channels_(channels_of_unit(size_, PaddedPlanes::granule(x_type_))),
        band_(band_of(size_, channels_)),
        taps_(size_.kh * size_.kw),
        // Beside the sums: sixteen gradients, and x where it cannot be an operand from memory.
        registers_(std::max(1, cpu.vector_registers - 3)) {}

  Kernel write() {
    const auto at =
        k_.parallel({{"ob", tile_count(size_.o, vector_size)}, {"cu", tile_count(size_.c, channels_)}});
    block_ = at[0];
    const int64_t rows = (band_ - 1) * size_.stride_h + size_.kernel_rows();
    x_.emplace(k_, kernel_.buffer(node_.operands[0]), x_type_,
               PaddedPlanes::Window{channels_, rows, columns_of(size_), -size_.left});
    dy_.emplace(k_, kernel_.buffer(node_.operands[1]), dy_type_);
    if (!is_blocked()) packed_dy_ = k_.workspace("dy", DType::f32, band_ * size_.ow * vector_size);
    sums_ = k_.workspace("sums", DType::f32, channels_ * taps_ * vector_size);
    for_own_tile(k_, at[1], size_.c, channels_,
                 [&](Index first, int64_t channels) { write_channels(first, channels); });
    if (form_.bias.valid()) k_.when({Index(0) - at[1]}, [&] { write_bias(); });
    return kernel_.finish();
  }

 private:
  bool is_blocked() const { return dy_type_.layout == channel_blocked(); }

  void write_channels(const Index& first, int64_t channels) {
    k_.loop("i", 0, channels * taps_, [&](Index i) {
      k_.store({.buffer = sums_, .index = i * vector_size}, k_.number(DType::f32, 0, true));
    });
    k_.loop("n", 0, size_.n, [&](Index n) {
      k_.loop("band", 0, tile_count(size_.oh, band_), [&](Index band) {
        n_ = n;
        first_row_ = band * band_;
        if (!is_blocked()) pack_dy();
        x_->pack(n, first, channels, first_row_ * size_.stride_h - size_.top);
        add_band(channels);
      });
    });
    k_.loop("c", 0, channels,
            [&](Index c) { k_.loop("tap", 0, taps_, [&](Index tap) { store(first, c, tap); }); });
  }

  void over_rows(const KernelBuilder::Body& body) {
    k_.loop("y", std::vector<Index>{0}, {band_, size_.oh - first_row_}, body);
  }

  Expr gradients(const Index& y, const Index& x) {
    const Index pixel = (first_row_ + y) * size_.ow + x;
    return k_.load(dy_->channels_at({0, n_}, block_, pixel), true);
  }

  void pack_dy() {
    over_rows([&](Index y) {
      k_.loop("x", 0, size_.ow, [&](Index x) {
        k_.store({.buffer = packed_dy_, .index = (y * size_.ow + x) * vector_size}, gradients(y, x));
      });
    });
  }

  // Tiles are whole kernels of some channels, else rows of one, else parts of a row.
  void add_band(int64_t channels) {
    const int64_t columns = std::min(size_.kw, registers_),
                  rows = columns == size_.kw ? std::clamp<int64_t>(registers_ / columns, 1, size_.kh) : 1,
                  most = rows == size_.kh ? std::max<int64_t>(1, registers_ / taps_) : 1;
    x_->over_tiles(channels, most, [&](const Channel& first, int64_t count) {
      for_tiles(k_, "ky", size_.kh, rows, [&](Index ky, int64_t height) {
        for_tiles(k_, "kx", size_.kw, columns, [&](Index kx, int64_t width) {
          add(first, {count, height, width}, ky, kx);
        });
      });
    });
  }

  void add(const Channel& first, const std::vector<int64_t>& shape, const Index& ky, const Index& kx) {
    const TileHandle sum = k_.tile("sum", DType::f32, true, shape);
    const auto each = [&](const std::function<void(Index, Index, Index)>& body) {
      k_.unroll("i", shape[0], [&](Index i) {
        k_.unroll("r", shape[1], [&](Index r) { k_.unroll("s", shape[2], [&](Index s) { body(i, r, s); }); });
      });
    };
    const auto place = [&](const Index& i, const Index& r, const Index& s) {
      const Index tap = (r + ky) * size_.kw + s + kx;
      return Access{.buffer = sums_, .index = ((first.number() + i) * taps_ + tap) * vector_size};
    };
    each([&](Index i, Index r, Index s) { sum.set({i, r, s}, k_.load(place(i, r, s), true)); });
    over_rows([&](Index y) {
      k_.loop("x", 0, size_.ow, [&](Index x) {
        const Access packed{.buffer = packed_dy_, .index = (y * size_.ow + x) * vector_size};
        const Expr dy = k_.let("dy", is_blocked() ? gradients(y, x) : k_.load(packed, true));
        each([&](Index i, Index r, Index s) {
          const Expr other =
              x_->spread({first.block, first.lane + i}, y * size_.stride_h + (r + ky) * size_.dilation_h,
                         x * size_.stride_w + (s + kx) * size_.dilation_w);
          sum.set({i, r, s}, multiply_add(other, dy, sum(i, r, s)));
        });
      });
    });
    each([&](Index i, Index r, Index s) { k_.store(place(i, r, s), sum(i, r, s)); });
  }

  // Plain weights of sixteen output channels lie a channel's apart.
  void store(const Index& first, const Index& c, const Index& tap) {
    const Expr sum = k_.load({.buffer = sums_, .index = (c * taps_ + tap) * vector_size}, true);
    const BufferId dw = kernel_.buffer(node_.results[0]);
    const int64_t weights = size_.c * taps_;
    const Index own = (first + c) * taps_ + tap, lanes = size_.o - block_ * vector_size;
    const bool whole = size_.o % vector_size == 0;
    if (!kernel_.type(node_.results[0]).layout.is_plain())
      return k_.store({.buffer = dw, .index = (block_ * weights + own) * vector_size},
                      whole ? sum : k_.first_lanes(sum, lanes));
    Access to{.buffer = dw, .index = block_ * (vector_size * weights) + own, .lane_stride = weights};
    if (!whole) to.count = lanes;
    k_.store(to, sum);
  }

  void write_bias() {
    // Side by side: an addition waits for the one before.
    constexpr int64_t sums = 4;
    const TileHandle sum = k_.tile("sum", DType::f32, true, {sums});
    k_.unroll("i", sums, [&](Index i) { sum.set({i}, k_.number(DType::f32, 0, true)); });
    k_.loop("n", 0, size_.n, [&](Index n) {
      for_tiles(k_, "pixel", size_.oh * size_.ow, sums, [&](Index pixel, int64_t count) {
        k_.unroll("i", count, [&](Index i) {
          sum.set({i}, sum(i) + k_.load(dy_->channels_at({0, n}, block_, pixel + i), true));
        });
      });
    });
    Access to{.buffer = kernel_.buffer(form_.bias), .index = block_ * vector_size};
    if (size_.o % vector_size != 0) to.count = size_.o - block_ * vector_size;
    k_.store(to, (sum(0) + sum(1)) + (sum(2) + sum(3)));
  }

  BodyKernel kernel_;
  KernelBuilder& k_;
  WeightGradientForm form_;
  const Node& node_;
  Convolution size_;
  Type x_type_, dy_type_;
  int64_t channels_, band_, taps_, registers_;
  std::optional<PaddedPlanes> x_;
  std::optional<PixelValue> dy_;
  BufferId packed_dy_ = -1, sums_ = -1;
  Index block_, n_, first_row_;
};

}  // namespace

double channel_weight_gradient_seconds(const Convolution& size, const Layout& dy, const Layout& dw) {
  const auto blocks = static_cast<double>(tile_count(size.o, vector_size));
  const auto pixels = static_cast<double>(size.n * size.oh * size.ow);
  const auto weights = static_cast<double>(size.c * size.kh * size.kw);
  const auto units = static_cast<double>(tile_count(size.c, channels_of_unit(size, vector_size)));
  double seconds = 2 * vector_size * blocks * pixels * weights / (share_of_peak * flops_per_second());
  if (dy.is_plain()) seconds += (units + 1) * blocks * pixels * gather_seconds;
  if (dw.is_plain()) seconds += blocks * weights * scatter_seconds;
  return seconds;
}

Kernel channel_weight_gradient(const Graph& graph, const Node& node, const CpuTarget& cpu,
                               const WeightGradientForm& form) {
  return ChannelWeightsWriter(graph, node, cpu, form).write();
}

}  // namespace sinter::jit
