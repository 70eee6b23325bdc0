#pragma once

#include <llvm/IR/IRBuilder.h>

namespace sinter::jit {

/// x^y of f32 vectors (or scalars): 0.51 ulp, subnormal results included, with std::pow's special cases; x^0
/// and 1^y are 1 also where the other is NaN. As 2^(y * log2|x|) in f64, whose 29 more bits cover what the
/// product does to the logarithm's error. Portable instructions only: the same for vectors and one element.
llvm::Value* emit_pow(llvm::IRBuilder<>& builder, llvm::Value* x, llvm::Value* y);

}  // namespace sinter::jit
