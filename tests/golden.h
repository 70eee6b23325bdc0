#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace sinter {

/// One case of a golden file:
///   ==== name
///   the input
///   ---- set name=value     (any number)
///   ---- expect
///   what comes out
struct GoldenCase {
  std::string name;
  std::string input;
  std::vector<std::pair<std::string, std::string>> settings;
  std::string expected;
};

/// Runs each case of tests/<file> and compares. Where one differs, the file as it would be with the
/// results of this run is written to the test's temporary folder, to be reviewed and copied over.
void check_golden(const std::string& file, const std::function<std::string(const GoldenCase&)>& run);

}  // namespace sinter
