#pragma once

#include <vector>

#include "ir/attributes.h"
#include "ir/op_kind.h"
#include "passes/pass.h"

namespace sinter {

/// An optimizer as its update op is called: op(parameter, gradient, lr, states..., corrections..., apply).
struct Optimizer {
  struct State {
    std::string_view name;  ///< "velocity": the state beside w is called "w.velocity"
    bool kept = true;       ///< else the operand is left out
  };
  OpKind op;
  std::vector<State> states;
  std::vector<double> corrected;  ///< the averages that begin at zero: what each keeps from step to step
  std::vector<Attributes::Named> attributes;
};

/// The optimizer that the options name. Throws InputError for another name, and for a momentum or the like
/// that it does not have.
Optimizer optimizer_of(const PassOptions& options);

}  // namespace sinter
