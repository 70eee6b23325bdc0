#include "backends/jit/tap_tables.h"

namespace sinter::jit {

TapTables::TapTables(KernelBuilder& k, const std::string& name, const LineMap& map, int64_t step,
                     std::optional<int64_t> absent, DType dtype)
    : k_(&k), outputs_(map.outputs()), taps_(map.most()) {
  if (taps_ == 0) return;
  std::vector<double> sources, weights;
  for (int64_t t = 0; t < taps_; ++t)
    for (const auto& own : map.taps) {
      const bool there = t < static_cast<int64_t>(own.size());
      sources.push_back(static_cast<double>((there ? own[t].source : absent.value_or(0)) * step));
      weights.push_back(there ? own[t].weight : 1);
    }
  sources_ = k.table(name + "_sources", DType::i32, std::move(sources));
  if (map.is_weighted()) weights_ = k.table(name + "_weights", dtype, std::move(weights));
  if (absent || map.is_even()) return;
  std::vector<double> counts;
  for (const auto& own : map.taps) counts.push_back(static_cast<double>(own.size()));
  counts_ = k.table(name + "_counts", DType::i32, std::move(counts));
}

TapTables TapTables::in_windows(KernelBuilder& k, const std::string& name, LineMap map, DType dtype) {
  const std::vector<int64_t> first = map.windows();
  for (size_t i = 0; i < map.taps.size(); ++i)
    for (LineMap::Tap& tap : map.taps[i]) tap.source -= first[i / static_cast<size_t>(vector_size)];
  TapTables tables(k, name, map, 1, std::nullopt, dtype);
  tables.windows_ = k.table(name + "_windows", DType::i32, {first.begin(), first.end()});
  return tables;
}

Expr TapTables::window(const Columns& at) const {
  return k_->load({.buffer = *windows_, .index = divided(at.first, vector_size)}, false);
}

std::optional<Expr> TapTables::count(const Index& at) const {
  return counts_ ? std::optional(k_->load({.buffer = *counts_, .index = at}, false)) : std::nullopt;
}

Expr TapTables::source(const Index& tap, const Columns& at, bool sixteen) const {
  return k_->load(access(sources_, tap, at, sixteen), sixteen);
}

Expr TapTables::weighted(Expr x, const Index& tap, const Columns& at, bool sixteen) const {
  return weights_ ? x * k_->load(access(*weights_, tap, at, sixteen), true) : x;
}

Access TapTables::access(BufferId table, const Index& tap, const Columns& at, bool sixteen) const {
  const Index index = tap * outputs_ + at.first;
  if (!sixteen) return {.buffer = table, .index = index, .lane_stride = 0};
  return {.buffer = table, .index = index, .count = at.count};
}

}  // namespace sinter::jit
