#include "cli/training_options.h"

#include <charconv>
#include <cmath>

namespace sinter::cli {
namespace {

std::vector<float> numbers(const std::string& text) {
  std::vector<float> values;
  for (size_t at = 0; at <= text.size();) {
    const size_t end = std::min(text.find(',', at), text.size());
    float value = 0;
    const auto [stop, error] = std::from_chars(text.data() + at, text.data() + end, value);
    if (error != std::errc{} || stop != text.data() + end || !std::isfinite(value)) return {};
    values.push_back(value);
    at = end + 1;
  }
  return values;
}

}  // namespace

void NormalizeOption::add(CLI::App& command) {
  command.add_option("--normalize", text, "MEAN,STD of pixels in 0..1 (`sinter data` prints them)");
}

Normalization NormalizeOption::normalization(int64_t channels) const {
  if (text.empty()) return {};
  const auto values = numbers(text);
  const size_t pairs = values.size() / 2;
  const bool fits =
      !values.empty() && values.size() % 2 == 0 && (pairs == 1 || pairs == static_cast<size_t>(channels));
  Normalization result{{values.begin(), values.begin() + pairs}, {values.begin() + pairs, values.end()}};
  if (!fits || std::ranges::any_of(result.std, [](float s) { return s <= 0; }))
    fail_input("--normalize {}: expected MEAN,STD{} with deviations above 0", text,
               channels == 1 ? "" : fmt::format(", or {} means and {} deviations,", channels, channels));
  return result;
}

void add_loss_options(CLI::App& command, PassOptions& options) {
  command.add_option("--loss", options.loss, "cross_entropy or mse")
      ->check(CLI::IsMember({"cross_entropy", "mse"}))
      ->capture_default_str();
  command
      .add_option("--loss-reduction", options.loss_reduction,
                  "the step's loss is the mean or the sum over the batch")
      ->check(CLI::IsMember({"mean", "sum"}))
      ->capture_default_str();
}

}  // namespace sinter::cli
