#include "cli/optimizer_options.h"

#include <algorithm>

#include "cli/global_options.h"
#include "ir/error.h"

namespace sinter::cli {
namespace {

/// An option that not every optimizer has.
struct OwnOption {
  const char* name;
  std::vector<std::string_view> optimizers;
};

// What is given to an optimizer that has no such thing would change nothing, unnoticed.
void refuse_those_of_others(const CLI::App& command, std::string_view optimizer) {
  static const OwnOption options[] = {
      {"--momentum", {"sgd", "rmsprop"}}, {"--nesterov", {"sgd"}},  {"--beta1", {"adam", "adamw"}},
      {"--beta2", {"adam", "adamw"}},     {"--alpha", {"rmsprop"}}, {"--eps", {"adam", "adamw", "rmsprop"}},
      {"--centered", {"rmsprop"}}};
  for (const auto& [name, optimizers] : options)
    if (command.count(name) > 0 && std::ranges::count(optimizers, optimizer) == 0)
      fail_input("{} is an option of {}; the optimizer is {}", name, fmt::join(optimizers, ", "), optimizer);
}

}  // namespace

void add_optimizer_options(CLI::App& command, PassOptions& options) {
  AdaptiveOptions& adaptive = options.adaptive;
  command.add_option("--optimizer", options.optimizer, "sgd, adam, adamw or rmsprop")
      ->check(CLI::IsMember({"sgd", "adam", "adamw", "rmsprop"}))
      ->capture_default_str();
  command.add_option("--momentum", options.momentum, "of sgd and rmsprop")
      ->check(number_in(0, 1))
      ->capture_default_str();
  command.add_flag("--nesterov", options.nesterov, "Nesterov's momentum, of sgd");
  command
      .add_option("--weight-decay", options.weight_decay,
                  "as the gradient of an L2 penalty, in adamw apart from it; where it is not given, 0.01 for "
                  "adamw and 0 for the others")
      ->check(number_in(0, 1e6));
  // An average that keeps everything never learns.
  const auto add_share = [&](const char* option, double& value, const char* description) {
    command.add_option(option, value, description)->check(number_below(0, 1))->capture_default_str();
  };
  add_share("--beta1", adaptive.beta1, "of adam and adamw: what the average of gradients keeps in a step");
  add_share("--beta2", adaptive.beta2, "of adam and adamw: what the average of their squares keeps");
  add_share("--alpha", adaptive.alpha, "of rmsprop: what the averages keep in a step");
  command.add_option("--eps", adaptive.eps, "of adam, adamw and rmsprop: added to what a step is divided by")
      ->check(number_in(1e-30, 1e6))
      ->capture_default_str();
  command
      .add_option("--clip-value", options.clip.value, "keep each gradient's elements within this, either way")
      ->check(number_above(0));
  command
      .add_option("--clip-norm", options.clip.norm,
                  "shrink all gradients together to this norm where theirs is larger")
      ->check(number_above(0));
  command.add_flag("--centered", adaptive.centered, "of rmsprop: divide by the gradient's deviation");
  command.parse_complete_callback([&] { refuse_those_of_others(command, options.optimizer); });
}

double default_rate(std::string_view optimizer) {
  if (optimizer == "sgd") return 0.1;
  return optimizer == "rmsprop" ? 0.01 : 0.001;
}

}  // namespace sinter::cli
