#include "backends/jit/emit.h"

#include <llvm/IR/Intrinsics.h>

#include "backends/jit/emit_expression.h"

namespace sinter::jit {
namespace {

constexpr uint64_t cache_line = 64;

/// Statements, loops, and the function around them.
class Emitter {
 public:
  Emitter(const Kernel& kernel, const std::string& function, const CpuTarget& cpu, llvm::LLVMContext& context)
      : context_(context),
        module_(std::make_unique<llvm::Module>(function, context)),
        f_(kernel, cpu, context) {
    auto* pointer = f_.builder.getPtrTy();
    auto* type = llvm::FunctionType::get(
        f_.builder.getVoidTy(), {pointer, pointer, f_.builder.getInt64Ty(), f_.builder.getInt64Ty()}, false);
    function_ = llvm::Function::Create(type, llvm::Function::ExternalLinkage, function, module_.get());
    function_->addFnAttr(llvm::Attribute::NoUnwind);
    // Vectors are 512 bits wide wherever the CPU has them; without these LLVM halves them on some.
    function_->addFnAttr("min-legal-vector-width", "512");
    function_->addFnAttr("prefer-vector-width", "512");
  }

  std::unique_ptr<llvm::Module> emit() {
    f_.builder.SetInsertPoint(llvm::BasicBlock::Create(context_, "entry", function_));
    for (const Buffer& buffer : f_.kernel.buffers) f_.buffers.push_back(address(buffer));
    if (f_.kernel.idle_where_same) return_where_same(*f_.kernel.idle_where_same);
    for (const Tile& tile : f_.kernel.tiles) f_.tiles.push_back(allocate(tile));
    emit_units();
    f_.builder.CreateRetVoid();
    return std::move(module_);
  }

 private:
  // A part of the object, beside the code.
  llvm::Value* table(const Buffer& buffer) {
    auto* element = f_.scalar_type(buffer.dtype);
    std::vector<llvm::Constant*> contents;
    for (const double number : buffer.contents)
      contents.push_back(element->isIntegerTy()
                             ? llvm::ConstantInt::getSigned(element, static_cast<int64_t>(number))
                             : llvm::ConstantFP::get(element, number));
    auto* array = llvm::ArrayType::get(element, contents.size());
    auto* constants = new llvm::GlobalVariable(*module_, array, true, llvm::GlobalValue::PrivateLinkage,
                                               llvm::ConstantArray::get(array, contents), buffer.name);
    constants->setAlignment(llvm::Align(cache_line));
    return constants;
  }

  llvm::Value* address(const Buffer& buffer) {
    if (buffer.place == Buffer::Place::table) return table(buffer);
    auto* pointer = f_.builder.getPtrTy();
    llvm::Value* base = function_->getArg(0);
    if (buffer.place == Buffer::Place::workspace)
      return f_.builder.CreateConstInBoundsGEP1_64(f_.builder.getInt8Ty(), function_->getArg(1),
                                                   buffer.position);
    const int64_t place = buffer.place == Buffer::Place::argument ? buffer.position : scratch_place();
    base = f_.builder.CreateLoad(pointer, f_.builder.CreateConstInBoundsGEP1_64(pointer, base, place),
                                 buffer.name);
    if (buffer.place == Buffer::Place::argument) return base;
    return f_.builder.CreateConstInBoundsGEP1_64(f_.builder.getInt8Ty(), base, buffer.position);
  }

  void return_where_same(std::pair<BufferId, BufferId> pair) {
    auto* same = llvm::BasicBlock::Create(context_, "same", function_);
    auto* work = llvm::BasicBlock::Create(context_, "work", function_);
    f_.builder.CreateCondBr(f_.builder.CreateICmpEQ(f_.buffers[pair.first], f_.buffers[pair.second]), same,
                            work);
    f_.builder.SetInsertPoint(same);
    f_.builder.CreateRetVoid();
    f_.builder.SetInsertPoint(work);
  }

  // The scratch memory stands behind the node's values.
  int64_t scratch_place() const { return f_.kernel.scratch_argument; }

  llvm::Value* allocate(const Tile& tile) {
    uint64_t count = 1;
    for (const int64_t size : tile.shape) count *= static_cast<uint64_t>(size);
    auto* type = llvm::ArrayType::get(f_.widened(f_.scalar_type(tile.dtype), tile.vector), count);
    return f_.builder.CreateAlloca(type, nullptr, tile.name);
  }

  llvm::Value* extremum(std::span<const Index> list, llvm::Intrinsic::ID smaller_or_larger) {
    llvm::Value* result = f_.value(list[0]);
    for (const Index& index : list.subspan(1))
      result = f_.builder.CreateBinaryIntrinsic(smaller_or_larger, result, f_.value(index));
    return result;
  }

  void emit_units() {
    for_loop(function_->getArg(2), function_->getArg(3), 1, [&](llvm::Value* unit) {
      for (size_t i = f_.kernel.parallel.size(); i-- > 0;) {
        llvm::Value* extent = f_.builder.getInt64(f_.kernel.parallel[i]);
        f_.variables[i] = i == 0 ? unit : f_.builder.CreateURem(unit, extent, f_.kernel.variables[i]);
        if (i != 0) unit = f_.builder.CreateUDiv(unit, extent);
      }
      emit(f_.kernel.body);
    });
  }

  template <typename Body>
  void for_loop(llvm::Value* lower, llvm::Value* upper, int64_t step, Body body) {
    auto* before = f_.builder.GetInsertBlock();
    auto* inside = llvm::BasicBlock::Create(context_, "loop", function_);
    auto* after = llvm::BasicBlock::Create(context_, "after", function_);
    f_.builder.CreateCondBr(f_.builder.CreateICmpSLT(lower, upper), inside, after);
    f_.builder.SetInsertPoint(inside);
    auto* variable = f_.builder.CreatePHI(f_.builder.getInt64Ty(), 2);
    variable->addIncoming(lower, before);
    body(variable);
    auto* next = f_.builder.CreateNSWAdd(variable, f_.builder.getInt64(step));
    variable->addIncoming(next, f_.builder.GetInsertBlock());
    f_.builder.CreateCondBr(f_.builder.CreateICmpSLT(next, upper), inside, after);
    f_.builder.SetInsertPoint(after);
  }

  void emit(const std::vector<Statement>& statements) {
    for (const Statement& statement : statements) std::visit([&](const auto& is) { emit(is); }, statement.is);
  }

  void emit(const Assign& assign) {
    expressions_.begin_statement();
    llvm::Value* value = expressions_.value(assign.value);
    f_.builder.CreateStore(value, memory_.element(assign.to));
  }

  void emit(const Loop& loop) {
    if (!loop.unroll) {
      llvm::Value* lower = extremum(loop.lower, llvm::Intrinsic::smax);
      for_loop(lower, upper_of(loop), loop.step, [&](llvm::Value* variable) {
        variable->setName(f_.kernel.variables[loop.variable]);
        f_.variables[loop.variable] = variable;
        emit(loop.body);
      });
      return;
    }
    for (int64_t i = f_.known(loop.lower[0]); i < f_.known(loop.upper[0]); i += loop.step) {
      f_.constants[loop.variable] = i;
      emit(loop.body);
    }
    f_.constants[loop.variable].reset();
  }

  llvm::Value* upper_of(const Loop& loop) {
    llvm::Value* upper = extremum(loop.upper, llvm::Intrinsic::smin);
    if (!loop.count) return upper;
    expressions_.begin_statement();
    llvm::Value* count = f_.builder.CreateSExt(expressions_.value(*loop.count), f_.builder.getInt64Ty());
    return f_.builder.CreateBinaryIntrinsic(llvm::Intrinsic::smin, upper, count);
  }

  void emit(const If& statement) {
    llvm::Value* holds = nullptr;
    for (const Index& index : statement.not_negative) {
      if (f_.is_known(index)) {
        if (f_.known(index) < 0) return;
        continue;
      }
      llvm::Value* test = f_.builder.CreateICmpSGE(f_.value(index), f_.builder.getInt64(0));
      holds = holds == nullptr ? test : f_.builder.CreateAnd(holds, test);
    }
    if (holds == nullptr) return emit(statement.body);
    auto* inside = llvm::BasicBlock::Create(context_, "if", function_);
    auto* after = llvm::BasicBlock::Create(context_, "endif", function_);
    f_.builder.CreateCondBr(holds, inside, after);
    f_.builder.SetInsertPoint(inside);
    emit(statement.body);
    f_.builder.CreateBr(after);
    f_.builder.SetInsertPoint(after);
  }

  void emit(const Store& store) {
    expressions_.begin_statement();
    llvm::Value* value = expressions_.value(store.value);
    memory_.store({store.to, expressions_.offset_of(store.to)}, value,
                  f_.kernel.expressions[store.value].vector);
  }

  llvm::LLVMContext& context_;
  std::unique_ptr<llvm::Module> module_;
  llvm::Function* function_ = nullptr;
  EmitFrame f_;
  MemoryEmitter memory_{f_};
  ExpressionEmitter expressions_{f_, memory_};
};

}  // namespace

std::unique_ptr<llvm::Module> emit(const Kernel& kernel, const std::string& function, const CpuTarget& cpu,
                                   llvm::LLVMContext& context) {
  return Emitter(kernel, function, cpu, context).emit();
}

}  // namespace sinter::jit
