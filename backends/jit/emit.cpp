#include "backends/jit/emit.h"

#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/Intrinsics.h>
#include <llvm/IR/IntrinsicsX86.h>

#include <map>

#include "backends/jit/vector_math.h"
#include "ir/error.h"

namespace sinter::jit {
namespace {

constexpr uint64_t cache_line = 64;

bool is_float(DType dtype) { return dtype == DType::f32 || dtype == DType::f64; }
bool is_unsigned(DType dtype) { return dtype == DType::u8 || dtype == DType::boolean; }

class Emitter {
 public:
  Emitter(const Kernel& kernel, const std::string& function, const CpuTarget& cpu, llvm::LLVMContext& context)
      : kernel_(kernel),
        cpu_(cpu),
        context_(context),
        builder_(context),
        module_(std::make_unique<llvm::Module>(function, context)),
        constants_(kernel.variables.size()),
        variables_(kernel.variables.size()) {
    auto* pointer = builder_.getPtrTy();
    auto* type = llvm::FunctionType::get(builder_.getVoidTy(), {pointer, pointer, i64(), i64()}, false);
    function_ = llvm::Function::Create(type, llvm::Function::ExternalLinkage, function, module_.get());
    function_->addFnAttr(llvm::Attribute::NoUnwind);
    // Vectors are 512 bits wide wherever the CPU has them; without these LLVM halves them on some.
    function_->addFnAttr("min-legal-vector-width", "512");
    function_->addFnAttr("prefer-vector-width", "512");
    function_->addFnAttr("reciprocal-estimates", "vec-divf:1");  // for divisions that allow it
  }

  std::unique_ptr<llvm::Module> emit() {
    builder_.SetInsertPoint(llvm::BasicBlock::Create(context_, "entry", function_));
    for (const Buffer& buffer : kernel_.buffers) buffers_.push_back(address(buffer));
    if (kernel_.idle_where_same) return_where_same(*kernel_.idle_where_same);
    for (const Tile& tile : kernel_.tiles) tiles_.push_back(allocate(tile));
    emit_units();
    builder_.CreateRetVoid();
    return std::move(module_);
  }

 private:
  llvm::IntegerType* i64() { return builder_.getInt64Ty(); }

  llvm::Type* scalar_type(DType dtype) {
    switch (dtype) {
      case DType::f32:
        return builder_.getFloatTy();
      case DType::f64:
        return builder_.getDoubleTy();
      case DType::boolean:
        return builder_.getInt1Ty();
      default:
        return builder_.getIntNTy(static_cast<unsigned>(8 * size_of(dtype)));
    }
  }
  // As a buffer holds it: truth values are bytes there.
  llvm::Type* stored_type(DType dtype) {
    return dtype == DType::boolean ? builder_.getInt8Ty() : scalar_type(dtype);
  }
  static llvm::Type* widened(llvm::Type* type, bool vector) {
    return vector ? llvm::FixedVectorType::get(type, vector_size) : type;
  }

  llvm::Value* address(const Buffer& buffer) {
    auto* pointer = builder_.getPtrTy();
    llvm::Value* base = function_->getArg(0);
    if (buffer.place == Buffer::Place::workspace)
      return builder_.CreateConstInBoundsGEP1_64(builder_.getInt8Ty(), function_->getArg(1), buffer.position);
    const int64_t place = buffer.place == Buffer::Place::argument ? buffer.position : scratch_place();
    base =
        builder_.CreateLoad(pointer, builder_.CreateConstInBoundsGEP1_64(pointer, base, place), buffer.name);
    if (buffer.place == Buffer::Place::argument) return base;
    return builder_.CreateConstInBoundsGEP1_64(builder_.getInt8Ty(), base, buffer.position);
  }

  void return_where_same(std::pair<BufferId, BufferId> pair) {
    auto* same = llvm::BasicBlock::Create(context_, "same", function_);
    auto* work = llvm::BasicBlock::Create(context_, "work", function_);
    builder_.CreateCondBr(builder_.CreateICmpEQ(buffers_[pair.first], buffers_[pair.second]), same, work);
    builder_.SetInsertPoint(same);
    builder_.CreateRetVoid();
    builder_.SetInsertPoint(work);
  }

  // The scratch memory stands behind the node's values.
  int64_t scratch_place() const { return kernel_.scratch_argument; }

  llvm::Value* allocate(const Tile& tile) {
    uint64_t count = 1;
    for (const int64_t size : tile.shape) count *= static_cast<uint64_t>(size);
    auto* type = llvm::ArrayType::get(widened(scalar_type(tile.dtype), tile.vector), count);
    return builder_.CreateAlloca(type, nullptr, tile.name);
  }

  // ---- indices

  bool is_known(const Index& index) const {
    return std::ranges::all_of(index.terms(),
                               [&](const Index::Term& t) { return constants_[t.variable].has_value(); });
  }
  int64_t known(const Index& index) const {
    int64_t value = index.constant();
    for (const Index::Term& term : index.terms()) value += term.factor * constants_[term.variable].value();
    return value;
  }

  // The constant part comes last, where it becomes the displacement of an address.
  llvm::Value* value(const Index& index) {
    int64_t constant = index.constant();
    llvm::Value* sum = nullptr;
    for (const Index::Term& term : index.terms()) {
      if (constants_[term.variable]) {
        constant += term.factor * *constants_[term.variable];
        continue;
      }
      llvm::Value* product = variables_[term.variable];
      if (term.factor != 1) product = builder_.CreateNSWMul(product, builder_.getInt64(term.factor));
      sum = sum == nullptr ? product : builder_.CreateNSWAdd(sum, product);
    }
    if (sum == nullptr) return builder_.getInt64(constant);
    return constant == 0 ? sum : builder_.CreateNSWAdd(sum, builder_.getInt64(constant));
  }

  llvm::Value* extremum(std::span<const Index> list, llvm::Intrinsic::ID smaller_or_larger) {
    llvm::Value* result = value(list[0]);
    for (const Index& index : list.subspan(1))
      result = builder_.CreateBinaryIntrinsic(smaller_or_larger, result, value(index));
    return result;
  }

  // ---- statements

  void emit_units() {
    for_loop(function_->getArg(2), function_->getArg(3), 1, [&](llvm::Value* unit) {
      for (size_t i = kernel_.parallel.size(); i-- > 0;) {
        llvm::Value* extent = builder_.getInt64(kernel_.parallel[i]);
        variables_[i] = i == 0 ? unit : builder_.CreateURem(unit, extent, kernel_.variables[i]);
        if (i != 0) unit = builder_.CreateUDiv(unit, extent);
      }
      emit(kernel_.body);
    });
  }

  template <typename Body>
  void for_loop(llvm::Value* lower, llvm::Value* upper, int64_t step, Body body) {
    auto* before = builder_.GetInsertBlock();
    auto* inside = llvm::BasicBlock::Create(context_, "loop", function_);
    auto* after = llvm::BasicBlock::Create(context_, "after", function_);
    builder_.CreateCondBr(builder_.CreateICmpSLT(lower, upper), inside, after);
    builder_.SetInsertPoint(inside);
    auto* variable = builder_.CreatePHI(i64(), 2);
    variable->addIncoming(lower, before);
    body(variable);
    auto* next = builder_.CreateNSWAdd(variable, builder_.getInt64(step));
    variable->addIncoming(next, builder_.GetInsertBlock());
    builder_.CreateCondBr(builder_.CreateICmpSLT(next, upper), inside, after);
    builder_.SetInsertPoint(after);
  }

  void emit(const std::vector<Statement>& statements) {
    for (const Statement& statement : statements) std::visit([&](const auto& is) { emit(is); }, statement.is);
  }

  void emit(const Assign& assign) {
    memo_.clear();
    builder_.CreateStore(value(assign.value), element(assign.to));
  }

  void emit(const Loop& loop) {
    if (!loop.unroll) {
      memo_.clear();
      llvm::Value* lower = extremum(loop.lower, llvm::Intrinsic::smax);
      llvm::Value* upper = extremum(loop.upper, llvm::Intrinsic::smin);
      if (loop.count)
        upper = builder_.CreateBinaryIntrinsic(llvm::Intrinsic::smin, upper,
                                               builder_.CreateSExt(value(*loop.count), i64()));
      for_loop(lower, upper, loop.step, [&](llvm::Value* variable) {
        variable->setName(kernel_.variables[loop.variable]);
        variables_[loop.variable] = variable;
        emit(loop.body);
      });
      return;
    }
    for (int64_t i = known(loop.lower[0]); i < known(loop.upper[0]); i += loop.step) {
      constants_[loop.variable] = i;
      emit(loop.body);
    }
    constants_[loop.variable].reset();
  }

  void emit(const If& statement) {
    llvm::Value* holds = nullptr;
    for (const Index& index : statement.not_negative) {
      if (is_known(index)) {
        if (known(index) < 0) return;
        continue;
      }
      llvm::Value* test = builder_.CreateICmpSGE(value(index), builder_.getInt64(0));
      holds = holds == nullptr ? test : builder_.CreateAnd(holds, test);
    }
    if (holds == nullptr) return emit(statement.body);
    auto* inside = llvm::BasicBlock::Create(context_, "if", function_);
    auto* after = llvm::BasicBlock::Create(context_, "endif", function_);
    builder_.CreateCondBr(holds, inside, after);
    builder_.SetInsertPoint(inside);
    emit(statement.body);
    builder_.CreateBr(after);
    builder_.SetInsertPoint(after);
  }

  void emit(const Store& store) {
    memo_.clear();
    const Access& to = store.to;
    const Expression& e = kernel_.expressions[store.value];
    const DType dtype = kernel_.buffers[to.buffer].dtype;
    llvm::Value* v = value(store.value);
    if (dtype == DType::boolean) v = builder_.CreateZExt(v, widened(stored_type(dtype), e.vector));
    llvm::Value* pointer = address_of(to);
    const llvm::Align align(static_cast<uint64_t>(size_of(dtype)));
    if (!e.vector || (to.lane_stride == 1 && !to.count)) {
      builder_.CreateAlignedStore(v, pointer, align_of(to, e.vector));
    } else if (to.lane_stride == 1) {
      builder_.CreateMaskedStore(v, pointer, align, mask(to));
    } else {
      builder_.CreateMaskedScatter(v, lane_pointers(to, pointer), align, mask(to));
    }
  }

  // ---- expressions

  llvm::Value* element(const TileElement& element) {
    const Tile& tile = kernel_.tiles[element.tile];
    int64_t place = 0;
    for (size_t i = 0; i < tile.shape.size(); ++i) place = place * tile.shape[i] + known(element.at[i]);
    return builder_.CreateConstInBoundsGEP1_64(widened(scalar_type(tile.dtype), tile.vector),
                                               tiles_[element.tile], static_cast<uint64_t>(place));
  }

  llvm::Value* address_of(const Access& access) {
    llvm::Value* index = value(access.index);
    if (access.offset) index = builder_.CreateNSWAdd(index, within(*access.offset));
    return builder_.CreateInBoundsGEP(stored_type(kernel_.buffers[access.buffer].dtype),
                                      buffers_[access.buffer], index);
  }

  // A negative one is a large one without its sign.
  llvm::Value* within(const Offset& offset) {
    llvm::Value* most = builder_.getInt32(static_cast<uint32_t>(offset.limit - 1));
    return builder_.CreateZExt(
        builder_.CreateBinaryIntrinsic(llvm::Intrinsic::umin, value(offset.value), most), i64());
  }

  // Buffers begin at whole cache lines: so do vectors at multiples of their size.
  llvm::Align align_of(const Access& access, bool vector) const {
    const auto size = static_cast<uint64_t>(size_of(kernel_.buffers[access.buffer].dtype));
    if (!vector || access.offset) return llvm::Align(size);
    const auto whole = [&](int64_t elements) { return elements % vector_size == 0; };
    bool aligned = whole(access.index.constant());
    for (const Index::Term& term : access.index.terms()) aligned = aligned && whole(term.factor);
    return llvm::Align(aligned ? std::min(cache_line, size * vector_size) : size);
  }

  llvm::Value* lane_numbers() {
    std::vector<llvm::Constant*> lanes;
    for (int64_t i = 0; i < vector_size; ++i) lanes.push_back(builder_.getInt64(static_cast<uint64_t>(i)));
    return llvm::ConstantVector::get(lanes);
  }

  llvm::Value* lanes_below(const Index& count) {
    return builder_.CreateICmpSLT(lane_numbers(), builder_.CreateVectorSplat(vector_size, value(count)));
  }
  llvm::Value* mask(const Access& access) {
    if (access.count) return lanes_below(*access.count);
    return llvm::ConstantVector::getSplat(llvm::ElementCount::getFixed(vector_size), builder_.getTrue());
  }
  llvm::Value* lane_pointers(const Access& access, llvm::Value* pointer) {
    llvm::Value* offsets = builder_.CreateNSWMul(
        lane_numbers(), builder_.CreateVectorSplat(vector_size, builder_.getInt64(access.lane_stride)));
    return builder_.CreateInBoundsGEP(stored_type(kernel_.buffers[access.buffer].dtype), pointer, offsets);
  }

  llvm::Value* load(const Access& access, bool vector) {
    const DType dtype = kernel_.buffers[access.buffer].dtype;
    llvm::Type* type = widened(stored_type(dtype), vector);
    llvm::Value* pointer = address_of(access);
    const llvm::Align align(static_cast<uint64_t>(size_of(dtype)));
    llvm::Value* loaded;
    if (!vector || (access.lane_stride == 1 && !access.count))
      loaded = builder_.CreateAlignedLoad(type, pointer, align_of(access, vector));
    else if (access.lane_stride == 1)
      loaded =
          builder_.CreateMaskedLoad(type, pointer, align, mask(access), llvm::Constant::getNullValue(type));
    else
      loaded = builder_.CreateMaskedGather(type, lane_pointers(access, pointer), align, mask(access),
                                           llvm::Constant::getNullValue(type));
    return dtype == DType::boolean ? builder_.CreateICmpNE(loaded, llvm::Constant::getNullValue(type))
                                   : loaded;
  }

  // A value that one statement uses twice is computed once.
  llvm::Value* value(ExpressionId id) {
    if (const auto found = memo_.find(id); found != memo_.end()) return found->second;
    llvm::Value* result = compute(kernel_.expressions[id]);
    memo_.emplace(id, result);
    return result;
  }

  llvm::Value* compute(const Expression& e) {
    llvm::Type* type = widened(scalar_type(e.dtype), e.vector);
    switch (e.op) {
      case Op::constant:
        return is_float(e.dtype)
                   ? llvm::ConstantFP::get(type, e.number)
                   : llvm::ConstantInt::get(type, static_cast<uint64_t>(static_cast<int64_t>(e.number)));
      case Op::index:
        return converted(value(e.index), DType::i64, e.dtype, type);
      case Op::load:
        return load(e.access, e.vector);
      case Op::tile:
        return builder_.CreateLoad(type, element(e.element));
      default:
        break;
    }
    std::vector<llvm::Value*> a;
    for (const ExpressionId argument : e.arguments) a.push_back(value(argument));
    const DType dtype = kernel_.expressions[e.arguments[0]].dtype;
    if (e.op == Op::cast) return converted(a[0], dtype, e.dtype, type);
    if (e.op == Op::compress) return compressed(a[0], a[1]);
    if (e.op == Op::count_lanes) return lanes_that_hold(a[0]);
    if (e.op == Op::first_lanes)
      return builder_.CreateSelect(lanes_below(e.index), a[0], llvm::Constant::getNullValue(type));
    return is_float(dtype) ? float_op(e.op, a) : integer_op(e.op, a, is_unsigned(dtype));
  }

  llvm::Value* compressed(llvm::Value* x, llvm::Value* mask) {
    llvm::Value* zero = llvm::Constant::getNullValue(x->getType());
    // LLVM 19 takes the portable intrinsic through memory, a lane at a time, whatever the CPU has.
    if (cpu_.has_avx512)
      return builder_.CreateIntrinsic(llvm::Intrinsic::x86_avx512_mask_compress, {x->getType()},
                                      {x, zero, mask});
    return builder_.CreateIntrinsic(llvm::Intrinsic::experimental_vector_compress, {x->getType()},
                                    {x, mask, zero});
  }

  llvm::Value* lanes_that_hold(llvm::Value* mask) {
    llvm::Value* bits = builder_.CreateBitCast(mask, builder_.getIntNTy(vector_size));
    return builder_.CreateZExt(builder_.CreateUnaryIntrinsic(llvm::Intrinsic::ctpop, bits),
                               builder_.getInt32Ty());
  }

  llvm::Value* float_op(Op op, std::span<llvm::Value* const> a) {
    using Predicate = llvm::CmpInst::Predicate;
    switch (op) {
      case Op::add:
        return builder_.CreateFAdd(a[0], a[1]);
      case Op::sub:
        return builder_.CreateFSub(a[0], a[1]);
      case Op::mul:
        return builder_.CreateFMul(a[0], a[1]);
      case Op::div:
        return builder_.CreateFDiv(a[0], a[1]);
      // Without an instruction for it fma would call the C library for each lane.
      case Op::multiply_add:
        return builder_.CreateIntrinsic(a[0]->getType(), llvm::Intrinsic::fmuladd, {a[0], a[1], a[2]});
      case Op::minimum:
        return extremum(Predicate::FCMP_OLT, a[0], a[1]);
      case Op::maximum:
        return extremum(Predicate::FCMP_OGT, a[0], a[1]);
      case Op::absolute:
        return builder_.CreateUnaryIntrinsic(llvm::Intrinsic::fabs, a[0]);
      case Op::square_root:
        return builder_.CreateUnaryIntrinsic(llvm::Intrinsic::sqrt, a[0]);
      case Op::exponential:
        return emit_exp(builder_, a[0], cpu_);
      case Op::logarithm:
        return emit_log(builder_, a[0], cpu_);
      case Op::hyperbolic_tangent:
        return emit_tanh(builder_, a[0], cpu_);
      case Op::logistic:
        return emit_sigmoid(builder_, a[0], cpu_);
      case Op::equal:
        return builder_.CreateFCmpOEQ(a[0], a[1]);
      case Op::not_equal:
        return builder_.CreateFCmpUNE(a[0], a[1]);
      case Op::less:
        return builder_.CreateFCmpOLT(a[0], a[1]);
      case Op::less_equal:
        return builder_.CreateFCmpOLE(a[0], a[1]);
      case Op::greater:
        return builder_.CreateFCmpOGT(a[0], a[1]);
      case Op::greater_equal:
        return builder_.CreateFCmpOGE(a[0], a[1]);
      case Op::sum_lanes:
        return over_lanes(a[0], [&](auto* x, auto* y) { return builder_.CreateFAdd(x, y); });
      case Op::max_lanes:
        return over_lanes(a[0], [&](auto* x, auto* y) { return extremum(Predicate::FCMP_OGT, x, y); });
      default:
        return any_op(op, a);
    }
  }

  // a where it is better or a NaN; where b is a NaN no comparison with it holds, and it wins in its turn.
  llvm::Value* extremum(llvm::CmpInst::Predicate better, llvm::Value* a, llvm::Value* b) {
    llvm::Value* first = builder_.CreateOr(builder_.CreateFCmp(better, a, b), builder_.CreateFCmpUNO(a, a));
    return builder_.CreateSelect(first, a, b);
  }

  llvm::Value* integer_op(Op op, std::span<llvm::Value* const> a, bool is_unsigned) {
    const auto smaller = is_unsigned ? llvm::Intrinsic::umin : llvm::Intrinsic::smin;
    const auto larger = is_unsigned ? llvm::Intrinsic::umax : llvm::Intrinsic::smax;
    const auto compare = [&](llvm::CmpInst::Predicate is) {
      return builder_.CreateICmp(is_unsigned ? llvm::ICmpInst::getUnsignedPredicate(is) : is, a[0], a[1]);
    };
    switch (op) {
      case Op::add:
        return builder_.CreateAdd(a[0], a[1]);
      case Op::sub:
        return builder_.CreateSub(a[0], a[1]);
      case Op::mul:
        return builder_.CreateMul(a[0], a[1]);
      case Op::minimum:
        return builder_.CreateBinaryIntrinsic(smaller, a[0], a[1]);
      case Op::maximum:
        return builder_.CreateBinaryIntrinsic(larger, a[0], a[1]);
      case Op::equal:
        return builder_.CreateICmpEQ(a[0], a[1]);
      case Op::not_equal:
        return builder_.CreateICmpNE(a[0], a[1]);
      case Op::less:
        return compare(llvm::ICmpInst::ICMP_SLT);
      case Op::less_equal:
        return compare(llvm::ICmpInst::ICMP_SLE);
      case Op::greater:
        return compare(llvm::ICmpInst::ICMP_SGT);
      case Op::greater_equal:
        return compare(llvm::ICmpInst::ICMP_SGE);
      case Op::logical_and:
        return builder_.CreateAnd(a[0], a[1]);
      case Op::logical_or:
        return builder_.CreateOr(a[0], a[1]);
      case Op::logical_not:
        return builder_.CreateNot(a[0]);
      default:
        return any_op(op, a);
    }
  }

  llvm::Value* any_op(Op op, std::span<llvm::Value* const> a) {
    if (op == Op::splat) return builder_.CreateVectorSplat(vector_size, a[0]);
    require(op == Op::select, "an op that the emitter knows for this element type");
    return builder_.CreateSelect(a[0], a[1], a[2]);
  }

  // Halves are joined until one element is left.
  template <typename Join>
  llvm::Value* over_lanes(llvm::Value* x, Join join) {
    for (int half = vector_size / 2; half > 0; half /= 2) {
      std::vector<int> low, high;
      for (int i = 0; i < half; ++i) {
        low.push_back(i);
        high.push_back(i + half);
      }
      x = join(builder_.CreateShuffleVector(x, low), builder_.CreateShuffleVector(x, high));
    }
    return builder_.CreateExtractElement(x, uint64_t{0});
  }

  llvm::Value* converted(llvm::Value* x, DType from, DType to, llvm::Type* type) {
    if (from == to) return x;
    if (to == DType::boolean) {
      llvm::Value* zero = llvm::Constant::getNullValue(x->getType());
      return is_float(from) ? builder_.CreateFCmpUNE(x, zero) : builder_.CreateICmpNE(x, zero);
    }
    if (is_float(from) && is_float(to)) return builder_.CreateFPCast(x, type);
    if (is_float(to))
      return is_unsigned(from) ? builder_.CreateUIToFP(x, type) : builder_.CreateSIToFP(x, type);
    require(!is_float(from), "a cast that the emitter knows");
    return builder_.CreateIntCast(x, type, !is_unsigned(from));
  }

  const Kernel& kernel_;
  const CpuTarget& cpu_;
  llvm::LLVMContext& context_;
  llvm::IRBuilder<> builder_;
  std::unique_ptr<llvm::Module> module_;
  llvm::Function* function_ = nullptr;
  std::vector<llvm::Value*> buffers_, tiles_;
  std::vector<std::optional<int64_t>> constants_;  ///< by variable: of unrolled loops
  std::vector<llvm::Value*> variables_;            ///< of the others
  std::map<ExpressionId, llvm::Value*> memo_;
};

}  // namespace

std::unique_ptr<llvm::Module> emit(const Kernel& kernel, const std::string& function, const CpuTarget& cpu,
                                   llvm::LLVMContext& context) {
  return Emitter(kernel, function, cpu, context).emit();
}

}  // namespace sinter::jit
