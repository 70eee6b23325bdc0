#pragma once

#include <functional>

#include "backends/jit/kernel_builder.h"
#include "ir/graph.h"

namespace sinter::jit {

/// Where a body's values of one vector of elements come from and go to.
struct EpiloguePlace {
  std::function<Expr(ValueId)> load;                ///< of the body's inputs
  std::function<void(ValueId, const Expr&)> store;  ///< of the body's results
};

/// The elementwise ops of a body on one vector, or one element, of its product's result. All is read before
/// anything is written: a result may lie in an operand's memory.
void write_epilogue(KernelBuilder& builder, const Graph& body, ValueId made, Expr value,
                    const EpiloguePlace& place);

}  // namespace sinter::jit
