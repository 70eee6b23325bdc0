#pragma once

#include "backends/onednn/recipe.h"

namespace sinter::onednn {

/// The ways to run a fusion's body as one primitive: convolution or linear with an epilogue, the gradient of
/// an activation, the gradients of a convolution's weight and bias. `ports`: the fusion's operands, then its
/// results. None: the body is another one.
Recipes fusion_recipes(const Graph& body, std::span<const Port> ports, std::span<const Layout> offered);

}  // namespace sinter::onednn
