#pragma once

#include <map>
#include <span>

#include "backends/jit/emit_memory.h"

namespace sinter::jit {

/// The values of expressions. Those that a statement has computed are known until the next one begins.
class ExpressionEmitter {
 public:
  ExpressionEmitter(EmitFrame& frame, MemoryEmitter& memory) : f_(frame), memory_(memory) {}

  void begin_statement() { memo_.clear(); }
  llvm::Value* value(ExpressionId id);
  /// An access's offset within its limit; null: it has none.
  llvm::Value* offset_of(const Access& access);

 private:
  llvm::Value* compute(const Expression& e);
  llvm::Value* float_op(Op op, std::span<llvm::Value* const> a);
  llvm::Value* integer_op(Op op, std::span<llvm::Value* const> a, bool is_unsigned);
  llvm::Value* without_sign(llvm::Value* x);
  llvm::Value* high_half(llvm::Value* x);
  llvm::Value* compressed(llvm::Value* x, llvm::Value* mask);
  llvm::Value* lanes_that_hold(llvm::Value* mask);
  llvm::Value* blocks_of(llvm::Value* a, llvm::Value* b, int lanes, bool odd);
  llvm::Value* permuted(llvm::Value* low, llvm::Value* high, llvm::Value* places);
  llvm::Value* any_op(Op op, std::span<llvm::Value* const> a);
  llvm::Value* extremum(llvm::CmpInst::Predicate better, llvm::Value* a, llvm::Value* b);
  template <typename Join>
  llvm::Value* over_lanes(llvm::Value* x, Join join);
  llvm::Value* converted(llvm::Value* x, DType from, DType to, llvm::Type* type);

  EmitFrame& f_;
  MemoryEmitter& memory_;
  std::map<ExpressionId, llvm::Value*> memo_;
};

}  // namespace sinter::jit
