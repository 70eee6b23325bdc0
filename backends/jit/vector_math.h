#pragma once

#include <llvm/IR/IRBuilder.h>

#include "backends/jit/instruction_set.h"

/// Elementary functions of f32 vectors (or scalars), as code without branches or tables. Errors are in units
/// in the last place (ulp) over all finite inputs, against the function in f64; what the tests hold them to.
namespace sinter::jit {

/// e^x: 0.9 ulp, without FMA 1.2; subnormal results included. Source of the method: Cody and Waite, Software
/// Manual for the Elementary Functions, 1980, chapter 6.
llvm::Value* emit_exp(llvm::IRBuilder<>& builder, llvm::Value* x, const CpuTarget& cpu);
/// Natural logarithm: 0.8 ulp; NaN below 0, -infinity at 0. Source: as emit_exp(), chapter 5.
llvm::Value* emit_log(llvm::IRBuilder<>& builder, llvm::Value* x, const CpuTarget& cpu);
/// 1.6 ulp.
llvm::Value* emit_tanh(llvm::IRBuilder<>& builder, llvm::Value* x, const CpuTarget& cpu);
/// 1 / (1 + e^-x): 1.5 ulp on AVX-512, 2.0 on AVX2 and without FMA.
llvm::Value* emit_sigmoid(llvm::IRBuilder<>& builder, llvm::Value* x, const CpuTarget& cpu);

}  // namespace sinter::jit
