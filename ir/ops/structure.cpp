#include "ir/ops/structure.h"

#include <cstring>

#include "ir/cost.h"
#include "ir/interpreter.h"

namespace sinter::ops {

std::vector<Type> infer_fusion(const Inference& in) {
  const Graph& body = in.attributes().body();
  if (!body.parameters().empty() || !body.states().empty()) in.reject("a body has no parameters of its own");
  if (body.inputs().size() != in.operand_count())
    in.reject(
        fmt::format("the body takes {} values, the fusion has {}", body.inputs().size(), in.operand_count()));
  for (size_t i = 0; i < in.operand_count(); ++i) {
    const Type& wanted = body.type(body.inputs()[i]);
    if (wanted.dtype != in[i].dtype || wanted.shape != in[i].shape)
      in.reject(fmt::format("the body takes {} as %{}", to_string(wanted), body.info(body.inputs()[i]).name));
  }
  std::vector<Type> results;
  for (const GraphResult& result : body.results()) results.push_back(body.type(result.value));
  return results;
}

int64_t one_unit(const Evaluation&) { return 1; }

void evaluate_fusion(const Evaluation& e, int64_t, int64_t) {
  Bindings bindings;
  for (const TensorView& view : e.operands) {
    Tensor tensor(view.dtype, {view.shape.begin(), view.shape.end()});
    std::memcpy(tensor.data(), view.data, tensor.bytes());
    bindings.inputs.push_back(std::move(tensor));
  }
  const auto results = interpret(e.attributes.body(), bindings);
  for (size_t i = 0; i < results.size(); ++i)
    std::memcpy(e.results[i].data, results[i].data(), results[i].bytes());
}

double fusion_flops(const Attributes& attributes, std::span<const std::optional<Type>>,
                    std::span<const Type>) {
  double total = 0;
  const Graph& body = attributes.body();
  for (const Node& node : body.nodes()) total += cost(body, node).flops;
  return total;
}

}  // namespace sinter::ops
