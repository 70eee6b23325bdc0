#include "backends/jit/plane_weight_gradient.h"

#include <algorithm>

#include "backends/jit/body_kernel.h"
#include "backends/jit/machine.h"
#include "backends/jit/phase_planes.h"
#include "backends/jit/row_vectors.h"
#include "backends/jit/tile_shape.h"

namespace sinter::jit {
namespace {

constexpr int64_t wanted_units = 8;
constexpr double worthwhile_multiply_adds = 2e6;  // of a unit: waking another thread takes as long
constexpr int64_t plane_bytes = 256 << 10;        // of x and of dy each: both stay in a second cache
constexpr int64_t most_taps = 64;                 // of which each has code of its own
constexpr double share_of_peak = 0.7;
constexpr double copy_seconds = 1e-9, gather_seconds = 4e-9;  // of a vector

int64_t greatest_divisor(int64_t of, int64_t most) {
  int64_t divisor = std::clamp<int64_t>(most, 1, of);
  while (of % divisor != 0) --divisor;
  return divisor;
}

PhasePlanes planes_of(const Convolution& size, int64_t channels) {
  PlaneProduct product = forward_product(size);
  product.in_channels = channels;
  return {product, product.vertical[0], product.horizontal[0]};
}

// Channels of a unit: output channels, and a part of as many input channels as divide a group's.
struct Shares {
  int64_t o, c;
};

Shares shares_of(const Convolution& size) {
  const PhasePlanes planes = planes_of(size, 1);
  const int64_t element = size_of(DType::f32);
  const int64_t c = greatest_divisor(size.group_c(), plane_bytes / (planes.channel_elements() * element)),
                most = std::max<int64_t>(1, plane_bytes / (planes.vectors() * vector_size * element));
  const double each =
      static_cast<double>(size.n * size.oh * size.ow) * static_cast<double>(c * size.kh * size.kw);
  const auto least = static_cast<int64_t>(worthwhile_multiply_adds / each) + 1;
  const int64_t parts = tile_count(wanted_units, size.groups * (size.group_c() / c));
  const int64_t o = std::max(least, tile_count(size.group_o(), parts));
  return {std::min({o, most, size.group_o()}), c};
}

// Sums of output channels by weights of theirs. Neighbours of x begin anywhere: most loads touch two cache
// lines.
TileSpace tile_space(const Convolution& size, const Shares& shares, int64_t registers) {
  return {.outer = shares.o, .inner = shares.c * size.kh * size.kw, .registers = registers, .vector_load = 2};
}

// Each unit makes the weights of some output and some input channels of a group. For each sample x into
// padded planes and dy into planes of rows as wide, zeros behind each row: what tap meets what is then a
// shift by a fixed number of elements. Sums of sixteen pixels side by side are in registers for a plane, in
// memory between samples, and their lanes are added up at the end.
class PlaneWeightsWriter {
 public:
  PlaneWeightsWriter(const Graph& graph, const Node& node, const CpuTarget& cpu,
                     const WeightGradientForm& form)
      : kernel_(graph, node),
        k_(kernel_.k),
        form_(form),
        node_(kernel_.body().node(form.weights)),
        size_(size_of_weight_gradient(kernel_.body(), form)),
        shares_(shares_of(size_)),
        x_(planes_of(size_, shares_.c)),
        taps_(size_.kh * size_.kw),
        dy_plane_(x_.vectors() * vector_size),
        // Beside the sums: dy of each output channel.
        tile_(choose_tile(tile_space(size_, shares_, std::max(4, cpu.vector_registers - 3)))) {}

  Kernel write() {
    const int64_t parts = size_.group_c() / shares_.c;
    const auto at =
        k_.parallel({{"g", size_.groups}, {"ot", tile_count(size_.group_o(), shares_.o)}, {"cp", parts}});
    packed_x_ = k_.workspace("x", DType::f32, x_.elements());
    packed_dy_ = k_.workspace("dy", DType::f32, shares_.o * dy_plane_);
    sums_ = k_.workspace("sums", DType::f32, shares_.o * shares_.c * taps_ * vector_size);
    for_own_tile(k_, at[1], size_.group_o(), shares_.o, [&](const Index& o, int64_t channels) {
      first_ = at[0] * size_.group_o() + o;
      channels_ = channels;
      clear();
      k_.loop("n", 0, size_.n, [&](Index n) {
        x_.pack(k_, kernel_.buffer(node_.operands[0]), (n * size_.groups + at[0]) * parts + at[2], packed_x_);
        pack_dy(n);
        add_up();
      });
      store(at[2] * shares_.c);
      if (form_.bias.valid()) k_.when({Index(0) - at[2]}, [&] { write_bias(); });
    });
    return kernel_.finish();
  }

 private:
  void clear() {
    k_.loop("i", 0, channels_ * shares_.c * taps_, [&](Index i) {
      k_.store({.buffer = sums_, .index = i * vector_size}, k_.number(DType::f32, 0, true));
    });
  }

  void pack_dy(const Index& n) {
    k_.loop("o", 0, channels_, [&](Index o) {
      const Index from = (n * size_.o + first_ + o) * (size_.oh * size_.ow), to = o * dy_plane_;
      if (x_.width() == size_.ow) {
        copy_dy(from, to, size_.oh * size_.ow);
      } else {
        k_.loop("row", 0, size_.oh, [&](Index row) {
          copy_dy(from + row * size_.ow, to + row * x_.width(), size_.ow);
          zero_run(k_, packed_dy_, to + row * x_.width() + size_.ow, x_.width() - size_.ow);
        });
      }
      const int64_t end = size_.oh * x_.width();
      zero_run(k_, packed_dy_, to + end, dy_plane_ - end);
    });
  }

  void copy_dy(const Index& from, const Index& to, int64_t elements) {
    for_vectors(k_, elements, [&](const Index& at, const std::optional<Index>& count) {
      const Access source{.buffer = kernel_.buffer(node_.operands[1]), .index = from + at, .count = count};
      k_.store({.buffer = packed_dy_, .index = to + at, .count = count}, k_.load(source, true));
    });
  }

  // Tiles are all taps of some input channels, or some taps of one.
  void add_up() {
    for_tiles(k_, "ot", channels_, tile_.outer, [&](const Index& o, int64_t outputs) {
      if (taps_ > most_taps)
        return x_.over_taps(k_, [&](const PhasePlanes::Tap& tap) { add(o, outputs, 1, std::span(&tap, 1)); });
      const int64_t inputs = std::max<int64_t>(1, tile_.inner / taps_),
                    chunk = tile_count(taps_, tile_count(taps_, tile_.inner));
      for_tiles(k_, "c", shares_.c, inputs, [&](const Index& c, int64_t count) {
        const std::vector<PhasePlanes::Tap> taps = x_.taps(c);
        for (int64_t first = 0; first < taps_; first += chunk)
          add(o, outputs, count, std::span(taps).subspan(first, std::min(chunk, taps_ - first)));
      });
    });
  }

  void add(const Index& o, int64_t outputs, int64_t inputs, std::span<const PhasePlanes::Tap> taps) {
    const auto count = static_cast<int64_t>(taps.size());
    const TileHandle sum = k_.tile("sum", DType::f32, true, {outputs, inputs, count});
    const TileHandle dy = k_.tile("dy", DType::f32, true, {outputs});
    const auto each = [&](const std::function<void(Index, Index, int64_t)>& body) {
      k_.unroll("i", outputs, [&](Index i) {
        k_.unroll("j", inputs, [&](Index j) {
          for (int64_t tap = 0; tap < count; ++tap) body(i, j, tap);
        });
      });
    };
    const auto place = [&](const Index& i, const Index& j, int64_t tap) {
      const Index element = taps[tap].kernel_row * size_.kw + taps[tap].kernel_column;
      return Access{.buffer = sums_, .index = sum_at(o + i, taps[tap].channel + j, element)};
    };
    each([&](Index i, Index j, int64_t tap) { sum.set({i, j, tap}, k_.load(place(i, j, tap), true)); });
    k_.loop("v", 0, x_.vectors(), [&](Index v) {
      k_.unroll("i", outputs, [&](Index i) {
        dy.set({i}, k_.load({.buffer = packed_dy_, .index = (o + i) * dy_plane_ + v * vector_size}, true));
      });
      k_.unroll("j", inputs, [&](Index j) {
        for (int64_t tap = 0; tap < count; ++tap) {
          const Index from = taps[tap].from + j * x_.channel_elements() + v * vector_size;
          const Expr x = k_.let("x", k_.load({.buffer = packed_x_, .index = from}, true));
          k_.unroll("i", outputs, [&](Index i) {
            sum.set({i, j, tap}, multiply_add(x, dy(i), sum(i, j, tap)));
          });
        }
      });
    });
    each([&](Index i, Index j, int64_t tap) { k_.store(place(i, j, tap), sum(i, j, tap)); });
  }

  Index sum_at(const Index& o, const Index& c, const Index& element) const {
    return ((o * shares_.c + c) * taps_ + element) * vector_size;
  }

  void store(const Index& first_c) {
    k_.loop("o", 0, channels_, [&](Index o) {
      k_.loop("c", 0, shares_.c, [&](Index c) {
        k_.loop("tap", 0, taps_, [&](Index tap) {
          const Index to = ((first_ + o) * size_.group_c() + first_c + c) * taps_ + tap;
          const Expr sum = k_.load({.buffer = sums_, .index = sum_at(o, c, tap)}, true);
          k_.store({.buffer = kernel_.buffer(node_.results[0]), .index = to}, k_.apply(Op::sum_lanes, {sum}));
        });
      });
    });
  }

  void write_bias() {
    k_.loop("o", 0, channels_, [&](Index o) {
      // Side by side: an addition waits for the one before.
      constexpr int64_t sums = 4;
      const TileHandle sum = k_.tile("bias", DType::f32, true, {sums});
      k_.unroll("i", sums, [&](Index i) { sum.set({i}, k_.number(DType::f32, 0, true)); });
      const int64_t pixels = size_.oh * size_.ow, whole = pixels / vector_size, rest = pixels % vector_size;
      k_.loop("n", 0, size_.n, [&](Index n) {
        const Index plane = (n * size_.o + first_ + o) * pixels;
        const auto add = [&](const Index& i, const Index& vector, std::optional<Index> count) {
          const Access from{.buffer = kernel_.buffer(node_.operands[1]),
                            .index = plane + vector * vector_size,
                            .count = std::move(count)};
          sum.set({i}, sum(i) + k_.load(from, true));
        };
        for_tiles(k_, "v", whole, sums, [&](const Index& vector, int64_t count) {
          k_.unroll("i", count, [&](Index i) { add(i, vector + i, std::nullopt); });
        });
        if (rest != 0) add(0, whole, Index(rest));
      });
      k_.store({.buffer = kernel_.buffer(form_.bias), .index = first_ + o},
               k_.apply(Op::sum_lanes, {(sum(0) + sum(1)) + (sum(2) + sum(3))}));
    });
  }

  BodyKernel kernel_;
  KernelBuilder& k_;
  WeightGradientForm form_;
  const Node& node_;
  Convolution size_;
  Shares shares_;
  PhasePlanes x_;
  int64_t taps_, dy_plane_;
  TileShape tile_;
  BufferId packed_x_ = -1, packed_dy_ = -1, sums_ = -1;
  Index first_;           ///< output channel of the unit
  int64_t channels_ = 0;  ///< so many
};

}  // namespace

double plane_weight_gradient_seconds(const Convolution& size) {
  const Shares shares = shares_of(size);
  const PhasePlanes planes = planes_of(size, shares.c);
  const TileSpace space = tile_space(size, shares, TileSpace{}.registers);
  const int64_t shares_of_o = tile_count(size.group_o(), shares.o), shares_of_c = size.group_c() / shares.c;
  const auto units = static_cast<double>(size.groups * shares_of_o * shares_of_c);
  const auto vectors = static_cast<double>(planes.vectors());
  const double arithmetic = tile_cycles(space, choose_tile(space)) * vectors * 2 * vector_size /
                            (share_of_peak * flops_per_second());
  const double packed =
      static_cast<double>(planes.packed_vectors()) * (planes.gathers() ? gather_seconds : copy_seconds) +
      static_cast<double>(shares.o) * vectors * copy_seconds;
  return units * static_cast<double>(size.n) * (arithmetic + packed);
}

Kernel plane_weight_gradient(const Graph& graph, const Node& node, const CpuTarget& cpu,
                             const WeightGradientForm& form) {
  return PlaneWeightsWriter(graph, node, cpu, form).write();
}

}  // namespace sinter::jit
