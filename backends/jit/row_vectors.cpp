#include "backends/jit/row_vectors.h"

namespace sinter::jit {

void for_vectors(KernelBuilder& k, int64_t elements,
                 const std::function<void(const Index& at, const std::optional<Index>& count)>& body) {
  const int64_t whole = elements / vector_size, rest = elements % vector_size;
  if (whole == 1) body(0, std::nullopt);
  if (whole > 1) k.loop("v", 0, whole, [&](Index v) { body(v * vector_size, std::nullopt); });
  if (elements > 0 && rest > 0) body(whole * vector_size, Index(rest));
}

void zero_run(KernelBuilder& k, BufferId buffer, const Index& from, int64_t elements) {
  for_vectors(k, elements, [&](const Index& at, const std::optional<Index>& count) {
    k.store({.buffer = buffer, .index = from + at, .count = count}, k.number(DType::f32, 0, true));
  });
}

}  // namespace sinter::jit
