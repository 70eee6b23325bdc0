#include "runtime/lr_schedule.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <numbers>
#include <optional>
#include <span>

#include "ir/error.h"

namespace sinter {
namespace {

// PyTorch's defaults: the share of the updates that rise, the first rate and the last.
constexpr double rising_share = 0.3, first_divisor = 25, last_divisor = 1e4;
constexpr double most_epochs = 1e6;

std::optional<double> number(std::string_view text) {
  double value = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || stop != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

// Nothing where one of them is no number.
std::optional<std::vector<double>> numbers(std::string_view text) {
  std::vector<double> values;
  for (size_t at = 0; at <= text.size();) {
    const size_t end = std::min(text.find(',', at), text.size());
    const auto value = number(text.substr(at, end - at));
    if (!value) return std::nullopt;
    values.push_back(*value);
    at = end + 1;
  }
  return values;
}

[[noreturn]] void refuse(std::string_view text, std::string_view expected) {
  fail_input("learning rate schedule \"{}\": expected {}", text, expected);
}

// EPOCH,...,GAMMA: whole epochs that grow, and a factor.
LrSchedule stepped(LrSchedule::Kind kind, std::string_view text, const std::vector<double>& values,
                   std::string_view expected) {
  LrSchedule schedule{.kind = kind, .gamma = values.empty() ? 0 : values.back()};
  const bool one = kind == LrSchedule::Kind::step;
  if (values.size() < 2 || (one && values.size() != 2) || schedule.gamma <= 0) refuse(text, expected);
  for (const double epoch : std::span(values).first(values.size() - 1)) {
    const bool grows = schedule.epochs.empty() || epoch > static_cast<double>(schedule.epochs.back());
    if (epoch < 1 || epoch > most_epochs || epoch != std::floor(epoch) || !grows) refuse(text, expected);
    schedule.epochs.push_back(static_cast<int64_t>(epoch));
  }
  return schedule;
}

// From `from` to `to` along half a period of the cosine; `share` is 0..1.
double along_cosine(double from, double to, double share) {
  return to + (from - to) / 2 * (1 + std::cos(std::numbers::pi * share));
}

double one_cycle(double highest, double update, double updates) {
  const double first = highest / first_divisor, last = first / last_divisor;
  const double top = rising_share * updates - 1, end = updates - 1;
  if (update <= top) return along_cosine(first, highest, top > 0 ? update / top : 1);
  return along_cosine(highest, last, end > top ? std::min(1.0, (update - top) / (end - top)) : 1);
}

double scheduled(const LrSchedule& schedule, double base, int64_t update, const TrainingLength& length) {
  const int64_t epoch = update / std::max<int64_t>(1, length.updates_per_epoch);
  const auto at = static_cast<double>(update),
             all = static_cast<double>(std::max<int64_t>(1, length.epochs * length.updates_per_epoch));
  switch (schedule.kind) {
    case LrSchedule::Kind::constant:
      return base;
    case LrSchedule::Kind::step:
      return base * std::pow(schedule.gamma, epoch / schedule.epochs[0]);
    case LrSchedule::Kind::multistep:
      return base * std::pow(schedule.gamma,
                             std::ranges::upper_bound(schedule.epochs, epoch) - schedule.epochs.begin());
    case LrSchedule::Kind::cosine:
      return along_cosine(base, schedule.bound, std::min(1.0, at / all));
    case LrSchedule::Kind::one_cycle:
      return one_cycle(schedule.bound > 0 ? schedule.bound : base, at, all);
  }
  return base;
}

double warmup_updates(const LrSchedule& schedule, const TrainingLength& length) {
  return schedule.warmup * (schedule.warmup_in_epochs ? static_cast<double>(length.updates_per_epoch) : 1.0);
}

}  // namespace

LrSchedule parse_lr_schedule(std::string_view text, double base) {
  using Kind = LrSchedule::Kind;
  const size_t colon = text.find(':');
  const std::string_view name = text.substr(0, colon);
  const bool told = colon != std::string_view::npos;
  const auto values = told ? numbers(text.substr(colon + 1)) : std::vector<double>();
  if (name == "step")
    return stepped(Kind::step, text, values.value_or(std::vector<double>()),
                   "step:EPOCHS,GAMMA with a whole number of epochs and a factor above 0, as in step:30,0.1");
  if (name == "multistep")
    return stepped(Kind::multistep, text, values.value_or(std::vector<double>()),
                   "multistep:EPOCH,...,GAMMA with whole epochs that grow and a factor above 0, as in "
                   "multistep:30,60,0.1");
  if (name == "constant" && !told) return {};
  if (name == "cosine") {
    if (told && (!values || values->size() != 1 || values->front() < 0 || values->front() > base))
      refuse(text, fmt::format("cosine or cosine:MIN with a last rate from 0 to the base, {}", base));
    return {.kind = Kind::cosine, .bound = told ? values->front() : 0};
  }
  if (name == "one-cycle") {
    if (told && (!values || values->size() != 1 || values->front() <= 0))
      refuse(text, "one-cycle or one-cycle:MAX with a highest rate above 0");
    return {.kind = Kind::one_cycle, .bound = told ? values->front() : 0};
  }
  refuse(text, "constant, step:EPOCHS,GAMMA, multistep:EPOCH,...,GAMMA, cosine[:MIN] or one-cycle[:MAX]");
}

void parse_warmup(std::string_view text, LrSchedule& schedule) {
  schedule.warmup_in_epochs = text.ends_with('e');
  const auto value = number(schedule.warmup_in_epochs ? text.substr(0, text.size() - 1) : text);
  const bool whole = value && (schedule.warmup_in_epochs || *value == std::floor(*value));
  if (!whole || *value < 0 || *value > 1e12)
    fail_input("warm-up \"{}\": expected a number of updates such as 500, or of epochs such as 2e", text);
  schedule.warmup = *value;
}

std::string schedule_text(const LrSchedule& schedule) {
  switch (schedule.kind) {
    case LrSchedule::Kind::constant:
      return "constant";
    case LrSchedule::Kind::step:
      return fmt::format("step:{},{}", schedule.epochs[0], schedule.gamma);
    case LrSchedule::Kind::multistep:
      return fmt::format("multistep:{},{}", fmt::join(schedule.epochs, ","), schedule.gamma);
    case LrSchedule::Kind::cosine:
      return schedule.bound == 0 ? "cosine" : fmt::format("cosine:{}", schedule.bound);
    case LrSchedule::Kind::one_cycle:
      return schedule.bound == 0 ? "one-cycle" : fmt::format("one-cycle:{}", schedule.bound);
  }
  return "";
}

std::string warmup_text(const LrSchedule& schedule) {
  return fmt::format("{}{}", schedule.warmup, schedule.warmup_in_epochs ? "e" : "");
}

double learning_rate(const LrSchedule& schedule, double base, int64_t update, const TrainingLength& length) {
  const double rise = static_cast<double>(update + 1) / std::max(warmup_updates(schedule, length), 1.0);
  return scheduled(schedule, base, update, length) * std::min(1.0, rise);
}

std::string warmup_remark(const LrSchedule& schedule, const TrainingLength& length) {
  const double updates = warmup_updates(schedule, length);
  const int64_t all = length.epochs * length.updates_per_epoch;
  if (length.epochs < 1 || updates <= static_cast<double>(all)) return "";
  return fmt::format(
      "the warm-up takes {} updates and the training has {}, {} an epoch: the learning rate does not get to "
      "that of the schedule; expected a warm-up of at most {}",
      updates, all, length.updates_per_epoch, all);
}

}  // namespace sinter
