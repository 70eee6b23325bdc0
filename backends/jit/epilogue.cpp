#include "backends/jit/epilogue.h"

#include "backends/jit/elementwise.h"

namespace sinter::jit {

void write_epilogue(KernelBuilder& builder, const Graph& body, ValueId made, Expr value,
                    const EpiloguePlace& place) {
  Expressions expressions(builder, body, value.is_vector(), [&](ValueId id) -> std::optional<Expr> {
    if (id == made) return value;
    if (body.info(id).kind != ValueKind::input) return std::nullopt;
    return place.load(id);
  });
  std::vector<Expr> results;
  for (const GraphResult& result : body.results()) results.push_back(expressions(result.value));
  for (size_t i = 0; i < results.size(); ++i) place.store(body.results()[i].value, results[i]);
}

}  // namespace sinter::jit
