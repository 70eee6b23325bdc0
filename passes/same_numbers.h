#pragma once

#include <optional>
#include <string>

#include "ir/interpreter.h"
#include "passes/pass.h"

namespace sinter {

/// Values for every input, parameter and state of a graph without symbols: the same name has the same values,
/// whatever else the graph holds. Floating values lie in -1..1, integers are 0 or 1 (valid class indices),
/// floating scalar inputs (a learning rate) in 0.01..0.1.
Bindings random_bindings(const Graph& graph, uint64_t seed);

/// Runs both graphs on the same values and says where they differ: by more than 1e-5 relative in f32 and
/// 1e-10 in f64; NaN equals NaN. Results are matched by place where the meaning is kept, else by name.
/// Symbols are bound to the sizes that `after` has in their place, else to 2.
std::optional<std::string> numeric_difference(const Graph& before, const Graph& after, Meaning meaning,
                                              uint64_t seed = 1);

}  // namespace sinter
