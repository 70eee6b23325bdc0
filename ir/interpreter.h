#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "ir/graph.h"

namespace sinter {

/// Values for a graph's inputs, parameters and states, each in the graph's order.
struct Bindings {
  std::vector<Tensor> inputs;
  std::vector<Tensor> parameters;
  std::vector<Tensor> states;
};

/// Called after each node with its results.
using NodeObserver = std::function<void(const Graph&, NodeId, std::span<const Tensor> results)>;

/// Runs a graph node by node with the op table's evaluate functions; the definition of what a graph means.
/// Returns the results in order; nothing is stored into parameters. All symbols must be bound.
/// Throws InputError when a binding is missing or of the wrong type.
std::vector<Tensor> interpret(const Graph& graph, const Bindings& bindings,
                              const NodeObserver& observer = {});

/// Evaluates one op on tensors.
std::vector<Tensor> evaluate(OpKind op, const Attributes& attributes,
                             std::span<const std::optional<Tensor>> operands);

}  // namespace sinter
