#include "passes/shrink_activation_gradients.h"

#include "passes/rewrite.h"

namespace sinter {
namespace {

// The result of the pool that read `x` and made `argmax`; nothing: another made it.
OptionalValue pooled_of(Graph& graph, Value x, Value argmax, const Attributes& gradient) {
  const ValueInfo& info = graph.info(argmax.id());
  if (info.kind != ValueKind::result) return std::nullopt;
  const Node& pool = graph.node(info.node);
  if (pool.op != OpKind::max_pool2d_argmax || pool.operands[0] != x.id()) return std::nullopt;
  for (const char* name : {"kernel_size", "stride", "padding"})
    if (pool.attributes.ints(name) != gradient.ints(name)) return std::nullopt;
  return graph.value(pool.results[0]);
}

Rule relu_behind_max_pool() {
  const auto x = any(), dy = any(), argmax = any(), zero = scalar_constant(), limit = scalar_constant();
  const auto unpooled = pattern(OpKind::max_pool2d_backward, {dy, argmax});
  const auto condition = pattern(OpKind::compare, {x, limit});
  return {pattern(OpKind::select, {condition, zero, unpooled}), [=](const Match& m) -> OptionalValue {
            Graph& graph = m.graph();
            const Attributes gradient = m.node(unpooled).attributes;  // a copy: nodes are appended below
            if (m.scalar(zero) != 0 || m.scalar(limit) != 0 || m[unpooled].type() != m.root().type() ||
                m.node(condition).attributes.word("predicate") != "le")
              return std::nullopt;
            const OptionalValue pooled = pooled_of(graph, m[x], m[argmax], gradient);
            if (!pooled) return std::nullopt;
            const Value d = select(compare(*pooled, m[limit], "le"), m[zero], m[dy]);
            return graph.append(OpKind::max_pool2d_backward, {{d, m[argmax]}}, gradient)[0];
          }};
}

}  // namespace

bool shrink_activation_gradients(Graph& graph, const PassOptions&) {
  const Rule rules[] = {relu_behind_max_pool()};
  return rewrite(graph, rules);
}

}  // namespace sinter
