#include "cli/course_options.h"

#include <cmath>

#include "cli/global_options.h"
#include "cli/number_list.h"
#include "cli/optimizer_options.h"

namespace sinter::cli {

void CourseOptions::add(CLI::App& command) {
  command
      .add_option("--lr", lr,
                  "learning rate; where it is not given, 0.1 for sgd, 0.01 for rmsprop, 0.001 for adam and "
                  "adamw")
      ->check(number_in(0, 1e30));  // in f32
  command
      .add_option("--lr-schedule", schedule,
                  "constant; step:EPOCHS,GAMMA or multistep:EPOCH,...,GAMMA, by epochs; cosine[:MIN] or "
                  "one-cycle[:MAX], by updates")
      ->capture_default_str();
  command
      .add_option("--warmup", warmup,
                  "the learning rate rises from near 0 over so many updates, or epochs as in 2e")
      ->capture_default_str();
  command.add_option("--accumulate", accumulate, "batches whose gradients are summed for one update")
      ->check(number_in(1, 1 << 20))
      ->capture_default_str();
  command.add_option("--early-stop", early_stop,
                     "PATIENCE[,MIN_DELTA]: end after so many epochs in a row whose test was not better than "
                     "the best before, by more than MIN_DELTA");
  command.add_option("--early-stop-on", early_stop_on, "what of the test must get better: loss or accuracy")
      ->check(CLI::IsMember({"loss", "accuracy"}))
      ->capture_default_str();
}

void CourseOptions::apply(TrainOptions& options, int64_t epochs) const {
  options.lr = lr.value_or(default_rate(options.pass_options.optimizer));
  options.schedule = parse_lr_schedule(schedule, options.lr);
  parse_warmup(warmup, options.schedule);
  options.epochs = epochs;
  options.accumulate = accumulate;
}

std::optional<EarlyStop> CourseOptions::stop() const {
  if (early_stop.empty()) return std::nullopt;
  const auto values = number_list<double>(early_stop);
  const bool fits = !values.empty() && values.size() <= 2 && values[0] >= 1 && values[0] <= 1e6 &&
                    values[0] == std::floor(values[0]) && values.back() >= 0;
  if (!fits)
    fail_input("--early-stop {}: expected PATIENCE, a whole number of epochs, or PATIENCE,MIN_DELTA",
               early_stop);
  return EarlyStop(early_stop_on == "loss" ? EarlyStop::Watch::loss : EarlyStop::Watch::accuracy,
                   static_cast<int64_t>(values[0]), values.size() == 2 ? values[1] : 0);
}

}  // namespace sinter::cli
