#pragma once

#include <array>

#include "backends/jit/kernel_builder.h"

namespace sinter::jit {

/// Four words of 32 bits each: numbers, or vectors of them.
using Words = std::array<Expr, 4>;

/// The key of a random stream, as of Random in ir/philox.h.
struct RandomKey {
  Expr low, high;  ///< i32
};

/// philox() of ir/philox.h in a kernel: the same words. Where one argument is a vector all results are.
Words philox_words(const RandomKey& key, const Words& counter);

/// The key that Random makes of a seed, an i64, and a stream.
RandomKey random_key(Expr seed, uint64_t stream);

/// The words of 4 * block .. 4 * block + 3 of Random(seed, stream, 0, element); `element` is an i64.
Words random_words(const RandomKey& key, Expr block, Expr element);

}  // namespace sinter::jit
