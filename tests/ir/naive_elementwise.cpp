#include <algorithm>
#include <cmath>
#include <limits>

#include "tests/ir/naive_ops.h"

namespace sinter {
namespace {

NaiveOp binary(std::function<double(double, double)> f) {
  return [f](const Attributes&, const Operands& x, Operands& y) {
    for_each_index(y[0].shape, [&](const Index& i) { y[0].at(i) = f(x[0].broadcast(i), x[1].broadcast(i)); });
  };
}

void compare(const Attributes& attributes, const Operands& x, Operands& y) {
  const std::string& predicate = attributes.word("predicate");
  for_each_index(y[0].shape, [&](const Index& i) {
    const double a = x[0].broadcast(i), b = x[1].broadcast(i);
    const bool less = a<b, greater = a> b;
    const std::map<std::string, bool> holds = {
        {"eq", !less && !greater}, {"ne", less || greater}, {"lt", less}, {"ge", !less},
        {"gt", greater},           {"le", !greater}};
    y[0].at(i) = holds.at(predicate);
  });
}

void select(const Attributes&, const Operands& x, Operands& y) {
  for_each_index(y[0].shape,
                 [&](const Index& i) { y[0].at(i) = x[x[0].broadcast(i) != 0 ? 1 : 2].broadcast(i); });
}

void cast(const Attributes& a, const Operands& x, Operands& y) {
  const std::map<DType, std::pair<double, double>> ranges = {{DType::i8, {-128, 127}},
                                                             {DType::u8, {0, 255}},
                                                             {DType::i32, {-0x1p31, 0x1p31 - 1}},
                                                             {DType::i64, {-0x1p63, 0x1p63}}};
  // Only floating values saturate; integers wrap around, which whoever stores the result does.
  const auto range = is_floating(x[0].dtype) ? ranges.find(a.dtype("dtype")) : ranges.end();
  std::ranges::transform(x[0].data, y[0].data.begin(), [&](double v) {
    return range == ranges.end() ? v : std::clamp(std::trunc(v), range->second.first, range->second.second);
  });
}

}  // namespace

NaiveOps naive_elementwise() {
  return {
      {OpKind::erf, elementwise([](double x) { return std::erf(x); })},
      {OpKind::add, binary(std::plus<>())},
      {OpKind::sub, binary(std::minus<>())},
      {OpKind::mul, binary(std::multiplies<>())},
      {OpKind::div, binary(std::divides<>())},
      {OpKind::maximum, binary([](double a, double b) { return std::max(a, b); })},
      {OpKind::minimum, binary([](double a, double b) { return std::min(a, b); })},
      {OpKind::pow, binary([](double a, double b) { return std::pow(a, b); })},
      {OpKind::exp, elementwise([](double x) { return std::exp(x); })},
      {OpKind::log, elementwise([](double x) { return std::log(x); })},
      {OpKind::sqrt, elementwise([](double x) { return std::sqrt(x); })},
      {OpKind::compare, compare},
      {OpKind::select, select},
      {OpKind::cast, cast},
      {OpKind::is_finite,
       elementwise([](double x) { return std::abs(x) <= std::numeric_limits<double>::max(); })},
  };
}

}  // namespace sinter
