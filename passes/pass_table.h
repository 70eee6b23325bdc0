#pragma once

#include <optional>
#include <span>

#include "passes/pass.h"

namespace sinter {

/// Every pass by name; `sinter opt --passes=NAME` and the pipelines look here.
std::span<const Pass> pass_table();
/// Throws InputError that lists the names.
const Pass& find_pass(std::string_view name);

}  // namespace sinter
