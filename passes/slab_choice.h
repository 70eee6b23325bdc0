#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace sinter {

/// How a level's nodes are to share a loop.
struct SlabChoice {
  std::optional<int64_t> samples = {};  ///< of a slab; none: there is no loop
  std::string why_not = {};             ///< what speaks against a loop; empty: there is nothing to gain
};

}  // namespace sinter
