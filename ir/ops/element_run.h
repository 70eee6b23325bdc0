#pragma once

#include <algorithm>

#include "ir/ops/elementwise.h"

namespace sinter::ops {

/// The elements of some units of an elementwise op.
struct Run {
  int64_t first, count;
};

inline Run elements_of(const Evaluation& e, int64_t begin, int64_t end) {
  const int64_t first = begin * elements_per_unit;
  return {first, std::min(e.results[0].count, end * elements_per_unit) - first};
}

template <typename In, typename Out, typename F>
void map(const Evaluation& e, int64_t begin, int64_t end, F f) {
  const Run run = elements_of(e, begin, end);
  const In* x = e.operands[0].as<In>() + run.first;
  Out* y = e.results[0].as<Out>() + run.first;
  for (int64_t i = 0; i < run.count; ++i) y[i] = f(x[i]);
}

}  // namespace sinter::ops
