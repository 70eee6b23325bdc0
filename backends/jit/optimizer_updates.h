#pragma once

#include <optional>
#include <span>
#include <vector>

#include "backends/jit/kernel_builder.h"
#include "ir/attributes.h"

namespace sinter::jit {

/// The results of an optimizer's update, element by element: those of its row in the op table. With `apply`
/// false nothing changes, whatever the gradient holds. Operands are absent where left out.
std::vector<Expr> sgd_update(const Attributes& attributes, std::span<const std::optional<Expr>> x);
std::vector<Expr> adam_update(const Attributes& attributes, std::span<const std::optional<Expr>> x);
std::vector<Expr> rmsprop_update(const Attributes& attributes, std::span<const std::optional<Expr>> x);

}  // namespace sinter::jit
