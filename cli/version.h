#pragma once

#include <string>

namespace sinter::cli {

/// Version, backends with their descriptions, and the instruction set of this machine.
std::string version_text();

}  // namespace sinter::cli
