#pragma once

#include <cstdint>
#include <string>

/// Amounts as people read them.
namespace sinter {

/// "1,234,567"
std::string with_thousands(int64_t count);
/// "950", "423.0 k", "1.6 G"
std::string with_prefix(double amount);
/// "950 B", "173.5 KiB", "1.2 GiB"
std::string byte_size(int64_t bytes);

/// To six significant digits: more than any measurement has, and short where it is written for programs.
double rounded(double amount);

}  // namespace sinter
