#include "backends/jit/pooled_gradient.h"

#include <algorithm>

#include "backends/jit/elementwise.h"
#include "backends/jit/floor_divided.h"

namespace sinter::jit {

PooledGradient::PooledGradient(BodyKernel& kernel, const PooledForm& form, const Bands& bands, int64_t slots)
    : kernel_(kernel),
      k_(kernel.k),
      form_(form),
      windows_(kernel.body().node(form.unpool).attributes, kernel.body().type(form.unpooled),
               kernel.body().type(form.pooled)),
      pooled_(k_, kernel.buffer(form.pooled), kernel.type(form.pooled)),
      counts_padding_(kernel.body().node(form.unpool).attributes.boolean("count_include_pad")),
      bands_(bands),
      buffer_(k_.workspace("dy", DType::f32, slots * bands.rows * windows_.w().input * vector_size)) {
  require(bands.step % windows_.h().stride == 0, "each band starts alike");
}

Access PooledGradient::at(const Index& band, const Index& slot, const Index& y, const Index& x) const {
  const Index row = slot * bands_.rows + y - first_row(band);
  return {.buffer = buffer_, .index = (row * windows_.w().input + x) * vector_size};
}

Expr PooledGradient::load(const Index& band, const Index& slot, const Index& y, const Index& x) const {
  return k_.load(at(band, slot, y, x), true);
}

// Windows that tile the plane give each element its gradient at once; of others it is added up first.
void PooledGradient::fill(const Place& place, const Each& each) const {
  const auto &h = windows_.h(), &w = windows_.w();
  const Expr zero = k_.number(DType::f32, 0, true);
  if (windows_.tile_x()) {
    over_windows(place, [&](const Expr& share, const Index& row, const Index& column) {
      finish(place, row, column, share, each);
    });
    const int64_t rows = std::min(h.input, h.at(h.output, 0)), columns = std::min(w.input, w.at(w.output, 0));
    const auto without_gradient = [&](const Index& row, const Index& column) {
      finish(place, row, column, zero, each);
    };
    over(place.band, {0, rows}, columns, without_gradient);
    over(place.band, {rows, h.input}, 0, without_gradient);
    return;
  }
  const auto own = [&](const Index& row, const Index& column) {
    return at(place.band, place.slot, row, column);
  };
  over(place.band, {0, h.input}, 0,
       [&](const Index& row, const Index& column) { k_.store(own(row, column), zero); });
  over_windows(place, [&](const Expr& share, const Index& row, const Index& column) {
    k_.store(own(row, column), k_.load(own(row, column), true) + share);
  });
  over(place.band, {0, h.input}, 0, [&](const Index& row, const Index& column) {
    finish(place, row, column, k_.let("unpooled", k_.load(own(row, column), true)), each);
  });
}

// Rows of the band and columns to the right.
void PooledGradient::over(const Index& band, std::pair<int64_t, int64_t> rows, int64_t first_column,
                          const At& body) const {
  const int64_t width = windows_.w().input;
  if (rows.first >= rows.second || first_column >= width) return;
  const Index first = first_row(band);
  k_.loop("y", std::vector<Index>{rows.first, first}, {rows.second, first + bands_.rows},
          [&](Index row) { k_.loop("x", first_column, width, [&](Index column) { body(row, column); }); });
}

// Rows of the band, once for each window row that reaches them.
void PooledGradient::over_rows(const Index& band,
                               const std::function<void(const Index& p, const Index& row)>& body) const {
  const auto& h = windows_.h();
  const int64_t first = ceil_divided(bands_.first + h.before - h.kernel + 1, h.stride),
                last = floor_divided(bands_.first + bands_.rows - 1 + h.before, h.stride);
  const bool stays = h.at(first, 0) >= bands_.first && h.at(last, h.kernel - 1) < bands_.first + bands_.rows;
  const Index moved = band * (bands_.step / h.stride);
  k_.loop("p", std::vector<Index>{0, moved + first}, {h.output, moved + last + 1}, [&](Index p) {
    windows_.loop_taps(k_, "i", h.kernel, [&](Index i) {
      const Index row = p * h.stride + i - h.before;
      std::vector<Index> inside;
      if (windows_.leaves(h)) inside = {row, h.input - 1 - row};
      if (!stays) {
        inside.push_back(row - first_row(band));
        inside.push_back(first_row(band) + (bands_.rows - 1) - row);
      }
      inside.empty() ? body(p, row) : k_.when(inside, [&] { body(p, row); });
    });
  });
}

void PooledGradient::over_windows(
    const Place& place,
    const std::function<void(const Expr& share, const Index& row, const Index& column)>& body) const {
  const auto& w = windows_.w();
  over_rows(place.band, [&](const Index& p, const Index& row) {
    k_.loop("q", 0, w.output, [&](Index q) {
      const PlaneSite site{PlaneLanes::samples, place.block, place.channel, p, q};
      const Expr share =
          k_.let("share", windows_.divided_by_taps(k_, site, pooled_.load(site, p, q, 1), counts_padding_));
      windows_.loop_taps(k_, "j", w.kernel, [&](Index j) {
        const Index column = q * w.stride + j - w.before;
        const auto tap = [&] { body(share, row, column); };
        windows_.leaves(w) ? k_.when({column, w.input - 1 - column}, tap) : tap();
      });
    });
  });
}

// Lanes without a sample hold zeros, whatever the ops between make of them.
void PooledGradient::finish(const Place& place, const Index& row, const Index& column, const Expr& unpooled,
                            const Each& each) const {
  const EpiloguePlace operands = kernel_.samples_at(place.block, {place.channel, row, column});
  Expressions expressions(k_, kernel_.body(), true, [&](ValueId id) -> std::optional<Expr> {
    if (id == form_.unpooled) return unpooled;
    if (kernel_.body().info(id).kind != ValueKind::input) return std::nullopt;
    return operands.load(id);
  });
  const Expr made = expressions(form_.dy);
  const auto samples = kernel_.samples(form_.pooled).count(place.block);
  const Expr dy = k_.let("dy", samples ? k_.first_lanes(made, *samples) : made);
  k_.store(at(place.band, place.slot, row, column), dy);
  each(dy);
}

}  // namespace sinter::jit
