#pragma once

#include "passes/pass.h"

namespace sinter {

/// Takes the gradient of an activation before that of the max pool behind it: at the size of the pool's
/// result.
///   before   %p, %i = max_pool2d_argmax(%s)
///            %d = max_pool2d_backward(%dy, %i)
///            %c = compare(%s, %zero) {predicate = le}
///            %g = select(%c, %zero, %d)
///   after    %c = compare(%p, %zero) {predicate = le}
///            %d = select(%c, %zero, %dy)
///            %g = max_pool2d_backward(%d, %i)
/// Only the largest of a window has a gradient, and it is what the pool returned; so nothing reads %s any
/// more, and what is computed and stored shrinks by the size of the windows.
/// Needs:   the pool read %s and made %i; %g is proportional to %d: products with what %s and scalars give,
/// and
///          choices by it. So it is with relu, leaky_relu, sigmoid, tanh, elu and clip; the gradients of silu
///          and gelu look at what lies before them.
/// Bits stay, but for the sign of zeros, and where windows overlap: there each window's gradient is
/// multiplied, and then their sum is taken. Order:   after simplify_algebra, which leaves one spelling;
/// before fuse_epilogues, which looks at readers. Returns: true if the graph changed.
bool shrink_activation_gradients(Graph& graph, const PassOptions& options);

}  // namespace sinter
