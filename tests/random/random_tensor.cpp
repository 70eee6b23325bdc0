#include "tests/random/random_tensor.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace sinter {

int64_t random_integer(RandomEngine& random, int64_t low, int64_t high) {
  return std::uniform_int_distribution<int64_t>(low, high)(random);
}

double random_real(RandomEngine& random, double low, double high) {
  return std::uniform_real_distribution<double>(low, high)(random);
}

bool chance(RandomEngine& random, double probability) { return random_real(random, 0, 1) < probability; }

namespace {

double random_element(DType type, Domain domain, int64_t classes, RandomEngine& random) {
  if (domain == Domain::class_index) return static_cast<double>(random_integer(random, 0, classes - 1));
  const bool sign = chance(random, 0.5);
  if (type == DType::boolean) return sign;
  if (!is_floating(type)) {
    const double magnitude = static_cast<double>(random_integer(random, domain != Domain::any, 9));
    return type != DType::u8 && domain != Domain::positive && sign ? -magnitude : magnitude;
  }
  switch (domain) {
    case Domain::positive:
      return random_real(random, 0.2, 3);
    case Domain::non_zero:
      return random_real(random, 0.2, 2) * (sign ? -1 : 1);
    case Domain::rate:
      return random_real(random, 0.01, 0.1);
    default:
      return random_real(random, -2, 2);
  }
}

}  // namespace

Tensor random_tensor(const Type& type, Domain domain, int64_t classes, RandomEngine& random) {
  Tensor tensor(type.dtype, sizes(type.shape));
  for (int64_t i = 0; i < tensor.count(); ++i)
    tensor.set(i, random_element(type.dtype, domain, classes, random));
  if (domain != Domain::distinct || !is_floating(type.dtype)) return tensor;
  std::vector<int64_t> order(tensor.count());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::shuffle(order, random);
  for (int64_t i = 0; i < tensor.count(); ++i)
    tensor.set(i, -2 + 4 * (static_cast<double>(order[i]) + 0.5) / static_cast<double>(tensor.count()));
  return tensor;
}

bool in_domain(const Tensor& tensor, Domain domain, int64_t classes) {
  std::vector<double> values;
  for (int64_t i = 0; i < tensor.count(); ++i) values.push_back(tensor.at(i));
  const auto all = [&](auto&& holds) { return std::ranges::all_of(values, holds); };
  switch (domain) {
    case Domain::any:
      return true;
    case Domain::positive:
      return all([](double v) { return v >= 0.05; });
    case Domain::non_zero:
      return all([](double v) { return std::abs(v) >= 0.05; });
    case Domain::rate:
      return all([](double v) { return v > 0 && v < 1; });
    case Domain::class_index:
      return all([&](double v) { return v >= 0 && v < static_cast<double>(classes); });
    case Domain::distinct:
      std::ranges::sort(values);
      return std::ranges::adjacent_find(values, [](double a, double b) { return b - a < 1e-4; }) ==
             values.end();
  }
  return false;
}

}  // namespace sinter
