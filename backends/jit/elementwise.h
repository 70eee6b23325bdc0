#pragma once

#include <functional>
#include <optional>
#include <string>

#include "backends/jit/kernel_builder.h"
#include "ir/graph.h"

namespace sinter::jit {

/// Why an elementwise node cannot become expressions; nothing: it can.
std::optional<std::string> refuses_elementwise(const Graph& graph, const Node& node);

/// The results of an elementwise node, element by element. `operands`: absent where left out.
std::vector<Expr> elementwise(const Node& node, std::span<const std::optional<Expr>> operands);

/// The expressions of values of a graph whose nodes are elementwise: `leaf` gives those of values that no
/// node makes, and may give those of others. Each value is asked for and computed once.
class Expressions {
 public:
  using Leaf = std::function<std::optional<Expr>(ValueId)>;
  Expressions(KernelBuilder& builder, const Graph& graph, bool vector, Leaf leaf)
      : builder_(builder),
        graph_(graph),
        vector_(vector),
        leaf_(std::move(leaf)),
        known_(graph.values().size()) {}

  Expr operator()(ValueId id);

 private:
  std::optional<Expr> constant(ValueId id);

  KernelBuilder& builder_;
  const Graph& graph_;
  bool vector_;
  Leaf leaf_;
  std::vector<std::optional<Expr>> known_;
};

}  // namespace sinter::jit
