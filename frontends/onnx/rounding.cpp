#include "frontends/onnx/rounding.h"

#include "frontends/onnx/expressions.h"

namespace sinter::onnx {
namespace {

// Larger numbers, infinities and NaN among them, have no fraction.
Value may_have_fraction(Value x) {
  return compare(absolute(x), like(x, x.dtype() == DType::f64 ? 0x1p52 : 0x1p23), "lt");
}

Value one_where(Value condition, Value x) { return select(condition, like(x, 1), like(x, 0)); }

}  // namespace

Value truncated(Value x) {
  if (!is_floating(x.dtype())) return x;
  const Value small = may_have_fraction(x);
  const DType whole = x.dtype() == DType::f64 ? DType::i64 : DType::i32;
  return select(small, cast(cast(select(small, x, like(x, 0)), whole), x.dtype()), x);
}

Value rounded_down(Value x) {
  if (!is_floating(x.dtype())) return x;
  const Value y = truncated(x);
  return y - one_where(compare(y, x, "gt"), x);
}

Value rounded_up(Value x) { return like(x, 0) - rounded_down(like(x, 0) - x); }

Value rounded(Value x) {
  if (!is_floating(x.dtype())) return x;
  const Value below = rounded_down(x), fraction = x - below;
  const Value odd = below - 2.0 * rounded_down(below * 0.5);
  const Value up =
      select(compare(fraction, like(x, 0.5), "eq"), odd, one_where(compare(fraction, like(x, 0.5), "gt"), x));
  return select(may_have_fraction(x), below + up, x);
}

}  // namespace sinter::onnx
