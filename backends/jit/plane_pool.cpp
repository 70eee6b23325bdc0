#include "backends/jit/plane_pool.h"

#include <limits>

namespace sinter::jit {

void PlanePool::write_row(const PlaneSite& site, const Index& from) {
  windows_.over_row(k_, site, [&](const PlaneSite& window) {
    PlaneSite own = window;
    own.outer = from;
    node_.op == OpKind::avg_pool2d ? write_average(window, own) : write_largest(window, own);
  });
}

// From the last tap to the first: what is not smaller takes over, so that the first of equals stays; and so
// does every NaN.
void PlanePool::write_largest(const PlaneSite& site, const PlaneSite& from) {
  const TileHandle best = k_.tile("best", dtype_, site.vector(), {});
  best.set({}, number(-std::numeric_limits<double>::infinity(), site));
  if (!argmax_) {
    over_values(from, [&](Expr x, const Index&) { best.set({}, maximum(x, best())); });
    return store(y_, site, best());
  }
  const TileHandle where = k_.tile("where", DType::i32, site.vector(), {});
  where.set({}, k_.number(DType::i32, 0, site.vector()));
  over_values(from, [&](Expr loaded, const Index& tap) {
    const Expr x = k_.let("x", loaded);
    const Expr takes_over = k_.let(
        "takes_over", k_.apply(Op::logical_or,
                               {k_.apply(Op::greater_equal, {x, best()}), k_.apply(Op::not_equal, {x, x})}));
    best.set({}, select(takes_over, x, best()));
    where.set({}, select(takes_over, k_.index(DType::i32, tap), where()));
  });
  store(y_, site, best());
  store(argmax_, site, k_.cast(where(), argmax_type_));
}

void PlanePool::write_average(const PlaneSite& site, const PlaneSite& from) {
  const TileHandle total = k_.tile("total", dtype_, site.vector(), {});
  total.set({}, number(0, site));
  over_values(from, [&](Expr x, const Index&) { total.set({}, total() + x); });
  store(y_, site, windows_.divided_by_taps(k_, site, total(), node_.attributes.boolean("count_include_pad")));
}

void PlanePool::over_values(const PlaneSite& from, const std::function<void(Expr, const Index&)>& body) {
  windows_.over_taps(k_, from, [&](const PoolWindows::Tap& tap) {
    body(x_.load(from, tap.row, tap.column, windows_.w().stride), tap.number);
  });
}

void PlanePool::store(const std::optional<PlaneValue>& to, const PlaneSite& site, Expr value) {
  if (to) to->store(site, site.p, site.q, 1, value);
}

}  // namespace sinter::jit
