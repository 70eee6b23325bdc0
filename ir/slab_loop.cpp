#include "ir/slab_loop.h"

#include <type_traits>

namespace sinter {
namespace {

template <typename T>
void add_all(int64_t count, const void* part, void* sum) {
  const T* x = static_cast<const T*>(part);
  T* y = static_cast<T*>(sum);
  for (int64_t i = 0; i < count; ++i) {
    if constexpr (std::is_integral_v<T>)
      y[i] = static_cast<T>(static_cast<uint64_t>(y[i]) + static_cast<uint64_t>(x[i]));
    else
      y[i] += x[i];
  }
}

}  // namespace

SlabLoop::SlabLoop(const Attributes& attributes, std::span<const std::optional<Type>> operands)
    : body(&attributes.body()),
      remainder(attributes.optional_graph("remainder")),
      slab(attributes.integer("slab")),
      lanes(attributes.integer("lanes")),
      samples(slab),
      sliced(operands.size()),
      accumulated(body->results().size()) {
  for (size_t i = 0; i < operands.size(); ++i) {
    sliced[i] = operands[i]->shape != body->type(body->inputs()[i]).shape;
    if (sliced[i]) samples = operands[i]->shape[0].size;
  }
  for (const int64_t result : attributes.ints("accumulated")) accumulated[result] = true;
}

std::vector<std::optional<Type>> operand_types(const Graph& graph, const Node& node) {
  std::vector<std::optional<Type>> types;
  for (const ValueId id : node.operands)
    types.push_back(id.valid() ? std::optional(graph.type(id)) : std::nullopt);
  return types;
}

void add_elements(DType dtype, int64_t count, const void* part, void* sum) noexcept {
  switch (dtype) {
    case DType::f32:
      return add_all<float>(count, part, sum);
    case DType::f64:
      return add_all<double>(count, part, sum);
    case DType::i8:
      return add_all<int8_t>(count, part, sum);
    case DType::u8:
      return add_all<uint8_t>(count, part, sum);
    case DType::i32:
      return add_all<int32_t>(count, part, sum);
    case DType::i64:
      return add_all<int64_t>(count, part, sum);
    default:
      return;  // infer_types() refuses to add these up
  }
}

}  // namespace sinter
