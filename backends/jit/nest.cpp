#include "backends/jit/nest.h"

#include <algorithm>

#include "backends/jit/machine.h"
#include "ir/error.h"

namespace sinter::jit {
namespace {

constexpr int64_t most_units = 64;
constexpr int64_t least_rows = 4;    // of a tile; fewer are copied one by one
constexpr double least_work = 4096;  // copied elements: some hundred nanoseconds

int64_t rounded_up(int64_t a, int64_t b) { return (a + b - 1) / b; }

}  // namespace

bool can_view(const Layout& layout) {
  return !layout.is_opaque() &&
         (layout.blocks().empty() || (layout.blocks().size() == 1 && layout.blocks()[0].size == vector_size));
}

View view_of(const Type& type) {
  require(can_view(type.layout), "a layout of one block");
  const auto shape = sizes(type.shape);
  std::vector<int> order(type.layout.order().begin(), type.layout.order().end());
  if (order.empty())
    for (size_t d = 0; d < shape.size(); ++d) order.push_back(static_cast<int>(d));
  const int blocked = type.layout.blocks().empty() ? -1 : type.layout.blocks()[0].dimension;
  View view(shape.size());
  int64_t step = blocked < 0 ? 1 : vector_size;
  for (size_t i = order.size(); i-- > 0;) {
    const int d = order[i];
    view[d] = d == blocked ? Step{1, step} : Step{step};
    step *= d == blocked ? rounded_up(shape[d], vector_size) : shape[d];
  }
  return view;
}

View broadcast_view(const Type& type, size_t rank) {
  View view = view_of(type);
  for (size_t d = 0; d < view.size(); ++d)
    if (type.shape[d].size == 1) view[d] = {0};
  view.insert(view.begin(), rank - view.size(), Step{0});
  return view;
}

Nest::Nest(std::span<const int64_t> shape, std::vector<View> views, const std::vector<bool>& reduced,
           LaneChoice choice) {
  for (size_t d = 0; d < shape.size(); ++d)
    add_dimension(d, shape[d], views, d < reduced.size() && reduced[d]);
  std::ranges::stable_sort(axes_, std::ranges::greater{}, [](const Axis& axis) { return axis.strides[0]; });
  std::ranges::stable_partition(axes_, [](const Axis& axis) { return !axis.reduced; });
  merge();
  at_.assign(axes_.size(), 0);
  choose_lane(choice);
}

// Inside a block that the first view does not fill up, steps end with the dimension.
void Nest::add_dimension(size_t d, int64_t size, const std::vector<View>& views, bool reduced) {
  const auto is_blocked = [&](const View& view) { return view[d].block_stride != 0; };
  std::vector<bool> blocked;
  for (const View& view : views) blocked.push_back(is_blocked(view));
  const bool fills = std::ranges::count(blocked, true) > 0 && (size > 1 || blocked[0]);
  if (size == 1 && !fills) return;
  Axis inner{d, size, {}, blocked, reduced};
  for (const View& view : views) inner.strides.push_back(view[d].stride);
  if (fills && (size > vector_size || blocked[0])) {
    const bool whole = size % vector_size == 0;
    if (size > vector_size) {
      Axis outer{d, rounded_up(size, vector_size), {}, std::vector<bool>(views.size()), reduced, !whole};
      for (const View& view : views)
        outer.strides.push_back(is_blocked(view) ? view[d].block_stride : view[d].stride * vector_size);
      axes_.push_back(std::move(outer));
    }
    inner.size = vector_size;
    if (!whole) inner.total = size;
  }
  axes_.push_back(std::move(inner));
}

void Nest::merge() {
  const auto joins = [](const Axis& outer, const Axis& inner) {
    if (outer.reduced != inner.reduced || outer.is_block || outer.total || inner.is_block || inner.total)
      return false;
    for (size_t v = 0; v < inner.strides.size(); ++v)
      if (outer.strides[v] != inner.strides[v] * inner.size) return false;
    return true;
  };
  for (size_t i = axes_.size(); i-- > 1;) {
    if (!joins(axes_[i - 1], axes_[i])) continue;
    axes_[i].size *= axes_[i - 1].size;
    axes_.erase(axes_.begin() + static_cast<std::ptrdiff_t>(i) - 1);
  }
}

void Nest::choose_lane(LaneChoice choice) {
  const auto take = [&](auto fits) {
    for (size_t i = axes_.size(); i-- > 0 && !lane_;)
      if (fits(axes_[i])) lane_ = i;
  };
  if (choice == LaneChoice::contiguous) {
    take([](const Axis& axis) { return axis.total && axis.strides[0] == 1; });
    take([](const Axis& axis) { return axis.strides[0] == 1; });
    return;
  }
  const bool reduced = choice == LaneChoice::reduced;
  take([&](const Axis& axis) {
    return axis.reduced == reduced && std::ranges::count(axis.blocked, true) > 0;
  });
  take([&](const Axis& axis) { return axis.reduced == reduced; });
}

bool Nest::tile_along(size_t view) {
  if (!lane_ || axes_[*lane_].strides[view] <= 1) return false;
  for (size_t i = 0; i < axes_.size() && !across_; ++i)
    if (axes_[i].strides[view] == 1 && axes_[i].size >= least_rows && !axes_[i].reduced) across_ = i;
  return across_.has_value();
}

void Nest::split(int64_t parts) { parts_ = parts; }

int64_t Nest::steps(size_t axis) const {
  const int64_t size = axes_[axis].size;
  return axis == lane_ || axis == across_ ? rounded_up(size, vector_size) : size;
}

int64_t Nest::elements() const {
  int64_t count = 1;
  for (const Axis& axis : axes_) count *= axis.size;
  return count;
}

int64_t Nest::vectors() const {
  int64_t count = 1;
  for (size_t i = 0; i < axes_.size(); ++i) count *= steps(i);
  return count;
}

int64_t Nest::kept_vectors() const {
  int64_t count = 1;
  for (size_t i = 0; i < axes_.size(); ++i) count *= axes_[i].reduced ? 1 : steps(i);
  return count;
}

int64_t Nest::outermost_reduced_steps() const {
  const auto loops = levels(true);
  return loops.empty() ? 1 : steps(loops[0].axis);
}

int64_t Nest::gathers() const {
  return lane_ && !across_
             ? std::ranges::count_if(axes_[*lane_].strides, [](int64_t stride) { return stride > 1; })
             : 0;
}

std::vector<Nest::Level> Nest::levels(bool reduced) const {
  std::vector<Level> levels;
  for (size_t i = 0; i < axes_.size(); ++i)
    if (axes_[i].reduced == reduced && i != lane_) levels.push_back({i});
  if (lane_ && axes_[*lane_].reduced == reduced) levels.push_back({*lane_});
  return levels;
}

void Nest::over_kept(KernelBuilder& k, double element_work, const Body& body) {
  std::vector<Level> loops = levels(false);
  std::vector<std::pair<std::string, int64_t>> extents;
  std::vector<size_t> shared;
  if (parts_ > 1) extents.emplace_back("part", parts_);
  double work = static_cast<double>(elements()) * element_work / static_cast<double>(parts_);
  int64_t units = parts_;
  for (size_t i = 0; i < loops.size() && units < most_units && work > 2 * least_work; ++i) {
    const int64_t all = steps(loops[i].axis);
    const auto fitting = static_cast<int64_t>(least_work * static_cast<double>(all) / work);
    const int64_t chunk = std::clamp<int64_t>(fitting, 1, all);
    if (chunk == all) continue;
    loops[i].chunk = chunk;
    loops[i].units = rounded_up(all, chunk);
    work = work / static_cast<double>(all) * static_cast<double>(chunk);
    units *= loops[i].units;
    shared.push_back(i);
    extents.emplace_back("unit", loops[i].units);
  }
  const auto variables = k.parallel(std::move(extents));
  if (parts_ > 1) part_ = variables[0];
  for (size_t i = 0; i < shared.size(); ++i) loops[shared[i]].unit = variables[i + (parts_ > 1)];
  open(k, loops, body);
}

void Nest::over_reduced(KernelBuilder& k, const Body& body) {
  std::vector<Level> loops = levels(true);
  if (parts_ > 1) {
    const int64_t chunk = rounded_up(steps(loops[0].axis), parts_);
    loops[0] = {loops[0].axis, chunk, part_, parts_};
  }
  for (size_t i = loops.size(); i-- > 0 && chains_ > 1 && !dealt_;)
    if (steps(loops[i].axis) > 1 && loops[i].chunk == 0 && !axes_[loops[i].axis].total)
      dealt_ = loops[i].axis;
  const bool vector = vector_;
  open(k, loops, body);
  vector_ = vector;
  dealt_.reset();
}

void Nest::over_reduced(KernelBuilder& k, int64_t chains, const Body& body) {
  chains_ = chains;
  over_reduced(k, body);
  chains_ = 1;
  chain_ = 0;
}

void Nest::open(KernelBuilder& k, std::span<const Level> levels, const Body& body) {
  if (levels.empty()) return body();
  const Level& level = levels[0];
  if (level.axis == dealt_) return open_dealt(k, level, [&] { open(k, levels.subspan(1), body); });
  if (level.axis == lane_ || level.axis == across_)
    return open_lanes(k, level, [&] { open(k, levels.subspan(1), body); });
  const Axis& axis = axes_[level.axis];
  const auto inside = [&](Index i) {
    at_[level.axis] = std::move(i);
    open(k, levels.subspan(1), body);
  };
  if (level.chunk == 1 && level.units == axis.size && !axis.total) return inside(level.unit);
  std::vector<Index> lower = {0}, upper = {axis.size};
  if (level.chunk != 0) lower = {level.unit * level.chunk};
  if (level.chunk != 0) upper.push_back((level.unit + 1) * level.chunk);
  if (axis.total) upper.push_back(*axis.total - block_of(axis) * vector_size);
  k.loop(std::string(1, static_cast<char>('a' + axis.dimension)), lower, upper, inside);
}

void Nest::at_vector(size_t axis, Index first, std::optional<Index> count, const Body& body) {
  at_[axis] = std::move(first);
  if (axis == across_) {
    rows_ = std::move(count);
    body();
    return rows_.reset();
  }
  count_ = std::move(count);
  vector_ = true;
  body();
  vector_ = false;
  count_.reset();
}

// As many steps side by side as there are chains, then what is left.
void Nest::open_dealt(KernelBuilder& k, const Level& level, const Body& body) {
  const Axis& axis = axes_[level.axis];
  const bool lanes = level.axis == lane_;
  const int64_t whole = lanes ? axis.size / vector_size : axis.size, rounds = whole / chains_;
  const auto step = [&](const Index& i, int64_t chain) {
    chain_ = chain;
    if (lanes) return at_vector(level.axis, i * vector_size, {}, body);
    at_[level.axis] = i;
    body();
  };
  if (rounds != 0)
    k.loop(std::string(1, static_cast<char>('a' + axis.dimension)), 0, rounds, [&](const Index& i) {
      for (int64_t chain = 0; chain < chains_; ++chain) step(i * chains_ + chain, chain);
    });
  for (int64_t i = rounds * chains_; i < whole; ++i) step(i, i - rounds * chains_);
  const int64_t rest = lanes ? axis.size % vector_size : 0;
  chain_ = 0;
  if (rest != 0) at_vector(level.axis, whole * vector_size, Index(rest), body);
}

// Whole vectors, then what is left of the row.
void Nest::open_lanes(KernelBuilder& k, const Level& level, const Body& body) {
  const Axis& axis = axes_[level.axis];
  const auto vector_at = [&](Index first, std::optional<Index> count) {
    at_vector(level.axis, std::move(first), std::move(count), body);
  };
  if (axis.total) return vector_at(0, *axis.total - block_of(axis) * vector_size);
  const int64_t whole = axis.size / vector_size, rest = axis.size % vector_size;
  std::vector<Index> lower = {0}, upper = {whole};
  if (level.chunk != 0) lower = {level.unit * level.chunk};
  if (level.chunk != 0) upper.push_back((level.unit + 1) * level.chunk);
  if (whole != 0) k.loop("v", lower, upper, [&](Index v) { vector_at(v * vector_size, {}); });
  if (rest == 0) return;
  const int64_t last = level.chunk == 0 ? 0 : whole / level.chunk;  // the unit that the last vector falls to
  const auto tail = [&] { vector_at(whole * vector_size, Index(rest)); };
  if (level.chunk == 0) return tail();
  k.when({level.unit - last, last - level.unit}, tail);
}

Index Nest::block_of(const Axis& axis) const {
  for (size_t i = 0; i < axes_.size(); ++i)
    if (axes_[i].is_block && axes_[i].dimension == axis.dimension) return at_[i];
  return 0;
}

Index Nest::position(size_t dimension) const {
  std::vector<size_t> own;
  for (size_t i = 0; i < axes_.size(); ++i)
    if (axes_[i].dimension == dimension && axes_[i].reduced) own.push_back(i);
  if (own.empty()) return 0;
  return own.size() == 1 ? at_[own[0]] : at_[own[0]] * vector_size + at_[own[1]];
}

Index Nest::place(size_t view) const {
  Index index = 0;
  for (size_t i = 0; i < axes_.size(); ++i) index += at_[i] * axes_[i].strides[view];
  return index;
}

// A blocked view holds zeros in the lanes that are not there, and can be read and written as a whole.
bool Nest::is_padded(size_t axis, size_t view) const {
  return axes_[axis].blocked[view] && axes_[axis].total;
}

Access Nest::access(BufferId buffer, size_t view) const {
  if (!vector_) return {.buffer = buffer, .index = place(view)};
  return {.buffer = buffer,
          .index = place(view),
          .lane_stride = axes_[*lane_].strides[view],
          .count = is_padded(*lane_, view) ? std::nullopt : count_};
}

void Nest::load_tile(KernelBuilder& k, BufferId buffer, size_t view, const TileHandle& rows) const {
  const auto count = is_padded(*across_, view) ? std::nullopt : rows_;
  k.unroll("i", vector_size, [&](const Index& i) {
    const auto load = [&] {
      rows.set(
          {i},
          k.load({.buffer = buffer, .index = place(view) + i * axes_[*lane_].strides[view], .count = count},
                 true));
    };
    if (!count_) return load();
    rows.set({i}, k.number(rows(i).dtype(), 0, true));
    k.when({*count_ - 1 - i}, load);
  });
}

void Nest::store_tile(KernelBuilder& k, BufferId buffer, const TileHandle& columns) const {
  const auto count = is_padded(*lane_, 0) ? std::nullopt : count_;
  k.unroll("i", vector_size, [&](const Index& i) {
    const auto store = [&] {
      k.store({.buffer = buffer, .index = place(0) + i * axes_[*across_].strides[0], .count = count},
              columns(i));
    };
    if (!rows_) return store();
    k.when({*rows_ - 1 - i}, store);
  });
}

Expr Nest::load(KernelBuilder& k, BufferId buffer, size_t view) const {
  return k.load(access(buffer, view), vector_);
}

void Nest::store(KernelBuilder& k, BufferId buffer, size_t view, Expr value, const Index& offset) const {
  Access to = access(buffer, view);
  to.index += offset;
  k.store(to, vector_ && count_ && !to.count ? k.first_lanes(value, *count_) : value);
}

double nest_seconds(const Nest& nest, double bytes, double vector_seconds) {
  constexpr double issue = 0.25e-9, gather = 1e-9, tiled = 1e-9;
  if (nest.is_tiled()) vector_seconds += tiled;
  const double each = std::max(issue, vector_seconds) + gather * static_cast<double>(nest.gathers());
  return std::max(bytes / bytes_per_second, static_cast<double>(nest.vectors()) * each) + call_seconds;
}

}  // namespace sinter::jit
