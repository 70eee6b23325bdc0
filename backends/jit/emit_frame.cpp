#include "backends/jit/emit_frame.h"

#include <algorithm>

namespace sinter::jit {

llvm::Type* EmitFrame::scalar_type(DType dtype) {
  switch (dtype) {
    case DType::f32:
      return builder.getFloatTy();
    case DType::f64:
      return builder.getDoubleTy();
    case DType::boolean:
      return builder.getInt1Ty();
    default:
      return builder.getIntNTy(static_cast<unsigned>(8 * size_of(dtype)));
  }
}

llvm::Type* EmitFrame::stored_type(DType dtype) {
  return dtype == DType::boolean ? builder.getInt8Ty() : scalar_type(dtype);
}

bool EmitFrame::is_known(const Index& index) const {
  return std::ranges::all_of(index.terms(),
                             [&](const Index::Term& t) { return constants[t.variable].has_value(); });
}
int64_t EmitFrame::known(const Index& index) const {
  int64_t value = index.constant();
  for (const Index::Term& term : index.terms()) value += term.factor * constants[term.variable].value();
  return value;
}

// The constant part comes last, where it becomes the displacement of an address.
llvm::Value* EmitFrame::value(const Index& index) {
  int64_t constant = index.constant();
  llvm::Value* sum = nullptr;
  for (const Index::Term& term : index.terms()) {
    if (constants[term.variable]) {
      constant += term.factor * *constants[term.variable];
      continue;
    }
    llvm::Value* product = variables[term.variable];
    if (term.factor != 1) product = builder.CreateNSWMul(product, builder.getInt64(term.factor));
    sum = sum == nullptr ? product : builder.CreateNSWAdd(sum, product);
  }
  if (sum == nullptr) return builder.getInt64(constant);
  return constant == 0 ? sum : builder.CreateNSWAdd(sum, builder.getInt64(constant));
}

}  // namespace sinter::jit
