#pragma once

#include <functional>

#include "ir/interpreter.h"
#include "tests/random/random_ops.h"

namespace sinter {

struct RandomGraphOptions {
  int nodes = 12;
  DType floating = DType::f32;
  bool integers = true;
  /// The ops to draw from; all by default.
  std::function<bool(const OpDef&)> allow = [](const OpDef&) { return true; };
};

/// A valid graph with values for its inputs and parameters, such that every value in it is finite and of
/// moderate size.
struct RandomGraph {
  Graph graph;
  Bindings bindings;
};

/// Grows a graph node by node. Operands are values that are there already where one fits, else new inputs,
/// parameters (weights and biases) or constants. One to three results.
RandomGraph random_graph(RandomEngine& random, const RandomGraphOptions& options = {});

}  // namespace sinter
