#pragma once

#include <llvm/IR/IRBuilder.h>

#include "ir/dtype.h"

/// The 16-bit floating types, kept as their bits, and f32: as ir/half.h does it, bit by bit, on any CPU.
/// Numbers or vectors.
namespace sinter::jit {

llvm::Value* emit_from_half(llvm::IRBuilder<>& builder, llvm::Value* bits, DType half);
/// Rounds to the nearest, ties to even.
llvm::Value* emit_to_half(llvm::IRBuilder<>& builder, llvm::Value* x, DType half);

}  // namespace sinter::jit
