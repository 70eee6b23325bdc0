#pragma once

#include <functional>

#include "backends/jit/batch_lanes.h"
#include "ir/ops/window.h"

namespace sinter::jit {

/// Which lanes a kernel over planes has at one place of its code.
enum class PlaneLanes : uint8_t {
  samples,  ///< the same element of sixteen samples
  columns,  ///< sixteen windows side by side in a plane of a plain value
  none,     ///< one element of a plain value
};

/// Where a kernel is: the plane, or the same plane of sixteen samples, and the windows.
struct PlaneSite {
  PlaneLanes lanes;
  Index outer;                      ///< block of samples; without such: the plane, n * C + c
  Index channel;                    ///< where lanes are samples
  Index p, q;                       ///< the window, the first of sixteen
  std::optional<Index> count = {};  ///< windows that are there, where not all are

  bool vector() const { return lanes != PlaneLanes::none; }
};

/// A value [N, C, H, W] of a node whose kernel goes from plane to plane.
class PlaneValue {
 public:
  PlaneValue(KernelBuilder& k, BufferId buffer, const Type& type);

  /// The element at a row and a column, those of sixteen windows `column_stride` apart.
  Expr load(const PlaneSite& site, const Index& row, const Index& column, int64_t column_stride) const;
  void store(const PlaneSite& site, const Index& row, const Index& column, int64_t column_stride,
             Expr value) const;

 private:
  Access access(const PlaneSite& site, const Index& row, const Index& column, int64_t column_stride) const;

  KernelBuilder* k_;
  BufferId buffer_;
  int64_t height_, width_;
  BatchValue batch_;
};

/// The windows of a pool, and loops over them and their taps.
class PoolWindows {
 public:
  PoolWindows(const Attributes& attributes, const Type& x, const Type& y);

  const ops::Slide& h() const { return window_.h; }
  const ops::Slide& w() const { return window_.w; }
  bool has_padding() const { return leaves(window_.h) || leaves(window_.w); }
  /// Each element of x lies in one window, but for a rest at the lower and the right edge.
  bool tile_x() const;

  /// Calls with every window of row p of the plane at `site`. Lanes that are columns are so where the window
  /// lies inside the plane; at the edges it is one window at a time.
  void over_row(KernelBuilder& k, PlaneSite site, const std::function<void(const PlaneSite&)>& body) const;

  struct Tap {
    Index row, column;  ///< in x
    Index number;       ///< within the window
  };
  /// Calls with the taps of a window that lie inside x, from the last to the first.
  void over_taps(KernelBuilder& k, const PlaneSite& site, const std::function<void(const Tap&)>& body) const;
  /// A loop over the taps along one dimension, unrolled unless windows are large.
  void loop_taps(KernelBuilder& k, const char* name, int64_t count, const KernelBuilder::Body& body) const;
  /// Whether some window reaches beyond x along a dimension.
  static bool leaves(const ops::Slide& slide);

  /// The mean of a window whose taps sum up to x, or what each tap gets of its gradient x. Taps in the
  /// padding count or do not.
  Expr divided_by_taps(KernelBuilder& k, const PlaneSite& site, Expr x, bool counts_padding) const;

 private:
  static Expr counted_taps(KernelBuilder& k, const ops::Slide& slide, const Index& at, DType dtype,
                           bool counts_padding);

  ops::Window window_;
};

/// Estimated time to move so many bytes of planes.
double plane_seconds(double bytes);

/// Estimated time of a pool or its gradient where x and y lie so.
double pool_seconds(const Attributes& attributes, Type x, Type y, const Layout& x_layout,
                    const Layout& y_layout);

}  // namespace sinter::jit
