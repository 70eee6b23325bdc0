#include "backends/jit/half_conversion.h"

#include <llvm/IR/Intrinsics.h>

namespace sinter::jit {
namespace {

class Conversion {
 public:
  Conversion(llvm::IRBuilder<>& builder, llvm::Type* like)
      : b_(builder),
        f32_(like->getWithNewType(builder.getFloatTy())),
        i32_(like->getWithNewType(builder.getInt32Ty())),
        i16_(like->getWithNewType(builder.getInt16Ty())) {}

  llvm::Value* from_bf16(llvm::Value* half) const {
    return as_float(b_.CreateShl(b_.CreateZExt(half, i32_), integer(16)));
  }

  llvm::Value* to_bf16(llvm::Value* x) const {
    llvm::Value* bits = as_bits(x);
    llvm::Value* nan = b_.CreateOr(b_.CreateLShr(bits, integer(16)), integer(0x40));  // must not round away
    return narrowed(b_.CreateSelect(b_.CreateFCmpUNO(x, x), nan, rounded(bits, 16)));
  }

  // Bits moved to where f32 has them are the number times 2^-112, subnormal numbers too.
  llvm::Value* from_f16(llvm::Value* half) const {
    constexpr int32_t infinity = 0x7c00 << 13;
    llvm::Value* wide = b_.CreateZExt(half, i32_);
    llvm::Value* size = b_.CreateShl(b_.CreateAnd(wide, integer(0x7fff)), integer(13));
    llvm::Value* finite = as_bits(b_.CreateFMul(as_float(size), number(0x1p112)));
    llvm::Value* other =
        b_.CreateSelect(b_.CreateICmpEQ(size, integer(infinity)), integer(0x7f800000), integer(0x7fc00000));
    llvm::Value* bits = b_.CreateSelect(b_.CreateICmpULT(size, integer(infinity)), finite, other);
    return as_float(b_.CreateOr(bits, b_.CreateShl(b_.CreateAnd(wide, integer(0x8000)), integer(16))));
  }

  llvm::Value* to_f16(llvm::Value* x) const {
    constexpr int32_t smallest_normal = 0x38800000, too_large = 0x477ff000;  // 2^-14, 65520
    constexpr int32_t one_half = 0x3f000000, exponents_apart = 112 << 10;
    llvm::Value* bits = as_bits(x);
    llvm::Value* size = b_.CreateAnd(bits, integer(0x7fffffff));
    llvm::Value* normal = b_.CreateSub(rounded(size, 13), integer(exponents_apart));
    // 0.5's neighbours are 2^-24 apart, as subnormal numbers are.
    llvm::Value* subnormal =
        b_.CreateSub(as_bits(b_.CreateFAdd(as_float(size), number(0.5))), integer(one_half));
    llvm::Value* half = b_.CreateSelect(b_.CreateICmpULT(size, integer(smallest_normal)), subnormal, normal);
    half = b_.CreateSelect(b_.CreateICmpUGE(size, integer(too_large)), integer(0x7c00), half);
    half = b_.CreateSelect(b_.CreateFCmpUNO(x, x), integer(0x7e00), half);
    llvm::Value* sign = b_.CreateAnd(b_.CreateLShr(bits, integer(16)), integer(0x8000));
    return narrowed(b_.CreateOr(half, sign));
  }

 private:
  llvm::Value* number(double value) const { return llvm::ConstantFP::get(f32_, value); }
  llvm::Value* integer(int32_t value) const { return llvm::ConstantInt::getSigned(i32_, value); }
  llvm::Value* as_float(llvm::Value* bits) const { return b_.CreateBitCast(bits, f32_); }
  llvm::Value* as_bits(llvm::Value* x) const { return b_.CreateBitCast(x, i32_); }
  llvm::Value* narrowed(llvm::Value* x) const { return b_.CreateTrunc(x, i16_); }
  // Without the lowest bits, to the nearest, ties to even.
  llvm::Value* rounded(llvm::Value* bits, int32_t dropped) const {
    llvm::Value* last = b_.CreateAnd(b_.CreateLShr(bits, integer(dropped)), integer(1));
    llvm::Value* less_than_half = integer((1 << (dropped - 1)) - 1);
    return b_.CreateLShr(b_.CreateAdd(b_.CreateAdd(bits, less_than_half), last), integer(dropped));
  }

  llvm::IRBuilder<>& b_;
  llvm::Type *f32_, *i32_, *i16_;
};

}  // namespace

llvm::Value* emit_from_half(llvm::IRBuilder<>& builder, llvm::Value* bits, DType half) {
  const Conversion conversion(builder, bits->getType());
  return half == DType::f16 ? conversion.from_f16(bits) : conversion.from_bf16(bits);
}

llvm::Value* emit_to_half(llvm::IRBuilder<>& builder, llvm::Value* x, DType half) {
  const Conversion conversion(builder, x->getType());
  return half == DType::f16 ? conversion.to_f16(x) : conversion.to_bf16(x);
}

}  // namespace sinter::jit
