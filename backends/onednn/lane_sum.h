#pragma once

#include <memory>

#include "backends/backend.h"

namespace sinter::onednn {

/// Results of the same f32 elements, one after the other in a buffer, to be added up into another.
struct Lanes {
  size_t result, lanes;  ///< buffers
  int64_t offset, step;  ///< bytes to the first lane, and from one to the next
  int64_t lane_count;
  int64_t elements;  ///< of a lane
};

/// Adds up lanes in their order, whatever the threads. Needs: at least one lane.
std::unique_ptr<Kernel> make_lane_sum(const Lanes&);

}  // namespace sinter::onednn
