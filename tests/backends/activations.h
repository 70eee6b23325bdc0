#pragma once

#include <functional>
#include <vector>

#include "ir/build.h"

namespace sinter {

/// A function of each element of one value, as it may stand behind a product.
struct Activation {
  const char* name;
  std::function<Value(Value)> apply;
  bool loses_nan_in_onednn = false;  ///< behind a product: backends/onednn/README.md
};

/// Every op of that kind but for those with a domain of their own, and every form that its attributes give
/// it.
const std::vector<Activation>& activations_behind_products();

}  // namespace sinter
