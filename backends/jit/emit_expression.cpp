#include "backends/jit/emit_expression.h"

#include <llvm/IR/Intrinsics.h>
#include <llvm/IR/IntrinsicsX86.h>

#include "backends/jit/half_conversion.h"
#include "backends/jit/vector_math.h"
#include "backends/jit/vector_power.h"
#include "ir/error.h"

namespace sinter::jit {
namespace {

bool is_float(DType dtype) { return dtype == DType::f32 || dtype == DType::f64; }
bool is_half(DType dtype) { return is_floating(dtype) && !is_float(dtype); }
bool is_unsigned(DType dtype) { return dtype == DType::u8 || dtype == DType::boolean; }

}  // namespace

// A value that one statement uses twice is computed once.
llvm::Value* ExpressionEmitter::value(ExpressionId id) {
  if (const auto found = memo_.find(id); found != memo_.end()) return found->second;
  llvm::Value* result = compute(f_.kernel.expressions[id]);
  memo_.emplace(id, result);
  return result;
}

// A negative one is a large one without its sign.
llvm::Value* ExpressionEmitter::offset_of(const Access& access) {
  if (!access.offset) return nullptr;
  llvm::Value* offset = value(access.offset->value);
  llvm::Value* most =
      llvm::ConstantInt::get(offset->getType(), static_cast<uint64_t>(access.offset->limit - 1));
  llvm::Value* within = f_.builder.CreateBinaryIntrinsic(llvm::Intrinsic::umin, offset, most);
  return f_.builder.CreateZExt(within, offset->getType()->getWithNewBitWidth(64), "", true);
}

llvm::Value* ExpressionEmitter::compressed(llvm::Value* x, llvm::Value* mask) {
  llvm::IRBuilder<>& b = f_.builder;
  llvm::Value* zero = llvm::Constant::getNullValue(x->getType());
  if (f_.cpu.has_avx512)
    return b.CreateIntrinsic(llvm::Intrinsic::x86_avx512_mask_compress, {x->getType()}, {x, zero, mask});
  // Each lane to where the next one that is kept goes, in memory: LLVM 19 has no code for its portable
  // intrinsic on these CPUs.
  llvm::BasicBlock& entry = b.GetInsertBlock()->getParent()->getEntryBlock();
  llvm::Type* type = x->getType()->getScalarType();
  llvm::Value* lanes = llvm::IRBuilder<>(&entry, entry.begin()).CreateAlloca(x->getType(), nullptr, "lanes");
  llvm::Value* count = b.getInt32(0);
  for (uint64_t lane = 0; lane < vector_size; ++lane) {
    b.CreateStore(b.CreateExtractElement(x, lane), b.CreateInBoundsGEP(type, lanes, count));
    count = b.CreateAdd(count, b.CreateZExt(b.CreateExtractElement(mask, lane), b.getInt32Ty()));
  }
  llvm::Value* kept = memory_.lanes_below(b.CreateZExt(count, b.getInt64Ty()));
  return b.CreateSelect(kept, b.CreateLoad(x->getType(), lanes), zero);
}

llvm::Value* ExpressionEmitter::lanes_that_hold(llvm::Value* mask) {
  llvm::Value* bits = f_.builder.CreateBitCast(mask, f_.builder.getIntNTy(vector_size));
  return f_.builder.CreateZExt(f_.builder.CreateUnaryIntrinsic(llvm::Intrinsic::ctpop, bits),
                               f_.builder.getInt32Ty());
}

// The instruction looks at the last five bits of a place; without it lanes are read from memory.
llvm::Value* ExpressionEmitter::permuted(llvm::Value* low, llvm::Value* high, llvm::Value* places) {
  llvm::IRBuilder<>& b = f_.builder;
  if (f_.cpu.has_avx512 && low->getType()->getScalarType()->isFloatTy())
    return b.CreateIntrinsic(llvm::Intrinsic::x86_avx512_vpermi2var_ps_512, {}, {low, places, high});
  llvm::BasicBlock& entry = b.GetInsertBlock()->getParent()->getEntryBlock();
  llvm::Type* type = low->getType();
  auto* both = llvm::IRBuilder<>(&entry, entry.begin()).CreateAlloca(llvm::ArrayType::get(type, 2));
  b.CreateStore(low, both);
  b.CreateStore(high, b.CreateConstInBoundsGEP1_64(type, both, 1));
  llvm::Value* within = b.CreateAnd(places, llvm::ConstantInt::get(places->getType(), 2 * vector_size - 1));
  llvm::Value* pointers = b.CreateInBoundsGEP(type->getScalarType(), both, within);
  return b.CreateMaskedGather(type, pointers, llvm::Align(type->getScalarSizeInBits() / 8));
}

// Places from vector_size on are b's.
llvm::Value* ExpressionEmitter::blocks_of(llvm::Value* a, llvm::Value* b, int lanes, bool odd) {
  std::vector<int> places;
  for (int i = 0; i < vector_size; ++i) {
    const bool from_b = (i / lanes) % 2 == 1;
    places.push_back(i + (from_b ? vector_size : 0) + lanes * (odd - from_b));
  }
  return f_.builder.CreateShuffleVector(a, b, places);
}

llvm::Value* ExpressionEmitter::compute(const Expression& e) {
  llvm::Type* type = f_.widened(f_.scalar_type(e.dtype), e.vector);
  switch (e.op) {
    case Op::constant:
      return is_float(e.dtype)
                 ? llvm::ConstantFP::get(type, e.number)
                 : llvm::ConstantInt::get(type, static_cast<uint64_t>(static_cast<int64_t>(e.number)));
    case Op::index:
      return converted(f_.value(e.index), DType::i64, e.dtype, type);
    case Op::load:
      return memory_.load({e.access, offset_of(e.access)}, e.vector);
    case Op::lane_numbers:
      return f_.builder.CreateTrunc(memory_.lane_numbers(), type);
    case Op::tile:
      return f_.builder.CreateLoad(type, memory_.element(e.element));
    default:
      break;
  }
  std::vector<llvm::Value*> a;
  for (const ExpressionId argument : e.arguments) a.push_back(value(argument));
  const DType dtype = f_.kernel.expressions[e.arguments[0]].dtype;
  if (e.op == Op::cast) return converted(a[0], dtype, e.dtype, type);
  if (e.op == Op::compress) return compressed(a[0], a[1]);
  if (e.op == Op::count_lanes) return lanes_that_hold(a[0]);
  if (e.op == Op::permute) return permuted(a[0], a[1], a[2]);
  if (e.op == Op::even_blocks || e.op == Op::odd_blocks)
    return blocks_of(a[0], a[1], static_cast<int>(f_.known(e.index)), e.op == Op::odd_blocks);
  if (e.op == Op::first_lanes)
    return f_.builder.CreateSelect(memory_.lanes_below(f_.value(e.index)), a[0],
                                   llvm::Constant::getNullValue(type));
  return is_float(dtype) ? float_op(e.op, a) : integer_op(e.op, a, is_unsigned(dtype));
}

// Halves are joined until one element is left.
template <typename Join>
llvm::Value* ExpressionEmitter::over_lanes(llvm::Value* x, Join join) {
  for (int half = vector_size / 2; half > 0; half /= 2) {
    std::vector<int> low, high;
    for (int i = 0; i < half; ++i) {
      low.push_back(i);
      high.push_back(i + half);
    }
    x = join(f_.builder.CreateShuffleVector(x, low), f_.builder.CreateShuffleVector(x, high));
  }
  return f_.builder.CreateExtractElement(x, uint64_t{0});
}

llvm::Value* ExpressionEmitter::float_op(Op op, std::span<llvm::Value* const> a) {
  using Predicate = llvm::CmpInst::Predicate;
  switch (op) {
    case Op::add:
      return f_.builder.CreateFAdd(a[0], a[1]);
    case Op::sub:
      return f_.builder.CreateFSub(a[0], a[1]);
    case Op::mul:
      return f_.builder.CreateFMul(a[0], a[1]);
    case Op::div:
      return f_.builder.CreateFDiv(a[0], a[1]);
    // Without an instruction for it fma would call the C library for each lane.
    case Op::multiply_add:
      return f_.builder.CreateIntrinsic(a[0]->getType(), llvm::Intrinsic::fmuladd, {a[0], a[1], a[2]});
    case Op::minimum:
      return extremum(Predicate::FCMP_OLT, a[0], a[1]);
    case Op::maximum:
      return extremum(Predicate::FCMP_OGT, a[0], a[1]);
    case Op::absolute:
      return f_.builder.CreateUnaryIntrinsic(llvm::Intrinsic::fabs, a[0]);
    case Op::square_root:
      return f_.builder.CreateUnaryIntrinsic(llvm::Intrinsic::sqrt, a[0]);
    case Op::exponential:
      return emit_exp(f_.builder, a[0], f_.cpu);
    case Op::logarithm:
      return emit_log(f_.builder, a[0], f_.cpu);
    case Op::power:
      return emit_pow(f_.builder, a[0], a[1]);
    case Op::hyperbolic_tangent:
      return emit_tanh(f_.builder, a[0], f_.cpu);
    case Op::logistic:
      return emit_sigmoid(f_.builder, a[0], f_.cpu);
    case Op::equal:
      return f_.builder.CreateFCmpOEQ(a[0], a[1]);
    case Op::not_equal:
      return f_.builder.CreateFCmpUNE(a[0], a[1]);
    case Op::less:
      return f_.builder.CreateFCmpOLT(a[0], a[1]);
    case Op::less_equal:
      return f_.builder.CreateFCmpOLE(a[0], a[1]);
    case Op::greater:
      return f_.builder.CreateFCmpOGT(a[0], a[1]);
    case Op::greater_equal:
      return f_.builder.CreateFCmpOGE(a[0], a[1]);
    case Op::sum_lanes:
      return over_lanes(a[0], [&](auto* x, auto* y) { return f_.builder.CreateFAdd(x, y); });
    case Op::max_lanes:
      return over_lanes(a[0], [&](auto* x, auto* y) { return extremum(Predicate::FCMP_OGT, x, y); });
    default:
      return any_op(op, a);
  }
}

// a where it is better or a NaN; where b is a NaN no comparison with it holds, and it wins in its turn.
llvm::Value* ExpressionEmitter::extremum(llvm::CmpInst::Predicate better, llvm::Value* a, llvm::Value* b) {
  llvm::Value* first =
      f_.builder.CreateOr(f_.builder.CreateFCmp(better, a, b), f_.builder.CreateFCmpUNO(a, a));
  return f_.builder.CreateSelect(first, a, b);
}

llvm::Value* ExpressionEmitter::without_sign(llvm::Value* x) {
  return f_.builder.CreateZExt(x, x->getType()->getWithNewType(f_.builder.getInt64Ty()));
}

llvm::Value* ExpressionEmitter::high_half(llvm::Value* x) {
  return f_.builder.CreateTrunc(f_.builder.CreateLShr(x, uint64_t{32}),
                                x->getType()->getWithNewType(f_.builder.getInt32Ty()));
}

llvm::Value* ExpressionEmitter::integer_op(Op op, std::span<llvm::Value* const> a, bool is_unsigned) {
  const auto smaller = is_unsigned ? llvm::Intrinsic::umin : llvm::Intrinsic::smin;
  const auto larger = is_unsigned ? llvm::Intrinsic::umax : llvm::Intrinsic::smax;
  const auto compare = [&](llvm::CmpInst::Predicate is) {
    return f_.builder.CreateICmp(is_unsigned ? llvm::ICmpInst::getUnsignedPredicate(is) : is, a[0], a[1]);
  };
  switch (op) {
    case Op::add:
      return f_.builder.CreateAdd(a[0], a[1]);
    case Op::sub:
      return f_.builder.CreateSub(a[0], a[1]);
    case Op::mul:
      return f_.builder.CreateMul(a[0], a[1]);
    case Op::minimum:
      return f_.builder.CreateBinaryIntrinsic(smaller, a[0], a[1]);
    case Op::maximum:
      return f_.builder.CreateBinaryIntrinsic(larger, a[0], a[1]);
    case Op::equal:
      return f_.builder.CreateICmpEQ(a[0], a[1]);
    case Op::not_equal:
      return f_.builder.CreateICmpNE(a[0], a[1]);
    case Op::less:
      return compare(llvm::ICmpInst::ICMP_SLT);
    case Op::less_equal:
      return compare(llvm::ICmpInst::ICMP_SLE);
    case Op::greater:
      return compare(llvm::ICmpInst::ICMP_SGT);
    case Op::greater_equal:
      return compare(llvm::ICmpInst::ICMP_SGE);
    case Op::logical_and:
      return f_.builder.CreateAnd(a[0], a[1]);
    case Op::logical_or:
      return f_.builder.CreateOr(a[0], a[1]);
    case Op::logical_not:
      return f_.builder.CreateNot(a[0]);
    case Op::exclusive_or:
      return f_.builder.CreateXor(a[0], a[1]);
    case Op::product_high:
      return high_half(f_.builder.CreateMul(without_sign(a[0]), without_sign(a[1])));
    case Op::high_half:
      return high_half(a[0]);
    case Op::sum_lanes:
      return over_lanes(a[0], [&](auto* x, auto* y) { return f_.builder.CreateAdd(x, y); });
    default:
      return any_op(op, a);
  }
}

llvm::Value* ExpressionEmitter::any_op(Op op, std::span<llvm::Value* const> a) {
  if (op == Op::splat) return f_.builder.CreateVectorSplat(vector_size, a[0]);
  require(op == Op::select, "an op that the emitter knows for this element type");
  return f_.builder.CreateSelect(a[0], a[1], a[2]);
}

// From floating to integers they saturate, and NaN becomes 0; the half types are converted by way of f32.
llvm::Value* ExpressionEmitter::converted(llvm::Value* x, DType from, DType to, llvm::Type* type) {
  llvm::IRBuilder<>& b = f_.builder;
  if (from == to) return x;
  if (is_half(from)) return converted(emit_from_half(b, x, from), DType::f32, to, type);
  if (is_half(to))
    return emit_to_half(b, converted(x, from, DType::f32, type->getWithNewType(b.getFloatTy())), to);
  if (to == DType::boolean) {
    llvm::Value* zero = llvm::Constant::getNullValue(x->getType());
    return is_float(from) ? b.CreateFCmpUNE(x, zero) : b.CreateICmpNE(x, zero);
  }
  if (is_float(from) && is_float(to)) return b.CreateFPCast(x, type);
  if (is_float(to)) return is_unsigned(from) ? b.CreateUIToFP(x, type) : b.CreateSIToFP(x, type);
  if (is_float(from)) {
    const auto saturate = is_unsigned(to) ? llvm::Intrinsic::fptoui_sat : llvm::Intrinsic::fptosi_sat;
    return b.CreateIntrinsic(saturate, {type, x->getType()}, {x});
  }
  return b.CreateIntCast(x, type, !is_unsigned(from));
}

}  // namespace sinter::jit
