#include "backends/jit/vector_math.h"

#include <llvm/IR/Intrinsics.h>
#include <llvm/IR/IntrinsicsX86.h>

#include <limits>
#include <span>

#include "backends/jit/kernel.h"

// Polynomials: least largest relative error over the reduced range, found by Lawson's iteration in f64 and
// rounded to f32.
namespace sinter::jit {
namespace {

using Builder = llvm::IRBuilder<>;

// The functions need constants of their argument's type, whole or in lanes, all the time.
class Math {
 public:
  Math(Builder& builder, llvm::Value* x, const CpuTarget& cpu)
      : b(builder),
        type_(x->getType()),
        bits_(type_->getWithNewType(builder.getInt32Ty())),
        is_avx512_(cpu.has_avx512 && type_->isVectorTy()) {}

  llvm::Value* number(double value) const { return llvm::ConstantFP::get(type_, value); }
  llvm::Value* integer(int32_t value) const { return llvm::ConstantInt::getSigned(bits_, value); }
  llvm::Value* bits(llvm::Value* x) const { return b.CreateBitCast(x, bits_); }
  llvm::Value* from_bits(llvm::Value* x) const { return b.CreateBitCast(x, type_); }
  llvm::Value* multiply_add(llvm::Value* x, llvm::Value* y, llvm::Value* z) const {
    return b.CreateIntrinsic(type_, llvm::Intrinsic::fmuladd, {x, y, z});
  }
  llvm::Value* absolute(llvm::Value* x) const { return b.CreateUnaryIntrinsic(llvm::Intrinsic::fabs, x); }
  llvm::Value* at_most(llvm::Value* x, double limit) const {
    return b.CreateSelect(b.CreateFCmpOGT(x, number(limit)), number(limit), x);
  }
  llvm::Value* at_least(llvm::Value* x, double limit) const {
    return b.CreateSelect(b.CreateFCmpOLT(x, number(limit)), number(limit), x);
  }
  // x * 2^n; `shifted` holds n in its lowest bits. 2^n itself may lie outside the normal numbers.
  llvm::Value* scaled(llvm::Value* x, llvm::Value* n, llvm::Value* shifted, double magic) const {
    constexpr int32_t all_lanes = -1, current_rounding = 4;
    if (is_avx512_)
      return b.CreateIntrinsic(
          llvm::Intrinsic::x86_avx512_mask_scalef_ps_512, {},
          {x, n, x, b.getInt16(static_cast<uint16_t>(all_lanes)), b.getInt32(current_rounding)});
    llvm::Value* power = b.CreateSub(bits(shifted), bits(number(magic)));
    llvm::Value* half = b.CreateAShr(power, integer(1));
    const auto power_of_two = [&](llvm::Value* k) {
      return from_bits(b.CreateShl(b.CreateAdd(k, integer(127)), integer(23)));
    };
    return b.CreateFMul(b.CreateFMul(x, power_of_two(half)), power_of_two(b.CreateSub(power, half)));
  }
  // Of numbers that are not infinite, by an estimate of 1 / y and a step of Newton's method, a third of the
  // time, where the estimate has the 14 bits of AVX-512's: with the 12 of older ones digits are lost. Written
  // out: where LLVM may choose the steps it chooses others from place to place, and equal numbers would come
  // out of a pool's neighbours as different ones.
  llvm::Value* divided(llvm::Value* x, llvm::Value* y) const {
    if (!is_avx512_) return b.CreateFDiv(x, y);
    return refined(x, y, nullptr);
  }
  // x / (1 + t) for t from 0 to 1, without what rounding 1 + t loses: up to an ulp of the quotient.
  llvm::Value* divided_by_one_and(llvm::Value* x, llvm::Value* t) const {
    llvm::Value* sum = b.CreateFAdd(number(1), t);
    llvm::Value* lost = b.CreateFSub(t, b.CreateFSub(sum, number(1)));
    if (is_avx512_) return refined(x, sum, lost);
    llvm::Value* quotient = b.CreateFDiv(x, sum);
    // For a correction of half an ulp a straight line is near enough to 1 / sum.
    llvm::Value* inverse = multiply_add(sum, number(-0.5), number(1.457));
    return multiply_add(b.CreateFNeg(b.CreateFMul(lost, inverse)), quotient, quotient);
  }
  // Coefficients from the lowest power on.
  llvm::Value* polynomial(llvm::Value* x, std::span<const double> coefficients) const {
    llvm::Value* sum = number(coefficients.back());
    for (size_t i = coefficients.size() - 1; i-- > 0;) sum = multiply_add(sum, x, number(coefficients[i]));
    return sum;
  }

  Builder& b;

 private:
  // x / (y + lost), where that is no addition if `lost` is null.
  llvm::Value* refined(llvm::Value* x, llvm::Value* y, llvm::Value* lost) const {
    constexpr uint16_t all_lanes = 0xffff;
    llvm::Value* inverse = b.CreateIntrinsic(llvm::Intrinsic::x86_avx512_rcp14_ps_512, {},
                                             {y, llvm::Constant::getNullValue(type_), b.getInt16(all_lanes)});
    llvm::Value* quotient = b.CreateFMul(x, inverse);
    llvm::Value* rest = multiply_add(b.CreateFNeg(y), quotient, x);
    if (lost != nullptr) rest = multiply_add(b.CreateFNeg(lost), quotient, rest);
    return multiply_add(rest, inverse, quotient);
  }

  llvm::Type *type_, *bits_;
  bool is_avx512_;
};

// log(2) in two parts, the first with so few bits that its product with an exponent is exact.
constexpr double log2_high = 0.693359375, log2_low = -2.12194440e-4;

// e^x for x that is NaN or within [-110, 90].
llvm::Value* exp_in_range(const Math& m, llvm::Value* x) {
  constexpr double magic = 12582912;  // 1.5 * 2^23: adding it rounds to an integer, in the lowest bits
  constexpr double coefficients[] = {1,
                                     1,
                                     0.4999999403953552,
                                     0.1666651964187622,
                                     0.04166839271783829,
                                     0.008368780836462975,
                                     0.0013814467238262296};
  Builder& b = m.b;
  llvm::Value* shifted = m.multiply_add(x, m.number(1.4426950408889634), m.number(magic));
  llvm::Value* n = b.CreateFSub(shifted, m.number(magic));
  llvm::Value* r = m.multiply_add(n, m.number(-log2_high), x);
  r = m.multiply_add(n, m.number(-log2_low), r);
  llvm::Value* p = m.polynomial(r, coefficients);
  return m.scaled(p, n, shifted, magic);
}

// Where vectors have instructions of their own one element is computed as they are, so that it is the same.
bool is_one_of_lanes(llvm::Value* x, const CpuTarget& cpu) {
  return cpu.has_avx512 && !x->getType()->isVectorTy();
}

llvm::Value* of_lane(Builder& b, llvm::Value* x, const CpuTarget& cpu,
                     llvm::Value* (*emit)(Builder&, llvm::Value*, const CpuTarget&)) {
  return b.CreateExtractElement(emit(b, b.CreateVectorSplat(vector_size, x), cpu), uint64_t{0});
}

}  // namespace

llvm::Value* emit_exp(Builder& builder, llvm::Value* x, const CpuTarget& cpu) {
  if (is_one_of_lanes(x, cpu)) return of_lane(builder, x, cpu, emit_exp);
  const Math m(builder, x, cpu);
  return exp_in_range(m, m.at_most(m.at_least(x, -105), 89));
}

llvm::Value* emit_log(Builder& b, llvm::Value* x, const CpuTarget& cpu) {
  constexpr double coefficients[] = {0.3333333134651184,  -0.250008225440979, 0.20001228153705597,
                                     -0.1662333607673645, 0.14201720058918,   -0.1316036581993103,
                                     0.12761960923671722, -0.0763448178768158};
  constexpr double smallest_normal = 0x1p-126, infinity = std::numeric_limits<double>::infinity();
  constexpr int32_t sqrt_half = 0x3f3504f3;
  const Math m(b, x, cpu);
  llvm::Value* subnormal = b.CreateFCmpOLT(x, m.number(smallest_normal));
  llvm::Value* scaled = b.CreateSelect(subnormal, b.CreateFMul(x, m.number(0x1p23)), x);
  // x = 2^k * (1 + f), with 1 + f from sqrt(1/2) to sqrt(2).
  llvm::Value* above = b.CreateSub(m.bits(scaled), m.integer(sqrt_half));
  llvm::Value* exponent = b.CreateAShr(above, m.integer(23));
  llvm::Value* mantissa = b.CreateSub(m.bits(scaled), b.CreateShl(exponent, m.integer(23)));
  llvm::Value* f = b.CreateFSub(m.from_bits(mantissa), m.number(1));
  exponent = b.CreateSub(exponent, b.CreateSelect(subnormal, m.integer(23), m.integer(0)));
  llvm::Value* k = b.CreateSIToFP(exponent, x->getType());
  // log(1 + f) = f - f^2 / 2 + f^3 P(f); small terms first.
  llvm::Value* square = b.CreateFMul(f, f);
  llvm::Value* rest = b.CreateFMul(b.CreateFMul(square, f), m.polynomial(f, coefficients));
  rest = m.multiply_add(k, m.number(log2_low), rest);
  rest = m.multiply_add(square, m.number(-0.5), rest);
  llvm::Value* y = m.multiply_add(k, m.number(log2_high), b.CreateFAdd(f, rest));
  y = b.CreateSelect(b.CreateFCmpOEQ(x, m.number(infinity)), x, y);
  y = b.CreateSelect(b.CreateFCmpOEQ(x, m.number(0)), m.number(-infinity), y);
  return b.CreateSelect(b.CreateFCmpULT(x, m.number(0)), m.number(std::numeric_limits<double>::quiet_NaN()),
                        y);
}

llvm::Value* emit_tanh(Builder& b, llvm::Value* x, const CpuTarget& cpu) {
  if (is_one_of_lanes(x, cpu)) return of_lane(b, x, cpu, emit_tanh);
  constexpr double coefficients[] = {-0.3333328068256378, 0.13331441581249237, -0.05373971536755562,
                                     0.02063908614218235, -0.005704986397176981};
  const Math m(b, x, cpu);
  llvm::Value* size = m.absolute(x);
  llvm::Value* square = b.CreateFMul(x, x);
  llvm::Value* small = m.multiply_add(b.CreateFMul(square, x), m.polynomial(square, coefficients), x);
  // (1 - e^-2|x|) / (1 + e^-2|x|) loses digits near 0, where the polynomial is.
  llvm::Value* t = exp_in_range(m, m.at_least(b.CreateFMul(size, m.number(-2)), -105));
  llvm::Value* large = m.divided(b.CreateFSub(m.number(1), t), b.CreateFAdd(m.number(1), t));
  large = b.CreateBinaryIntrinsic(llvm::Intrinsic::copysign, large, x);
  return b.CreateSelect(b.CreateFCmpOLT(size, m.number(0.625)), small, large);
}

llvm::Value* emit_sigmoid(Builder& b, llvm::Value* x, const CpuTarget& cpu) {
  if (is_one_of_lanes(x, cpu)) return of_lane(b, x, cpu, emit_sigmoid);
  const Math m(b, x, cpu);
  // By e^-|x|, which cannot overflow.
  llvm::Value* t = exp_in_range(m, m.at_least(b.CreateFNeg(m.absolute(x)), -105));
  llvm::Value* numerator = b.CreateSelect(b.CreateFCmpOLT(x, m.number(0)), t, m.number(1));
  return m.divided_by_one_and(numerator, t);
}

}  // namespace sinter::jit
