#pragma once

#include "frontends/sinter/layers.h"

namespace sinter::language {

/// Builders of the layer table's normalisations.
Value build_batch_norm(const LayerArguments&);
Value build_layer_norm(const LayerArguments&);
Value build_group_norm(const LayerArguments&);
Value build_instance_norm(const LayerArguments&);
Value build_local_response_norm(const LayerArguments&);

}  // namespace sinter::language
