#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace sinter::jit {

/// A loop variable of a kernel: its place in Kernel::variables.
using VariableId = int;

/// An integer that is affine in loop variables: `64*n + 8*y + 3`. Offsets, bounds and places in tiles are
/// such numbers, so that a kernel's memory accesses can be checked before it runs and unrolled loops leave
/// constants behind.
class Index {
 public:
  struct Term {
    VariableId variable;
    int64_t factor;  ///< never 0
    bool operator==(const Term&) const = default;
  };

  Index(int64_t constant = 0) : constant_(constant) {}  // NOLINT: numbers are indices
  static Index variable(VariableId id);

  int64_t constant() const { return constant_; }
  std::span<const Term> terms() const { return terms_; }  ///< by variable, each once
  bool is_constant() const { return terms_.empty(); }

  Index& operator+=(const Index& other);
  Index& operator*=(int64_t factor);
  bool operator==(const Index&) const = default;

 private:
  int64_t constant_;
  std::vector<Term> terms_;
};

/// Of an index whose every part is a multiple.
Index divided(const Index& index, int64_t by);

inline Index operator+(Index a, const Index& b) { return a += b; }
inline Index operator*(Index a, int64_t factor) { return a *= factor; }
inline Index operator*(int64_t factor, Index a) { return a *= factor; }
inline Index operator-(Index a, Index b) { return a += (b *= -1); }

}  // namespace sinter::jit
