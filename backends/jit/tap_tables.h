#pragma once

#include "backends/jit/kernel_builder.h"
#include "backends/jit/line_map.h"

namespace sinter::jit {

/// Sixteen columns of a plain row, or sixteen samples or channels of one column.
struct Columns {
  Index first;
  std::optional<Index> count = {};  ///< of sixteen columns, those that are there, where not all are
};

/// The taps of a line in tables of constants: a row for the first tap of every element, one for the second.
class TapTables {
 public:
  /// `step`: from source to source in memory. `absent`: the source of taps that an element lacks; without,
  /// they are counted.
  TapTables(KernelBuilder& k, const std::string& name, const LineMap& map, int64_t step,
            std::optional<int64_t> absent, DType dtype);
  /// The same, the sources of each sixteen elements counted from the first of them, which is another table.
  static TapTables in_windows(KernelBuilder& k, const std::string& name, LineMap map, DType dtype);
  bool has_windows() const { return windows_.has_value(); }
  Expr window(const Columns& at) const;

  int64_t taps() const { return taps_; }  ///< of the element that has the most
  /// By element, where they have not all as many.
  std::optional<Expr> count(const Index& at) const;
  /// Of one element, or of sixteen neighbours.
  Expr source(const Index& tap, const Columns& at, bool sixteen) const;
  /// `x` by its share; one share for all its lanes, or sixteen.
  Expr weighted(Expr x, const Index& tap, const Columns& at, bool sixteen) const;

 private:
  Access access(BufferId table, const Index& tap, const Columns& at, bool sixteen) const;

  KernelBuilder* k_;
  int64_t outputs_, taps_;
  BufferId sources_ = 0;
  std::optional<BufferId> weights_ = {}, counts_ = {}, windows_ = {};
};

}  // namespace sinter::jit
