#pragma once

#include <functional>
#include <string>

namespace sinter {

/// Runs each case of tests/ir/<file> and compares. A case is
///   ==== name
///   input
///   ---- expect
///   what `run` makes of it
/// Where one differs, the whole file with the results of this run is written to the test's temporary folder,
/// to be reviewed and copied over.
void check_golden(const std::string& file, const std::function<std::string(const std::string& input)>& run);

}  // namespace sinter
