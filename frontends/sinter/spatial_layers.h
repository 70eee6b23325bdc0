#pragma once

#include "frontends/sinter/layers.h"

namespace sinter::language {

/// Builders of the layer table's pools over as many windows as are asked for, padding and resampling.
Value build_adaptive_avg_pool2d(const LayerArguments&);
Value build_adaptive_max_pool2d(const LayerArguments&);
Value build_pad(const LayerArguments&);
Value build_resize(const LayerArguments&);

}  // namespace sinter::language
