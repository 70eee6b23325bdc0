#pragma once

#include <span>
#include <string_view>

namespace sinter {

/// One line of a pipeline.
struct Step {
  std::string_view pass;
  std::string_view reason;  ///< why it stands here
};

std::span<const Step> inference_pipeline();
std::span<const Step> training_pipeline();

}  // namespace sinter
