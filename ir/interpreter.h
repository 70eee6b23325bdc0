#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "ir/graph.h"
#include "ir/node_observer.h"

namespace sinter {

/// Values for a graph's inputs, parameters and states, each in the graph's order.
struct Bindings {
  std::vector<Tensor> inputs;
  std::vector<Tensor> parameters;
  std::vector<Tensor> states;
};

/// Runs a graph node by node with the op table's evaluate functions; the definition of what a graph means.
/// Returns the results in order; nothing is stored into parameters. All symbols must be bound. The observer
/// sees each node, those of loops' bodies too, slab by slab.
/// Throws InputError when a binding is missing or of the wrong type.
std::vector<Tensor> interpret(const Graph& graph, const Bindings& bindings,
                              const NodeObserver& observer = {});

/// Evaluates one op on tensors.
std::vector<Tensor> evaluate(OpKind op, const Attributes& attributes,
                             std::span<const std::optional<Tensor>> operands,
                             const NodeObserver* observer = nullptr);

}  // namespace sinter
