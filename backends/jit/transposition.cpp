#include "backends/jit/transposition.h"

namespace sinter::jit {

// Of ever larger squares the two halves off the diagonal change places.
void transpose(KernelBuilder& k, const TileHandle& rows) {
  for (int64_t lanes = 1; lanes < vector_size; lanes *= 2)
    k.unroll("square", vector_size / (2 * lanes), [&](const Index& square) {
      k.unroll("row", lanes, [&](const Index& row) {
        const Index above = square * (2 * lanes) + row, below = above + lanes;
        const Expr upper = k.let("upper", rows(above)), lower = k.let("lower", rows(below));
        rows.set({above}, k.even_blocks(upper, lower, lanes));
        rows.set({below}, k.odd_blocks(upper, lower, lanes));
      });
    });
}

}  // namespace sinter::jit
