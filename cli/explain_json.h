#pragma once

#include <string>

#include "cli/explain_table.h"

namespace sinter::cli {

/// A step for programs, one JSON object a line: for each kernel one of kind "kernel", for each slab_loop one
/// of kind "slab_loop", then one of kind "total", and one of kind "remark" for each that belongs to no
/// kernel. Times are milliseconds. `roofline_share` is null where nothing must be done, and where it would be
/// above 1: `error` says so then.
std::string explain_json(const StepTitle& title, const StepReport& report);

}  // namespace sinter::cli
