#pragma once

#include "frontends/sinter/layers.h"

namespace sinter::language {

/// Builders of the layer table's activations that take arguments.
Value build_leaky_relu(const LayerArguments&);
Value build_elu(const LayerArguments&);
Value build_gelu(const LayerArguments&);
Value build_softplus(const LayerArguments&);
Value build_clip(const LayerArguments&);
Value build_relu6(const LayerArguments&);
Value build_prelu(const LayerArguments&);

}  // namespace sinter::language
