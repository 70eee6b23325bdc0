#include "backends/jit/vector_power.h"

#include <llvm/IR/Intrinsics.h>

#include <limits>
#include <span>

namespace sinter::jit {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr int64_t mantissa_bits = 52, exponent_bias = 1023;

/// What is computed in f64, whole or in lanes as the arguments are.
class Power {
 public:
  Power(llvm::IRBuilder<>& builder, llvm::Type* f32)
      : b_(builder),
        f32_(f32),
        f64_(f32->getWithNewType(builder.getDoubleTy())),
        i64_(f32->getWithNewType(builder.getInt64Ty())) {}

  llvm::Value* of(llvm::Value* x, llvm::Value* y) const {
    llvm::Value* size = b_.CreateUnaryIntrinsic(llvm::Intrinsic::fabs, x);
    llvm::Value* size_is_one = b_.CreateFCmpOEQ(size, in_f32(1));
    // An infinite y makes NaN of the logarithm of 1, which is 0.
    llvm::Value* exponent = b_.CreateFMul(b_.CreateFPExt(y, f64_), log2(b_.CreateFPExt(size, f64_)));
    llvm::Value* power = b_.CreateFPTrunc(exp2(exponent), f32_);
    power = with_sign(x, y, b_.CreateSelect(size_is_one, in_f32(1), power));
    llvm::Value* nan = in_f32(std::numeric_limits<double>::quiet_NaN());
    power = b_.CreateSelect(b_.CreateFCmpUNO(x, y), nan, power);
    llvm::Value* is_one = b_.CreateOr(b_.CreateFCmpOEQ(x, in_f32(1)), b_.CreateFCmpOEQ(y, in_f32(0)));
    return b_.CreateSelect(is_one, in_f32(1), power);
  }

 private:
  llvm::Value* in_f32(double value) const { return llvm::ConstantFP::get(f32_, value); }
  llvm::Value* number(double value) const { return llvm::ConstantFP::get(f64_, value); }
  llvm::Value* integer(int64_t value) const { return llvm::ConstantInt::getSigned(i64_, value); }
  llvm::Value* bits(llvm::Value* x) const { return b_.CreateBitCast(x, i64_); }
  // Coefficients from the lowest power on.
  llvm::Value* polynomial(llvm::Value* x, std::span<const double> coefficients) const {
    llvm::Value* sum = number(coefficients.back());
    for (size_t i = coefficients.size() - 1; i-- > 0;)
      sum = b_.CreateIntrinsic(f64_, llvm::Intrinsic::fmuladd, {sum, x, number(coefficients[i])});
    return sum;
  }

  // Of a number that is not negative; every f32 is a normal f64. x = 2^k * m, with m from sqrt(1/2) to
  // sqrt(2), and log(m) = 2 artanh((m - 1) / (m + 1)), whose series ends at 2^-44 of its first term.
  llvm::Value* log2(llvm::Value* x) const {
    constexpr double two_by_log2 = 2.8853900817779268;
    constexpr int64_t sqrt_half = 0x3fe6a09e667f3bcd;
    constexpr double series[] = {1, 1.0 / 3, 1.0 / 5, 1.0 / 7, 1.0 / 9, 1.0 / 11, 1.0 / 13, 1.0 / 15};
    llvm::Value* above = b_.CreateAdd(bits(x), integer((exponent_bias << mantissa_bits) - sqrt_half));
    llvm::Value* biased = b_.CreateLShr(above, integer(mantissa_bits));
    llvm::Value* steps = b_.CreateShl(b_.CreateSub(biased, integer(exponent_bias)), integer(mantissa_bits));
    llvm::Value* m = b_.CreateBitCast(b_.CreateSub(bits(x), steps), f64_);
    // By 32 bits: conversions from 64 are instructions of AVX-512 only.
    llvm::Value* narrow = b_.CreateTrunc(biased, f32_->getWithNewType(b_.getInt32Ty()));
    llvm::Value* k = b_.CreateFSub(b_.CreateSIToFP(narrow, f64_), number(exponent_bias));
    llvm::Value* s = b_.CreateFDiv(b_.CreateFSub(m, number(1)), b_.CreateFAdd(m, number(1)));
    llvm::Value* log_m =
        b_.CreateFMul(b_.CreateFMul(s, number(two_by_log2)), polynomial(b_.CreateFMul(s, s), series));
    llvm::Value* log = b_.CreateFAdd(k, log_m);
    log = b_.CreateSelect(b_.CreateFCmpOEQ(x, number(infinity)), x, log);
    return b_.CreateSelect(b_.CreateFCmpOEQ(x, number(0)), number(-infinity), log);
  }

  // Within 2^-36; what lies outside of f32 stays there. 2^f = e^(f log 2) for f from -1/2 to 1/2.
  llvm::Value* exp2(llvm::Value* x) const {
    constexpr double magic = 0x1.8p52;  // adding it rounds to an integer, in the lowest bits
    constexpr double least = -200, most = 200;
    constexpr double series[] = {1,         1,         1.0 / 2,    1.0 / 6,     1.0 / 24,
                                 1.0 / 120, 1.0 / 720, 1.0 / 5040, 1.0 / 40320, 1.0 / 362880};
    x = b_.CreateSelect(b_.CreateFCmpOLT(x, number(least)), number(least), x);
    x = b_.CreateSelect(b_.CreateFCmpOGT(x, number(most)), number(most), x);
    llvm::Value* shifted = b_.CreateFAdd(x, number(magic));
    llvm::Value* f = b_.CreateFSub(x, b_.CreateFSub(shifted, number(magic)));
    llvm::Value* e = polynomial(b_.CreateFMul(f, number(0.6931471805599453)), series);
    llvm::Value* n = b_.CreateSub(bits(shifted), bits(number(magic)));
    llvm::Value* scale = b_.CreateShl(b_.CreateAdd(n, integer(exponent_bias)), integer(mantissa_bits));
    return b_.CreateFMul(e, b_.CreateBitCast(scale, f64_));
  }

  // A sign at x passes through odd powers; other numbers below zero have whole powers only.
  llvm::Value* with_sign(llvm::Value* x, llvm::Value* y, llvm::Value* power) const {
    constexpr double even = 0x1p25;   // as is every larger f32
    constexpr double magic = 0x1p52;  // adding it to what is not negative leaves integers
    llvm::Value* size = b_.CreateUnaryIntrinsic(llvm::Intrinsic::fabs, y);
    size = b_.CreateSelect(b_.CreateFCmpOLT(size, in_f32(even)), size, in_f32(even));
    size = b_.CreateFPExt(size, f64_);
    llvm::Value* shifted = b_.CreateFAdd(size, number(magic));
    llvm::Value* whole = b_.CreateFCmpOEQ(b_.CreateFSub(shifted, number(magic)), size);
    llvm::Value* last_bit = b_.CreateICmpNE(b_.CreateAnd(bits(shifted), integer(1)), integer(0));
    llvm::Value* odd = b_.CreateAnd(whole, last_bit);
    llvm::Value* signed_power = b_.CreateBinaryIntrinsic(llvm::Intrinsic::copysign, power, x);
    power = b_.CreateSelect(odd, signed_power, power);
    llvm::Value* below_zero =
        b_.CreateAnd(b_.CreateFCmpOLT(x, in_f32(0)), b_.CreateFCmpOGT(x, in_f32(-infinity)));
    llvm::Value* none = b_.CreateAnd(below_zero, b_.CreateNot(whole));
    return b_.CreateSelect(none, in_f32(std::numeric_limits<double>::quiet_NaN()), power);
  }

  llvm::IRBuilder<>& b_;
  llvm::Type *f32_, *f64_, *i64_;
};

}  // namespace

llvm::Value* emit_pow(llvm::IRBuilder<>& builder, llvm::Value* x, llvm::Value* y) {
  return Power(builder, x->getType()).of(x, y);
}

}  // namespace sinter::jit
