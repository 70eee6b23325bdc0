#include "ir/amounts.h"

#include <fmt/format.h>

#include <array>
#include <string_view>

namespace sinter {
namespace {

constexpr std::array<std::string_view, 6> decimal_prefixes = {"", " k", " M", " G", " T", " P"};
constexpr std::array<std::string_view, 6> binary_units = {" B", " KiB", " MiB", " GiB", " TiB", " PiB"};

std::string scaled(double amount, double step, const std::array<std::string_view, 6>& units) {
  size_t unit = 0;
  for (; amount >= step - 0.05 && unit + 1 < units.size(); ++unit) amount /= step;
  return fmt::format("{:.{}f}{}", amount, unit == 0 ? 0 : 1, units[unit]);
}

}  // namespace

std::string with_thousands(int64_t count) {
  std::string text = std::to_string(count);
  for (size_t at = text.size(); at > 3; at -= 3)
    text.insert(text.begin() + static_cast<ptrdiff_t>(at - 3), ',');
  return text;
}

std::string with_prefix(double amount) { return scaled(amount, 1000, decimal_prefixes); }

double rounded(double amount) { return std::stod(fmt::format("{:.6g}", amount)); }

std::string byte_size(int64_t bytes) { return scaled(static_cast<double>(bytes), 1024, binary_units); }

}  // namespace sinter
