#include "cli/training_options.h"

#include "cli/number_list.h"

namespace sinter::cli {

void NormalizeOption::add(CLI::App& command) {
  command.add_option("--normalize", text, "MEAN,STD of pixels in 0..1 (`sinter data` prints them)");
}

Normalization NormalizeOption::normalization(int64_t channels) const {
  if (text.empty()) return {};
  const auto values = number_list<float>(text);
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
      .add_option(
          "--loss-reduction", options.loss_reduction,
          "what is trained is the mean or the sum over the batch; losses that are shown are means over "
          "examples all the same")
      ->check(CLI::IsMember({"mean", "sum"}))
      ->capture_default_str();
  command
      .add_option("--label-smoothing", options.label_smoothing,
                  "of cross_entropy: the share of a label that all classes get")
      ->check(number_in(0, 1))
      ->capture_default_str();
}

void add_test_limit_option(CLI::App& command, int64_t& limit) {
  command.add_option("--test-limit", limit, "use only the first N test examples")->check(number_in(1, 1e12));
}

void add_recompute_option(CLI::App& command, PassOptions& options) {
  static const std::map<std::string, Recompute> choices = {
      {"auto", Recompute::automatic}, {"never", Recompute::never}, {"always", Recompute::always}};
  command
      .add_option_function<std::string>(
          "--recompute", [&](const std::string& choice) { options.recompute = choices.at(choice); },
          "whether values are made again for the backward pass instead of kept: auto (as long as it costs at "
          "most 2 % of the time), never, always (for the least memory)")
      ->check(CLI::IsMember({"auto", "never", "always"}))
      ->default_str("auto");
}

}  // namespace sinter::cli
