#pragma once

#include <set>
#include <string>

#include "backends/backend.h"

namespace sinter::cli {

struct CodeListing {
  std::string text;
  bool any_code = false;           ///< else no node has any to show
  std::set<std::string> backends;  ///< that run the nodes
};

/// The code of every node of a graph and of the bodies of its loops over slabs, each under a line that says
/// what node it is and which backend runs it.
CodeListing code_listing(const Graph& graph, const Backend& backend, CodeForm form);

}  // namespace sinter::cli
