#pragma once

#include <initializer_list>
#include <random>

#include "tests/random/random_tensor.h"

namespace sinter {

/// A whole number, `least` and `most` among them.
inline int64_t between(RandomEngine& random, int64_t least, int64_t most) {
  return std::uniform_int_distribution<int64_t>(least, most)(random);
}

inline int64_t one_of(RandomEngine& random, std::initializer_list<int64_t> numbers) {
  return numbers.begin()[between(random, 0, static_cast<int64_t>(numbers.size()) - 1)];
}

}  // namespace sinter
