#pragma once

#include "backends/jit/emit_frame.h"

namespace sinter::jit {

/// Where an access goes: `offset` is what its own offset has become, null where it has none.
struct Place {
  const Access& access;
  llvm::Value* offset;

  /// Whether each lane has an offset of its own.
  bool is_apart() const { return offset != nullptr && offset->getType()->isVectorTy(); }
};

/// Loads, stores and the registers of tiles.
class MemoryEmitter {
 public:
  explicit MemoryEmitter(EmitFrame& frame) : f_(frame) {}

  llvm::Value* load(const Place& from, bool vector);
  void store(const Place& place, llvm::Value* v, bool vector);
  /// The address of a tile's register.
  llvm::Value* element(const TileElement& element);
  /// 0 to 15, in 64 bits.
  llvm::Value* lane_numbers();
  /// True in the lanes before `count`.
  llvm::Value* lanes_below(llvm::Value* count);

 private:
  llvm::Value* address_of(const Place& place);
  llvm::Value* in_register(llvm::Value* pointer);
  llvm::Align align_of(const Access& access, bool vector) const;
  llvm::Value* mask(const Access& access);
  llvm::Value* every_second(llvm::Type* type, llvm::Value* pointer, const Access& access, llvm::Align align);
  llvm::Value* lane_pointers(const Access& access, llvm::Value* pointer);

  EmitFrame& f_;
};

}  // namespace sinter::jit
