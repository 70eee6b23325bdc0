#include "backends/jit/planes.h"

#include <algorithm>

#include "backends/jit/machine.h"

namespace sinter::jit {

PlaneValue::PlaneValue(KernelBuilder& k, BufferId buffer, const Type& type)
    : k_(&k),
      buffer_(buffer),
      height_(type.shape[2].size),
      width_(type.shape[3].size),
      batch_(k, buffer, type) {}

Access PlaneValue::access(const PlaneSite& site, const Index& row, const Index& column,
                          int64_t column_stride) const {
  const Index index = (site.outer * height_ + row) * width_ + column;
  if (!site.vector()) return {.buffer = buffer_, .index = index};
  return {.buffer = buffer_, .index = index, .lane_stride = column_stride, .count = site.count};
}

Expr PlaneValue::load(const PlaneSite& site, const Index& row, const Index& column,
                      int64_t column_stride) const {
  if (site.lanes == PlaneLanes::samples) return batch_.load(site.outer, {site.channel, row, column});
  return k_->load(access(site, row, column, column_stride), site.vector());
}

void PlaneValue::store(const PlaneSite& site, const Index& row, const Index& column, int64_t column_stride,
                       Expr value) const {
  if (site.lanes == PlaneLanes::samples) return batch_.store(site.outer, {site.channel, row, column}, value);
  k_->store(access(site, row, column, column_stride), value);
}

PoolWindows::PoolWindows(const Attributes& attributes, const Type& x, const Type& y) {
  const Ints& kernel = attributes.ints("kernel_size");
  const Ints& stride = attributes.ints("stride").empty() ? kernel : attributes.ints("stride");
  const OpKind kind = attributes.kind();
  const bool is_average = kind == OpKind::avg_pool2d || kind == OpKind::avg_pool2d_backward;
  window_ = ops::window(
      sizes(x.shape), sizes(y.shape), kernel[0], kernel[1],
      {stride, attributes.ints("padding"), is_average ? Ints{1, 1} : attributes.ints("dilation")});
}

bool PoolWindows::leaves(const ops::Slide& slide) {
  return slide.before > 0 || slide.at(slide.output - 1, slide.kernel - 1) >= slide.input;
}

bool PoolWindows::tile_x() const {
  const auto tiles = [](const ops::Slide& slide) {
    return slide.stride == slide.kernel && slide.dilation == 1;
  };
  return tiles(window_.h) && tiles(window_.w);
}

void PoolWindows::over_row(KernelBuilder& k, PlaneSite site,
                           const std::function<void(const PlaneSite&)>& body) const {
  const ops::Slide& w = window_.w;
  const auto one_by_one = [&](PlaneLanes lanes, int64_t from, int64_t to) {
    if (from >= to) return;
    k.loop("q", from, to, [&](Index q) { body({lanes, site.outer, site.channel, site.p, std::move(q)}); });
  };
  if (site.lanes == PlaneLanes::samples) return one_by_one(PlaneLanes::samples, 0, w.output);
  const int64_t first = std::min(w.output, w.first(0)), last = std::max(first, w.last(w.kernel - 1));
  const int64_t whole = (last - first) / vector_size, rest = (last - first) % vector_size;
  const auto sixteen = [&](Index q, std::optional<Index> count) {
    body({PlaneLanes::columns, site.outer, site.channel, site.p, std::move(q), std::move(count)});
  };
  one_by_one(PlaneLanes::none, 0, first);
  if (whole != 0) k.loop("v", 0, whole, [&](Index v) { sixteen(v * vector_size + first, std::nullopt); });
  if (rest != 0) sixteen(whole * vector_size + first, Index(rest));
  one_by_one(PlaneLanes::none, last, w.output);
}

void PoolWindows::over_taps(KernelBuilder& k, const PlaneSite& site,
                            const std::function<void(const Tap&)>& body) const {
  const auto &h = window_.h, &w = window_.w;
  const auto where_inside = [&](const ops::Slide& slide, const Index& at,
                                const std::function<void()>& inside) {
    leaves(slide) ? k.when({at, slide.input - 1 - at}, inside) : inside();
  };
  loop_taps(k, "i", h.kernel, [&](Index i) {
    const Index kh = h.kernel - 1 - i, row = site.p * h.stride + kh * h.dilation - h.before;
    where_inside(h, row, [&] {
      loop_taps(k, "j", w.kernel, [&](Index j) {
        const Index kw = w.kernel - 1 - j, column = site.q * w.stride + kw * w.dilation - w.before;
        const auto tap = [&] { body({row, column, kh * w.kernel + kw}); };
        site.lanes == PlaneLanes::columns ? tap() : where_inside(w, column, tap);
      });
    });
  });
}

void PoolWindows::loop_taps(KernelBuilder& k, const char* name, int64_t count,
                            const KernelBuilder::Body& body) const {
  constexpr int64_t most_unrolled = 16;  // of a window
  window_.h.kernel* window_.w.kernel <= most_unrolled ? k.unroll(name, count, body)
                                                      : k.loop(name, 0, count, body);
}

// Taps of one dimension that count: those inside x, or those that ceil_mode does not put beyond its padding.
Expr PoolWindows::counted_taps(KernelBuilder& k, const ops::Slide& slide, const Index& at, DType dtype,
                               bool counts_padding) {
  const auto number = [&](int64_t value) { return k.number(dtype, static_cast<double>(value), false); };
  const Index start = at * slide.stride - slide.before;
  const Expr first = k.index(dtype, start), end = k.index(dtype, start + slide.kernel);
  if (counts_padding) return minimum(end, number(slide.input + slide.after)) - first;
  return minimum(end, number(slide.input)) - maximum(first, number(0));
}

Expr PoolWindows::divided_by_taps(KernelBuilder& k, const PlaneSite& site, Expr x,
                                  bool counts_padding) const {
  const auto ends_within = [&](const ops::Slide& slide) {
    return slide.at(slide.output - 1, slide.kernel) <= slide.input + slide.after;
  };
  const auto &h = window_.h, &w = window_.w;
  if (counts_padding ? ends_within(h) && ends_within(w) : !has_padding())
    return x * k.number(x.dtype(), 1 / static_cast<double>(h.kernel * w.kernel), site.vector());
  const Expr columns = site.lanes == PlaneLanes::columns
                           ? k.number(x.dtype(), static_cast<double>(w.kernel), false)
                           : counted_taps(k, w, site.q, x.dtype(), counts_padding);
  return x / (counted_taps(k, h, site.p, x.dtype(), counts_padding) * columns);
}

double plane_seconds(double bytes) {
  constexpr double cached_bytes_per_second = 50e9;  // planes mostly come from where they were just made
  return bytes / cached_bytes_per_second;
}

// Plain values with lanes across samples are gathered, and so are strided columns.
double pool_seconds(const Attributes& attributes, Type x, Type y, const Layout& x_layout,
                    const Layout& y_layout) {
  constexpr double tap = 0.4e-9, gather = 1e-9;
  x.layout = x_layout;
  y.layout = y_layout;
  const PoolWindows windows(attributes, x, y);
  const int64_t n = x.shape[0].size, c = x.shape[1].size, rows = windows.h().output, w = windows.w().output;
  const bool samples = !x_layout.is_plain() || !y_layout.is_plain();
  const int64_t vectors =
      samples ? batch_blocks(n) * c * rows * w : n * c * rows * ((w + vector_size - 1) / vector_size);
  const bool gathers = samples ? x_layout.is_plain() || y_layout.is_plain() : windows.w().stride > 1;
  const auto taps = static_cast<double>(windows.h().kernel * windows.w().kernel);
  const double arithmetic = static_cast<double>(vectors) * taps * (tap + (gathers ? gather : 0));
  return std::max(arithmetic, plane_seconds(static_cast<double>(x.bytes() + y.bytes()))) + call_seconds;
}

}  // namespace sinter::jit
