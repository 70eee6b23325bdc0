#include "backends/jit/sparse_data_sums.h"

#include <algorithm>

#include "backends/jit/tile_shape.h"
#include "backends/jit/window_lists.h"

namespace sinter::jit {
namespace {

// Of sixteen input channels: those of a part of the output channels, which the gradients of every window
// meet.
constexpr int64_t weights_bytes = 40 << 10;
// Of a band: until its windows are as many, reading the weights anew for each is felt.
constexpr int64_t least_windows = 96;
// In a list; shorter ones take longer to begin and end than to add.
constexpr int64_t least_gradients = 4;

int64_t rows_of_window(const SparseForm& form) {
  return (form.pool.kh - 1) * form.convolution.stride_h + form.convolution.kh;
}
int64_t columns_of_window(const SparseForm& form) {
  return (form.pool.kw - 1) * form.convolution.stride_w + form.convolution.kw;
}

// The gradients of an output channel one after the other, its weights in registers.
class ByChannel final : public SparseDataSums {
 public:
  ByChannel(KernelBuilder& k, const SparseDataSource& source)
      : k_(k),
        source_(source),
        weights_(source.form),
        lists_(k, source.form, source.grid, source.dy, source.argmax,
               sparse_data_band(source.form, source.grid, source.cpu), source.form.convolution.o,
               skips_zeros(source.form, source.cpu)),
        // Beside the weights: a gradient and what is added to.
        chunk_(std::min<int64_t>(weights_.taps(), std::max(1, source.cpu.vector_registers - 4))) {
    lists_.prepare();
  }

  void collect(const Sample& sample, const Index& first) override {
    const int64_t channels = source_.form.convolution.o;
    k_.loop("ob", 0, tile_count(channels, vector_size), [&](Index block) {
      k_.loop("o", std::vector<Index>{0}, {vector_size, channels - block * vector_size}, [&](Index o) {
        lists_.collect(sample, {block, o}, first, block * vector_size + o);
      });
    });
  }

  void add(const Index& plane, const Access& pixels) override {
    k_.loop("o", 0, source_.form.convolution.o, [&](Index o) {
      for (int64_t first = 0; first < weights_.taps(); first += chunk_)
        add_taps(plane, pixels, o, first, std::min(chunk_, weights_.taps() - first));
    });
  }

 private:
  void add_taps(const Index& plane, const Access& pixels, const Index& o, int64_t first, int64_t count) {
    const TileHandle weight = k_.tile("weight", DType::f32, true, {count});
    for (int64_t i = 0; i < count; ++i)
      weight.set({i}, k_.load({.buffer = source_.weights, .index = weights_.at(plane, o, first + i)}, true));
    const int64_t kw = source_.form.convolution.kw;
    lists_.over(o, [&](const Expr& place, const Expr& value) {
      for (int64_t i = 0; i < count; ++i) {
        Access at = pixels;
        at.index += ((first + i) / kw * source_.grid.width + (first + i) % kw) * vector_size;
        at.offset = Offset{place.id(), lists_.places()};
        k_.store(at, multiply_add(weight(i), value, k_.load(at, true)));
      }
    });
  }

  KernelBuilder& k_;
  SparseDataSource source_;
  PackedWeights weights_;
  GradientLists lists_;
  int64_t chunk_;  ///< of the taps whose weights are in registers at a time
};

// The gradients of a window one after the other, the sums of its pixels in registers.
class ByWindow final : public SparseDataSums {
 public:
  ByWindow(KernelBuilder& k, const SparseDataSource& source)
      : k_(k),
        source_(source),
        size_(source.form.convolution),
        pool_(source.form.pool),
        weights_(source.form),
        band_(sparse_data_band(source.form, source.grid, source.cpu)),
        lists_(k, source.form, source.dy_type, source.dy, source.argmax,
               {band_, weights_.part_blocks(), weights_.channel_elements()}) {}

  void collect(const Sample& sample, const Index& first) override {
    first_ = first;
    lists_.collect(sample, first);
  }

  void add(const Index& plane, const Access& pixels) override {
    k_.loop("part", 0, lists_.parts(), [&](Index part) {
      k_.loop("p", std::vector<Index>{0}, {band_, pool_.oh - first_}, [&](Index p) {
        k_.loop("q", 0, pool_.ow, [&](Index q) { add_window(plane, pixels, part, p, q); });
      });
    });
  }

 private:
  void add_window(const Index& plane, Access pixels, const Index& part, const Index& p, const Index& q) {
    const PixelGrid& grid = source_.grid;
    const int64_t rows = rows_of_window(source_.form), columns = columns_of_window(source_.form);
    pixels.index +=
        (p * (pool_.stride_h * grid.row_pixels * grid.width) + q * (pool_.stride_w * grid.column_pixels)) *
        vector_size;
    const TileHandle sum = k_.tile("sum", DType::f32, true, {rows, columns});
    const auto each = [&](const std::function<void(const Index&, const Index&, const Access&)>& body) {
      k_.unroll("r", rows, [&](Index r) {
        k_.unroll("c", columns, [&](Index c) {
          Access at = pixels;
          at.index += (r * grid.width + c) * vector_size;
          body(r, c, at);
        });
      });
    };
    each([&](const Index& r, const Index& c, const Access& at) { sum.set({r, c}, k_.load(at, true)); });
    for (int64_t element = 0; element < pool_.kh * pool_.kw; ++element)
      lists_.over(part, p * pool_.ow + q, element, [&](const Expr& offset, const Expr& value) {
        add_gradient(sum, element, weights_.at(plane, part * (weights_.part_blocks() * vector_size), 0),
                     offset, value);
      });
    each([&](const Index& r, const Index& c, const Access& at) { k_.store(at, sum(r, c)); });
  }

  void add_gradient(const TileHandle& sum, int64_t element, const Index& weights, const Expr& offset,
                    const Expr& value) {
    const int64_t row = element / pool_.kw * size_.stride_h, column = element % pool_.kw * size_.stride_w;
    k_.unroll("ky", size_.kh, [&](Index ky) {
      k_.unroll("kx", size_.kw, [&](Index kx) {
        const Access weight{.buffer = source_.weights,
                            .index = weights + (ky * size_.kw + kx) * vector_size,
                            .offset = Offset{offset.id(), lists_.offsets()}};
        const Index r = ky + row, c = kx + column;
        sum.set({r, c}, multiply_add(k_.load(weight, true), value, sum(r, c)));
      });
    });
  }

  KernelBuilder& k_;
  SparseDataSource source_;
  Convolution size_;
  PoolSizes pool_;
  PackedWeights weights_;
  int64_t band_;
  WindowLists lists_;
  Index first_;
};

}  // namespace

PackedWeights::PackedWeights(const SparseForm& form)
    : taps_(form.convolution.kh * form.convolution.kw),
      planes_(tile_count(form.convolution.c, vector_size)),
      part_blocks_(
          std::clamp<int64_t>(weights_bytes / (vector_size * channel_elements() * size_of(DType::f32)), 1,
                              tile_count(form.convolution.o, vector_size))),
      outputs_(tile_count(form.convolution.o, part_blocks_ * vector_size) * part_blocks_ * vector_size) {}

bool adds_by_window(const SparseForm& form, const CpuTarget& cpu) {
  const int64_t sums = rows_of_window(form) * columns_of_window(form);
  const int64_t channels = std::min(form.convolution.o, PackedWeights(form).part_blocks() * vector_size);
  // Beside the sums: a gradient. Half of the gradients are expected to be zero.
  return cpu.has_avx512 && sums + 2 <= cpu.vector_registers &&
         channels >= 2 * least_gradients * form.pool.kh * form.pool.kw;
}

// Lists that are sorted by window have only what is there.
bool skips_zeros(const SparseForm& form, const CpuTarget& cpu) {
  const PackedWeights weights(form);
  return adds_by_window(form, cpu) || pays_to_skip_zeros(weights.planes() * weights.taps(), cpu);
}

int64_t sparse_data_band(const SparseForm& form, const PixelGrid& grid, const CpuTarget& cpu) {
  if (!adds_by_window(form, cpu)) return choose_band(form, grid);
  const int64_t rows = std::min(tile_count(least_windows, form.pool.ow), form.pool.oh);
  return tile_count(form.pool.oh, tile_count(form.pool.oh, rows));
}

std::unique_ptr<SparseDataSums> sparse_data_sums(KernelBuilder& k, const SparseDataSource& source) {
  if (adds_by_window(source.form, source.cpu)) return std::make_unique<ByWindow>(k, source);
  return std::make_unique<ByChannel>(k, source);
}

}  // namespace sinter::jit
