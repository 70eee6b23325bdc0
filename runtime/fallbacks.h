#pragma once

#include <string>
#include <vector>

#include "backends/backend.h"

namespace sinter {

/// A node that the backend asked for cannot run, so that another one does.
struct Fallback {
  std::string ops;     ///< "conv2d", "conv2d + relu"
  std::string source;  ///< of the node, such as "features.0"
  std::string reason;
  double flops_share = 0;  ///< of the whole graph's FLOPs, 0..1
};

/// Every node that `backend` declines, those of loops over slabs among them. Needs: concrete types.
std::vector<Fallback> find_fallbacks(const Graph& graph, const Backend& backend);

}  // namespace sinter
