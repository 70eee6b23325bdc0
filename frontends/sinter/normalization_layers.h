#pragma once

#include "frontends/sinter/layers.h"

namespace sinter::language {

/// Builders of the layer table's normalisations.
Value build_batch_norm(const LayerArguments&);

}  // namespace sinter::language
