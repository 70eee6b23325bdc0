#pragma once

#include <string>

#include "runtime/explain_step.h"

namespace sinter::cli {

/// What was taken apart.
struct StepTitle {
  std::string model, mode;
};

/// A step for people: its kernels as a table, their total, and below it what the passes left alone.
std::string explain_table(const StepTitle& title, const StepReport& report);

/// What stands where a share would be above 100 %.
inline constexpr const char* above_limit = "above the limit: measurement error";

}  // namespace sinter::cli
