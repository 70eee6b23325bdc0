#pragma once

#include <optional>

#include "backends/jit/planes.h"
#include "ir/graph.h"

namespace sinter::jit {

/// What a pool makes of its windows, from planes to planes.
class PlanePool {
 public:
  /// `x`: what it reads, of the types that `windows` was made from. `argmax`: of max_pool2d_argmax, if it is
  /// wanted, in elements of `argmax_type`.
  PlanePool(KernelBuilder& k, const Node& pool, DType dtype, PoolWindows windows, PlaneValue x,
            std::optional<PlaneValue> y, std::optional<PlaneValue> argmax, DType argmax_type)
      : k_(k),
        node_(pool),
        dtype_(dtype),
        windows_(std::move(windows)),
        x_(std::move(x)),
        y_(std::move(y)),
        argmax_(std::move(argmax)),
        argmax_type_(argmax_type) {}

  /// The row of windows at `site`, whose planes of y are made from the planes `from` of x.
  void write_row(const PlaneSite& site, const Index& from);

 private:
  void write_largest(const PlaneSite& site, const PlaneSite& from);
  void write_average(const PlaneSite& site, const PlaneSite& from);
  void over_values(const PlaneSite& from, const std::function<void(Expr, const Index&)>& body);
  void store(const std::optional<PlaneValue>& to, const PlaneSite& site, Expr value);
  Expr number(double value, const PlaneSite& site) { return k_.number(dtype_, value, site.vector()); }

  KernelBuilder& k_;
  const Node& node_;
  DType dtype_;
  PoolWindows windows_;
  PlaneValue x_;
  std::optional<PlaneValue> y_, argmax_;
  DType argmax_type_;
};

}  // namespace sinter::jit
