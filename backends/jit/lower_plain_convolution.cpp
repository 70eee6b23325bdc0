#include "backends/jit/lower_plain_convolution.h"

#include <algorithm>

#include "backends/jit/batch_lanes.h"
#include "backends/jit/body_kernel.h"
#include "backends/jit/elementwise.h"
#include "backends/jit/machine.h"
#include "backends/jit/phase_planes.h"
#include "backends/jit/plane_pool.h"
#include "backends/jit/row_vectors.h"
#include "backends/jit/tile_shape.h"

namespace sinter::jit {
namespace {

constexpr int64_t wanted_units = 8;
constexpr double worthwhile_multiply_adds = 2e6;  // of a unit: waking another thread takes as long
constexpr double share_of_peak = 0.72;
// Of a vector: copied, of elements that lie apart, to places that do.
constexpr double copy_seconds = 1e-9, gather_seconds = 4e-9, scatter_seconds = 8e-9;

int64_t channels_of_unit(const PlaneProduct& size) {
  const double each = static_cast<double>(size.out_rows * size.out_columns) *
                      static_cast<double>(size.in_channels * size.vertical[0].taps * size.horizontal[0].taps);
  const auto least = static_cast<int64_t>(worthwhile_multiply_adds / std::max(each, 1.0)) + 1;
  const int64_t shares = std::max<int64_t>(1, wanted_units / size.images());
  return std::min(size.out_channels, std::max(least, tile_count(size.out_channels, shares)));
}

// Neighbours begin anywhere: most loads touch two cache lines.
TileSpace tile_space(int64_t channels, const PhasePlanes& planes, int64_t registers) {
  return {.outer = channels, .inner = planes.vectors(), .registers = registers, .vector_load = 2};
}

// x lies padded, plane after plane. Sixteen neighbours of its rows, wherever a row ends, are the lanes: each
// tap of the kernel is a shift by a fixed number of elements, and what the lanes between two rows hold is
// never looked at. The elementwise ops and the pool then go over rows of the sums.
class PlainWriter {
 public:
  PlainWriter(const Graph& graph, const Node& node, const CpuTarget& cpu, const ProductForm& form,
              PlaneProduct size)
      : kernel_(graph, node),
        k_(kernel_.k),
        body_(kernel_.body()),
        form_(form),
        product_(body_.node(form.product)),
        size_(std::move(size)),
        channels_(channels_of_unit(size_)),
        registers_(std::max(4, cpu.vector_registers - 3)) {}

  Kernel write() {
    std::vector<std::pair<std::string, int64_t>> extents = {{"n", size_.samples}};
    if (size_.groups > 1) extents.emplace_back("g", size_.groups);
    extents.emplace_back("ot", tile_count(size_.out_channels, channels_));
    const auto at = k_.parallel(std::move(extents));
    if (size_.groups > 1) group_ = at[1];
    image_ = at[0] * size_.groups + group_;
    make_workspace();
    for (const Sweep& vertical : size_.vertical)
      for (const Sweep& horizontal : size_.horizontal) {
        vertical_ = vertical;
        horizontal_ = horizontal;
        planes_.emplace(size_, vertical, horizontal);
        if (vertical.taps > 0 && horizontal.taps > 0)
          planes_->pack(k_, kernel_.buffer(product_.operands[0]), image_, packed_);
        for_own_tile(k_, at.back(), size_.out_channels, channels_,
                     [&](Index first, int64_t channels) { write_channels(std::move(first), channels); });
      }
    return kernel_.finish();
  }

 private:
  void make_workspace() {
    int64_t packed = 0, sums = 0;
    for (const Sweep& vertical : size_.vertical)
      for (const Sweep& horizontal : size_.horizontal) {
        const PhasePlanes planes(size_, vertical, horizontal);
        packed = std::max(packed, planes.elements());
        sums = std::max(sums, vertical.results * planes.width());
      }
    packed_ = k_.workspace("packed", DType::f32, packed);
    sums_ = k_.workspace("sums", DType::f32, channels_ * sums);
  }

  int64_t width() const { return planes_->width(); }
  int64_t plane() const { return vertical_.results * width(); }

  void write_channels(Index first, int64_t channels) {
    first_ = std::move(first);
    const TileShape tile = choose_tile(tile_space(channels_, *planes_, registers_));
    for_tiles(k_, "vt", planes_->vectors(), tile.inner, [&](Index vector, int64_t vectors) {
      for_tiles(k_, "ct", channels, tile.outer,
                [&](Index o, int64_t outer) { add_up(vector, vectors, o, outer); });
    });
    k_.loop("o", 0, channels, [&](Index o) { finish(o); });
  }

  // ---- products

  void add_up(const Index& vector, int64_t vectors, const Index& o, int64_t channels) {
    const TileHandle sum = k_.tile("sum", DType::f32, true, {channels, vectors});
    const TileHandle x = k_.tile("x", DType::f32, true, {vectors});
    const auto each = [&](const std::function<void(Index, Index)>& body) {
      k_.unroll("i", channels, [&](Index i) { k_.unroll("j", vectors, [&](Index j) { body(i, j); }); });
    };
    each([&](Index i, Index j) { sum.set({i, j}, initial(first_ + o + i)); });
    planes_->over_taps(k_, [&](const PhasePlanes::Tap& tap) {
      k_.unroll("j", vectors, [&](Index j) {
        x.set({j}, k_.load({.buffer = packed_, .index = tap.from + (vector + j) * vector_size}, true));
      });
      k_.unroll("i", channels, [&](Index i) {
        const Expr weight =
            k_.let("weight", kernel_.spread(product_.operands[1], weight_at(first_ + o + i, tap)));
        k_.unroll("j", vectors, [&](Index j) { sum.set({i, j}, multiply_add(x(j), weight, sum(i, j))); });
      });
    });
    each([&](Index i, Index j) {
      Access to{.buffer = sums_, .index = (o + i) * plane() + (vector + j) * vector_size};
      if (plane() % vector_size != 0) to.count = plane() - (vector + j) * vector_size;
      k_.store(to, stays_in_registers() ? pooled_from(sum(i, j)) : sum(i, j));
    });
  }

  Index weight_at(const Index& o, const PhasePlanes::Tap& tap) const {
    return group_ * size_.group_weight_step() + o * size_.out_weight_step +
           tap.channel * size_.in_weight_step + tap.kernel_row * size_.kernel_columns + tap.kernel_column;
  }

  // Whether the elementwise ops need nothing but the sums, and only the pool what they make: row by row each
  // would wait for the one before, whose store its loads overlap.
  bool stays_in_registers() const {
    if (!form_.pool) return false;
    const auto is_pooled = [&](const GraphResult& result) {
      return body_.info(result.value).node == *form_.pool;
    };
    if (!std::ranges::all_of(body_.results(), is_pooled)) return false;
    for (const Node& node : body_.nodes())
      for (const ValueId id : node.operands)
        if (&node != &product_ && id.valid() && body_.info(id).kind == ValueKind::input &&
            element_count(body_.type(id).shape) != 1)
          return false;
    return true;
  }

  Expr pooled_from(const Expr& made) {
    Expressions value(k_, body_, true, [&](ValueId id) -> std::optional<Expr> {
      if (id == form_.made) return made;
      return body_.info(id).kind == ValueKind::input ? std::optional(kernel_.spread(id, 0)) : std::nullopt;
    });
    return value(form_.pooled_from);
  }

  Expr initial(const Index& o) {
    const bool biased = product_.operands.size() > 2 && product_.operands[2].valid();
    return biased ? kernel_.spread(product_.operands[2], group_ * size_.out_channels + o)
                  : k_.number(DType::f32, 0, true);
  }

  // ---- what follows, row by row

  void finish(const Index& o) {
    if (!stays_in_registers()) k_.loop("y", 0, vertical_.results, [&](Index y) { finish_row(o, y); });
    if (!form_.pool) return;
    const Node& node = body_.node(*form_.pool);
    const Type x = body_.type(form_.pooled_from);
    const Type rows{DType::f32, {1, channels_, size_.out_rows, width()}, {}};
    const auto argmax = node.results.size() > 1 ? node.results[1] : ValueId{};
    PlanePool pool(k_, node, DType::f32, {node.attributes, x, body_.type(node.results[0])},
                   PlaneValue(k_, sums_, rows), plane_of(node.results[0]),
                   argmax.valid() ? plane_of(argmax) : std::nullopt,
                   argmax.valid() ? body_.type(argmax).dtype : DType::i32);
    k_.loop("p", 0, body_.type(node.results[0]).shape[2].size, [&](Index p) {
      pool.write_row({PlaneLanes::columns, image_ * size_.out_channels + first_ + o, 0, std::move(p), 0}, o);
    });
  }

  std::optional<PlaneValue> plane_of(ValueId id) {
    for (const GraphResult& result : body_.results())
      if (result.value == id) return PlaneValue(k_, kernel_.buffer(id), kernel_.type(id));
    return std::nullopt;
  }

  void finish_row(const Index& o, const Index& y) {
    const Index from = o * plane() + y * width();
    const Index row = (image_ * size_.out_channels + first_ + o) * size_.out_rows + y * vertical_.out_step +
                      vertical_.out_first;
    for_vectors(k_, horizontal_.results, [&](const Index& at, const std::optional<Index>& count) {
      const auto place = [&](ValueId id) {
        return Access{.buffer = kernel_.buffer(id),
                      .index = row * size_.out_columns + at * horizontal_.out_step + horizontal_.out_first,
                      .lane_stride = horizontal_.out_step,
                      .count = count};
      };
      const Access own{.buffer = sums_, .index = from + at, .count = count};
      const Expr sum = k_.let("made", k_.load(own, true));
      Expressions value(k_, body_, true, [&](ValueId id) -> std::optional<Expr> {
        if (id == form_.made) return sum;
        if (body_.info(id).kind != ValueKind::input) return std::nullopt;
        if (element_count(body_.type(id).shape) == 1) return kernel_.spread(id, 0);
        return k_.load(place(id), true);
      });
      std::vector<std::pair<Access, Expr>> stores;
      for (const GraphResult& result : body_.results())
        if (!form_.pool || body_.info(result.value).node != *form_.pool)
          stores.emplace_back(place(result.value), value(result.value));
      if (form_.pool) stores.emplace_back(own, value(form_.pooled_from));
      for (const auto& [to, expression] : stores) k_.store(to, expression);
    });
  }

  BodyKernel kernel_;
  KernelBuilder& k_;
  const Graph& body_;
  ProductForm form_;
  const Node& product_;
  PlaneProduct size_;
  int64_t channels_;             ///< of a unit
  int64_t registers_;            ///< for sums
  Index group_, image_, first_;  ///< of the unit: group, which of all samples', and its first channel there
  BufferId packed_ = -1, sums_ = -1;
  Sweep vertical_{}, horizontal_{};  ///< of the results that are being made
  std::optional<PhasePlanes> planes_;
};

}  // namespace

double plain_convolution_seconds(const PlaneProduct& size) {
  double vectors = 0, moved = 0;
  const auto units = static_cast<double>(tile_count(size.out_channels, channels_of_unit(size)));
  for (const Sweep& vertical : size.vertical)
    for (const Sweep& horizontal : size.horizontal) {
      const PhasePlanes planes(size, vertical, horizontal);
      // The few channels of a group share few loads.
      const TileSpace space = tile_space(channels_of_unit(size), planes, TileSpace{}.registers);
      const double each = size.groups == 1 ? static_cast<double>(planes.vectors() * size.out_channels)
                                           : units * tile_cycles(space, choose_tile(space));
      vectors += static_cast<double>(vertical.taps * horizontal.taps) * each;
      moved += units * static_cast<double>(planes.packed_vectors()) *
               (planes.gathers() ? gather_seconds : copy_seconds);
      moved += static_cast<double>(size.out_channels * vertical.results *
                                   tile_count(horizontal.results, vector_size)) *
               (horizontal.out_step > 1 ? scatter_seconds : copy_seconds);
    }
  vectors *= static_cast<double>(size.in_channels);
  return static_cast<double>(size.images()) *
         (2 * vector_size * vectors / (share_of_peak * flops_per_second()) + moved);
}

Kernel plain_convolution(const Graph& graph, const Node& node, const CpuTarget& cpu, const ProductForm& form,
                         PlaneProduct size) {
  return PlainWriter(graph, node, cpu, form, std::move(size)).write();
}

}  // namespace sinter::jit
