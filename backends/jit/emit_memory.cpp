#include "backends/jit/emit_memory.h"

#include <llvm/IR/InlineAsm.h>

namespace sinter::jit {
namespace {

constexpr uint64_t cache_line = 64;

}  // namespace

llvm::Value* MemoryEmitter::element(const TileElement& element) {
  const Tile& tile = f_.kernel.tiles[element.tile];
  int64_t place = 0;
  for (size_t i = 0; i < tile.shape.size(); ++i) place = place * tile.shape[i] + f_.known(element.at[i]);
  return f_.builder.CreateConstInBoundsGEP1_64(f_.widened(f_.scalar_type(tile.dtype), tile.vector),
                                               f_.tiles[element.tile], static_cast<uint64_t>(place));
}

llvm::Value* MemoryEmitter::address_of(const Place& place) {
  const Buffer& buffer = f_.kernel.buffers[place.access.buffer];
  llvm::Type* type = f_.stored_type(buffer.dtype);
  llvm::Value* begin = f_.buffers[place.access.buffer];
  const Index& index = place.access.index;
  if (place.offset == nullptr || place.is_apart())
    return f_.builder.CreateInBoundsGEP(type, begin, f_.value(index));
  llvm::Value* moved = f_.builder.CreateNSWAdd(f_.value(index - index.constant()), place.offset);
  return f_.builder.CreateInBoundsGEP(type, in_register(f_.builder.CreateGEP(type, begin, moved)),
                                      f_.builder.getInt64(index.constant()));
}

// LLVM would put the sum of a pointer and an offset into each instruction that needs it, which CPUs then
// split in two: nine products of weights and what lies around a place take eighteen steps in the place of
// nine.
llvm::Value* MemoryEmitter::in_register(llvm::Value* pointer) {
  auto* type = llvm::FunctionType::get(pointer->getType(), {pointer->getType()}, false);
  llvm::CallInst* same = f_.builder.CreateCall(
      type, llvm::InlineAsm::get(type, "", "=r,0", /*hasSideEffects=*/false), {pointer});
  same->setDoesNotAccessMemory();
  same->setDoesNotThrow();
  return same;
}

// A kernel's own memory begins at whole cache lines: so do vectors at multiples of their size. A node's
// values need not: of slabs of 12 samples the second begins where the first ends.
llvm::Align MemoryEmitter::align_of(const Access& access, bool vector) const {
  const Buffer& buffer = f_.kernel.buffers[access.buffer];
  const auto size = static_cast<uint64_t>(size_of(buffer.dtype));
  if (!vector || access.offset || buffer.place == Buffer::Place::argument) return llvm::Align(size);
  const auto whole = [&](int64_t elements) { return elements % vector_size == 0; };
  bool aligned = whole(access.index.constant());
  for (const Index::Term& term : access.index.terms()) aligned = aligned && whole(term.factor);
  return llvm::Align(aligned ? std::min(cache_line, size * vector_size) : size);
}

llvm::Value* MemoryEmitter::lane_numbers() {
  std::vector<llvm::Constant*> lanes;
  for (int64_t i = 0; i < vector_size; ++i) lanes.push_back(f_.builder.getInt64(static_cast<uint64_t>(i)));
  return llvm::ConstantVector::get(lanes);
}

llvm::Value* MemoryEmitter::lanes_below(llvm::Value* count) {
  return f_.builder.CreateICmpSLT(lane_numbers(), f_.builder.CreateVectorSplat(vector_size, count));
}
llvm::Value* MemoryEmitter::mask(const Access& access) {
  if (access.count) return lanes_below(f_.value(*access.count));
  return llvm::ConstantVector::getSplat(llvm::ElementCount::getFixed(vector_size), f_.builder.getTrue());
}
llvm::Value* MemoryEmitter::lane_pointers(const Access& access, llvm::Value* pointer) {
  llvm::Value* offsets = f_.builder.CreateNSWMul(
      lane_numbers(), f_.builder.CreateVectorSplat(vector_size, f_.builder.getInt64(access.lane_stride)));
  return f_.builder.CreateInBoundsGEP(f_.stored_type(f_.kernel.buffers[access.buffer].dtype), pointer,
                                      offsets);
}

// Two vectors side by side, as far as they are asked for, of which every second element is kept: a gather
// takes five times as long.
llvm::Value* MemoryEmitter::every_second(llvm::Type* type, llvm::Value* pointer, const Access& access,
                                         llvm::Align align) {
  llvm::IRBuilder<>& b = f_.builder;
  llvm::Value* elements = b.getInt64(2 * vector_size - 1);
  if (access.count) elements = f_.value(*access.count * 2 - 1);
  llvm::Value* zero = llvm::Constant::getNullValue(type);
  const auto part = [&](int64_t from) {
    llvm::Value* start =
        b.CreateConstInBoundsGEP1_64(type->getScalarType(), pointer, static_cast<uint64_t>(from));
    llvm::Value* left = b.CreateNSWSub(elements, b.getInt64(static_cast<uint64_t>(from)));
    return b.CreateMaskedLoad(type, start, align, lanes_below(left), zero);
  };
  llvm::Value *low = part(0), *high = part(vector_size);
  std::vector<int> even;
  for (int lane = 0; lane < vector_size; ++lane) even.push_back(2 * lane);
  return b.CreateShuffleVector(low, high, even);
}

llvm::Value* MemoryEmitter::load(const Place& from, bool vector) {
  const Access& access = from.access;
  const DType dtype = f_.kernel.buffers[access.buffer].dtype;
  llvm::Type* type = f_.widened(f_.stored_type(dtype), vector);
  llvm::Value* pointer = address_of(from);
  const llvm::Align align(static_cast<uint64_t>(size_of(dtype)));
  llvm::Value* loaded;
  if (from.is_apart())
    loaded = f_.builder.CreateMaskedGather(
        type, f_.builder.CreateInBoundsGEP(f_.stored_type(dtype), pointer, from.offset), align, mask(access),
        llvm::Constant::getNullValue(type));
  else if (!vector || (access.lane_stride == 1 && !access.count))
    loaded = f_.builder.CreateAlignedLoad(type, pointer, align_of(access, vector));
  else if (access.lane_stride == 1)
    loaded =
        f_.builder.CreateMaskedLoad(type, pointer, align, mask(access), llvm::Constant::getNullValue(type));
  else if (access.lane_stride == 2 && size_of(dtype) == 4)
    loaded = every_second(type, pointer, access, align);
  else
    loaded = f_.builder.CreateMaskedGather(type, lane_pointers(access, pointer), align, mask(access),
                                           llvm::Constant::getNullValue(type));
  return dtype == DType::boolean ? f_.builder.CreateICmpNE(loaded, llvm::Constant::getNullValue(type))
                                 : loaded;
}

void MemoryEmitter::store(const Place& place, llvm::Value* v, bool vector) {
  const Access& to = place.access;
  const DType dtype = f_.kernel.buffers[to.buffer].dtype;
  if (dtype == DType::boolean) v = f_.builder.CreateZExt(v, f_.widened(f_.stored_type(dtype), vector));
  llvm::Value* pointer = address_of(place);
  const llvm::Align align(static_cast<uint64_t>(size_of(dtype)));
  if (!vector || (to.lane_stride == 1 && !to.count)) {
    f_.builder.CreateAlignedStore(v, pointer, align_of(to, vector));
  } else if (to.lane_stride == 1) {
    f_.builder.CreateMaskedStore(v, pointer, align, mask(to));
  } else {
    f_.builder.CreateMaskedScatter(v, lane_pointers(to, pointer), align, mask(to));
  }
}

}  // namespace sinter::jit
