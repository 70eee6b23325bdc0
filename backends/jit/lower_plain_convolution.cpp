#include "backends/jit/lower_plain_convolution.h"

#include <algorithm>

#include "backends/jit/batch_lanes.h"
#include "backends/jit/body_kernel.h"
#include "backends/jit/convolution.h"
#include "backends/jit/elementwise.h"
#include "backends/jit/plane_pool.h"
#include "backends/jit/tile_shape.h"

namespace sinter::jit {
namespace {

constexpr int64_t wanted_units = 8;
constexpr double worthwhile_multiply_adds = 2e6;  // of a unit: waking another thread takes as long

// x lies padded, plane after plane, in rows of `width`. Sixteen neighbours of these rows, wherever a row
// ends, are the lanes: each tap of the kernel is a shift by a fixed number of elements, and what the lanes
// between two rows hold is never looked at. The elementwise ops and the pool then go over rows of the sums.
class PlainWriter {
 public:
  PlainWriter(const Graph& graph, const Node& node, const CpuTarget& cpu, const ProductForm& form)
      : kernel_(graph, node),
        k_(kernel_.k),
        body_(kernel_.body()),
        form_(form),
        product_(body_.node(form.product)),
        size_(convolution(body_.type(product_.operands[0]).shape, body_.type(product_.operands[1]).shape,
                          body_.type(form.made).shape, product_.attributes)),
        width_(size_.ow + size_.kw - 1),
        height_(size_.oh + size_.kh - 1),
        vectors_(tile_count(size_.oh * width_, vector_size)),
        channels_(channels_of_unit(size_)),
        // Neighbours begin anywhere: most loads touch two cache lines.
        tile_(choose_tile({.outer = channels_,
                           .inner = vectors_,
                           .registers = std::max(4, cpu.vector_registers - 3),
                           .vector_load = 2})) {}

  Kernel write() {
    const auto at = k_.parallel({{"n", size_.n}, {"ot", tile_count(size_.o, channels_)}});
    n_ = at[0];
    // Behind the last plane lies what its last lanes read.
    const int64_t elements = size_.c * height_ * width_ + vector_size + size_.kw;
    packed_ = k_.workspace("packed", DType::f32, elements);
    sums_ = k_.workspace("sums", DType::f32, channels_ * plane());
    pack(elements);
    for_own_tile(k_, at[1], size_.o, channels_, [&](Index first, int64_t channels) {
      first_ = std::move(first);
      for_tiles(k_, "vt", vectors_, tile_.inner, [&](Index vector, int64_t vectors) {
        for_tiles(k_, "ct", channels, tile_.outer,
                  [&](Index o, int64_t outer) { add_up(vector, vectors, o, outer); });
      });
      k_.loop("o", 0, channels, [&](Index o) { finish(o); });
    });
    return kernel_.finish();
  }

 private:
  static int64_t channels_of_unit(const Convolution& size) {
    const double each =
        static_cast<double>(size.oh * size.ow) * static_cast<double>(size.c * size.kh * size.kw);
    const auto least = static_cast<int64_t>(worthwhile_multiply_adds / each) + 1;
    const int64_t shares = std::max<int64_t>(1, wanted_units / size.n);
    return std::min(size.o, std::max(least, tile_count(size.o, shares)));
  }

  int64_t plane() const { return size_.oh * width_; }

  // ---- x, with zeros around it

  void pack(int64_t elements) {
    const auto zero = [&](const Index& from, const Index& to) {
      k_.loop("i", from, to, [&](Index i) {
        k_.store({.buffer = packed_, .index = std::move(i)}, k_.number(DType::f32, 0, false));
      });
    };
    k_.loop("c", 0, size_.c, [&](Index c) {
      k_.loop("row", 0, height_, [&](Index row) {
        const Index from = row - size_.top, to = (c * height_ + row) * width_;
        const int64_t left = std::min(size_.left, width_), columns = std::min(size_.w, width_ - left);
        k_.when({from, size_.h - 1 - from}, [&] {
          zero_columns(to, 0, left);
          copy_row(c, from, to + left, columns);
          zero_columns(to, left + columns, width_);
        });
        k_.when({-1 - from}, [&] { zero_columns(to, 0, width_); });
        k_.when({from - size_.h}, [&] { zero_columns(to, 0, width_); });
      });
    });
    zero(size_.c * height_ * width_, elements);
  }

  void zero_columns(const Index& to, int64_t from, int64_t end) {
    for_vectors(end - from, [&](const Index& at, std::optional<Index> count) {
      k_.store({.buffer = packed_, .index = to + from + at, .count = std::move(count)},
               k_.number(DType::f32, 0, true));
    });
  }

  void copy_row(const Index& c, const Index& row, const Index& to, int64_t columns) {
    const Index from = ((n_ * size_.c + c) * size_.h + row) * size_.w;
    const BufferId x = kernel_.buffer(product_.operands[0]);
    for_vectors(columns, [&](const Index& at, const std::optional<Index>& count) {
      k_.store({.buffer = packed_, .index = to + at, .count = count},
               k_.load({.buffer = x, .index = from + at, .count = count}, true));
    });
  }

  // Calls with the place of each vector of a run of elements, and with what is there of the last.
  void for_vectors(int64_t elements, const std::function<void(const Index&, std::optional<Index>)>& body) {
    const int64_t whole = elements / vector_size, rest = elements % vector_size;
    if (whole == 1) body(0, std::nullopt);
    if (whole > 1) k_.loop("v", 0, whole, [&](Index v) { body(v * vector_size, std::nullopt); });
    if (rest > 0) body(whole * vector_size, Index(rest));
  }

  // ---- products

  void add_up(const Index& vector, int64_t vectors, const Index& o, int64_t channels) {
    const TileHandle sum = k_.tile("sum", DType::f32, true, {channels, vectors});
    const TileHandle x = k_.tile("x", DType::f32, true, {vectors});
    const auto each = [&](const std::function<void(Index, Index)>& body) {
      k_.unroll("i", channels, [&](Index i) { k_.unroll("j", vectors, [&](Index j) { body(i, j); }); });
    };
    each([&](Index i, Index j) { sum.set({i, j}, initial(first_ + o + i)); });
    k_.loop("c", 0, size_.c, [&](Index c) {
      k_.loop("ky", 0, size_.kh, [&](Index ky) {
        k_.unroll("kx", size_.kw, [&](Index kx) {
          const Index from = (c * height_ + ky) * width_ + kx + vector * vector_size;
          k_.unroll("j", vectors, [&](Index j) {
            x.set({j}, k_.load({.buffer = packed_, .index = from + j * vector_size}, true));
          });
          k_.unroll("i", channels, [&](Index i) {
            const Index at = (((first_ + o + i) * size_.c + c) * size_.kh + ky) * size_.kw + kx;
            const Expr weight = k_.let("weight", kernel_.spread(product_.operands[1], at));
            k_.unroll("j", vectors, [&](Index j) { sum.set({i, j}, multiply_add(x(j), weight, sum(i, j))); });
          });
        });
      });
    });
    each([&](Index i, Index j) {
      Access to{.buffer = sums_, .index = (o + i) * plane() + (vector + j) * vector_size};
      if (plane() % vector_size != 0) to.count = plane() - (vector + j) * vector_size;
      k_.store(to, stays_in_registers() ? pooled_from(sum(i, j)) : sum(i, j));
    });
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
    return biased ? kernel_.spread(product_.operands[2], o) : k_.number(DType::f32, 0, true);
  }

  // ---- what follows, row by row

  void finish(const Index& o) {
    if (!stays_in_registers()) k_.loop("y", 0, size_.oh, [&](Index y) { finish_row(o, y); });
    if (!form_.pool) return;
    const Node& node = body_.node(*form_.pool);
    const Type x = body_.type(form_.pooled_from);
    const Type rows{DType::f32, {1, channels_, size_.oh, width_}, {}};
    const auto argmax = node.results.size() > 1 ? node.results[1] : ValueId{};
    PlanePool pool(k_, node, DType::f32, {node.attributes, x, body_.type(node.results[0])},
                   PlaneValue(k_, sums_, rows), plane_of(node.results[0]),
                   argmax.valid() ? plane_of(argmax) : std::nullopt,
                   argmax.valid() ? body_.type(argmax).dtype : DType::i32);
    k_.loop("p", 0, body_.type(node.results[0]).shape[2].size, [&](Index p) {
      pool.write_row({PlaneLanes::columns, n_ * size_.o + first_ + o, 0, std::move(p), 0}, o);
    });
  }

  std::optional<PlaneValue> plane_of(ValueId id) {
    for (const GraphResult& result : body_.results())
      if (result.value == id) return PlaneValue(k_, kernel_.buffer(id), kernel_.type(id));
    return std::nullopt;
  }

  void finish_row(const Index& o, const Index& y) {
    const Index from = o * plane() + y * width_;
    const Index to = ((n_ * size_.o + first_ + o) * size_.oh + y) * size_.ow;
    for_vectors(size_.ow, [&](const Index& at, const std::optional<Index>& count) {
      const Access own{.buffer = sums_, .index = from + at, .count = count};
      const Expr sum = k_.let("made", k_.load(own, true));
      Expressions value(k_, body_, true, [&](ValueId id) -> std::optional<Expr> {
        if (id == form_.made) return sum;
        if (body_.info(id).kind != ValueKind::input) return std::nullopt;
        if (element_count(body_.type(id).shape) == 1) return kernel_.spread(id, 0);
        return k_.load({.buffer = kernel_.buffer(id), .index = to + at, .count = count}, true);
      });
      std::vector<std::pair<Access, Expr>> stores;
      for (const GraphResult& result : body_.results())
        if (!form_.pool || body_.info(result.value).node != *form_.pool)
          stores.emplace_back(
              Access{.buffer = kernel_.buffer(result.value), .index = to + at, .count = count},
              value(result.value));
      if (form_.pool) stores.emplace_back(own, value(form_.pooled_from));
      for (const auto& [place, expression] : stores) k_.store(place, expression);
    });
  }

  BodyKernel kernel_;
  KernelBuilder& k_;
  const Graph& body_;
  ProductForm form_;
  const Node& product_;
  Convolution size_;
  int64_t width_, height_;  ///< of padded planes of x
  int64_t vectors_;         ///< of a plane of sums
  int64_t channels_;        ///< of a unit
  TileShape tile_;
  Index n_, first_;  ///< sample and first channel of the unit
  BufferId packed_ = -1, sums_ = -1;
};

}  // namespace

bool fits_plain_convolution(const Convolution& size) { return size.stride_h == 1 && size.stride_w == 1; }

double plain_convolution_vectors(const Convolution& size) {
  const auto vectors = static_cast<double>(tile_count(size.oh * (size.ow + size.kw - 1), vector_size));
  return static_cast<double>(size.n * size.o * size.c * size.kh * size.kw) * vectors;
}

Kernel plain_convolution(const Graph& graph, const Node& node, const CpuTarget& cpu,
                         const ProductForm& form) {
  return PlainWriter(graph, node, cpu, form).write();
}

}  // namespace sinter::jit
