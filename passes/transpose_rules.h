#pragma once

#include "passes/rewrite.h"

namespace sinter {

/// Of two transposes, one behind the other, one.
Rule join_transposes();
/// A transpose that leaves every dimension where it is goes.
Rule unmoved_transpose();

}  // namespace sinter
