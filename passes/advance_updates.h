#pragma once

#include "passes/pass.h"

namespace sinter {

/// Moves each update to right behind the gradient that it reads, so that gradients need not wait in memory
/// for one another, and are in cache still.
///   before   %1 = conv2d_backward_weights(%x, %dy)
///            %2 = conv2d_backward_data(%dy, %w)
///            ...        the layers before
///            %9 = sgd_update(%w, %1, %lr)
///   after    %1 = conv2d_backward_weights(%x, %dy)
///            %2 = conv2d_backward_data(%dy, %w)
///            %9 = sgd_update(%w, %1, %lr)
///            ...
/// Needs:   a node that moves gives nothing but what is stored in parameters and states, and nobody else
/// reads
///          that; or a single element made of single elements, such as whether the loss is finite. It stays
///          behind all that reads what it replaces: else that would be computed in other memory and copied.
/// Order:   when fusions and loops are final; before recompute, which goes by what is in memory when.
/// Returns: true if the graph changed.
bool advance_updates(Graph& graph, const PassOptions& options);

}  // namespace sinter
