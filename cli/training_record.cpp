#include "cli/training_record.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "cli/confusion_file.h"
#include "cli/confusion_picture.h"
#include "cli/standard_output.h"
#include "ir/amounts.h"
#include "runtime/files/atomic_file.h"
#include "runtime/load_weights.h"
#include "runtime/non_finite.h"

namespace sinter::cli {
namespace {

constexpr int64_t points_an_epoch = 5;       // of the training's curves, as in the book
constexpr int64_t classes_in_metrics = 100;  // above, a line would be tens of kilobytes of zeros

// Of a resumed training's epochs those that were finished, of its steps those that the checkpoint has.
LineFile::Keep kept_lines(const std::optional<Checkpoint>& resumed, bool steps) {
  if (!resumed) return {};
  return [steps, position = resumed->position](std::string_view line) {
    auto json = nlohmann::json::parse(line, nullptr, false);
    if (!json.is_object() || !json["epoch"].is_number_integer()) return false;
    if (json["epoch"] < position.epoch) return true;
    return steps && json["epoch"] == position.epoch && json["step"] <= position.step;
  };
}

// The curves and their names in a checkpoint.
constexpr std::pair<std::string_view, std::vector<TrainingCurves::Value> TrainingCurves::*> named_curves[] = {
    {"train_loss", &TrainingCurves::train_loss},
    {"train_accuracy", &TrainingCurves::train_accuracy},
    {"test_accuracy", &TrainingCurves::test_accuracy}};

// A text that another program wrote gives no curves: they are for the eye only.
TrainingCurves curves_of(const std::string& text) {
  TrainingCurves curves;
  const auto json = nlohmann::json::parse(text, nullptr, false);
  try {
    for (const auto& [name, member] : named_curves)
      for (const auto& point : json.at(name))
        (curves.*member)
            .push_back({point.at(0), point.at(1).is_null() ? std::nan("") : point.at(1).get<double>()});
  } catch (const nlohmann::json::exception&) {
    return {};
  }
  return curves;
}

void add_point(TrainingCurves& curves, const Progress& progress) {
  const double at = static_cast<double>(progress.epoch - 1) +
                    static_cast<double>(progress.images) / static_cast<double>(progress.images_total);
  curves.train_loss.push_back({at, progress.score.loss});
  curves.train_accuracy.push_back({at, progress.score.accuracy});
}

}  // namespace

void RecordFiles::check() const {
  if (!plot.empty()) check_picture_name(plot);
  if (!confusion.empty()) check_confusion_file(confusion);
  for (const std::string& file : {save, plot})
    if (!file.empty()) AtomicFile probe(file);
  for (const std::string& file : {metrics, step_metrics}) check_line_file(file);
}

TrainingRecord::TrainingRecord(RecordFiles files, RecordSubject subject,
                               const std::optional<Checkpoint>& resumed)
    : files_(std::move(files)),
      subject_(std::move(subject)),
      metrics_(files_.metrics, kept_lines(resumed, false)),
      step_metrics_(files_.step_metrics, kept_lines(resumed, true)),
      plot_(files_.plot, files_.plot_interval) {
  if (resumed) curves_ = curves_of(resumed->record);
  curves_.epochs = static_cast<double>(subject_.epochs);
  plot_.draw(curves_);
}

void TrainingRecord::warn_of_lost_lines(const TrainingPosition& resumed) const {
  const auto warn = [](const LineFile& lines, const std::string& file, const std::string& first) {
    if (lines && !lines.goes_on())
      fmt::print(stderr, "warning: {}: the lines of before are not there; it begins with {}\n", file, first);
  };
  if (resumed.epoch > 1) warn(metrics_, files_.metrics, fmt::format("epoch {}", resumed.epoch));
  if (resumed.epoch > 1 || resumed.step > 0)
    warn(step_metrics_, files_.step_metrics,
         fmt::format("epoch {}, step {}", resumed.epoch, resumed.step + 1));
}

void TrainingRecord::step(const Progress& progress) {
  trace(progress);
  if (!step_metrics_) return;
  step_metrics_.write(nlohmann::ordered_json{
      {"epoch", progress.epoch},
      {"step", progress.step},
      {"loss", progress.step_loss},
      {"lr", progress.lr}}.dump());
}

// A few points an epoch, of the epoch so far. What is drawn meanwhile ends where the training is.
void TrainingRecord::trace(const Progress& progress) {
  const auto part = [&](int64_t images) { return images * points_an_epoch / progress.images_total; };
  const int64_t batch = progress.images / std::max<int64_t>(1, progress.step);
  const bool stays = part(progress.images) != part(progress.images - batch);
  if (stays) add_point(curves_, progress);
  if (!plot_.due()) return;
  TrainingCurves now = curves_;
  if (!stays) add_point(now, progress);
  plot_.draw_meanwhile(now);
}

void TrainingRecord::epoch(const EpochReport& report) {
  const bool tested = report.test.tested();
  const auto of_test = [&](double value) { return tested ? value : std::nan(""); };  // in JSON: null
  if (tested) curves_.test_accuracy.push_back({static_cast<double>(report.epoch), report.test.accuracy});
  plot_.draw(curves_);
  if (tested && !files_.confusion.empty())
    write_confusion(report.test, subject_.classes, fmt::format("{}, epoch {}", subject_.text, report.epoch),
                    files_.confusion);
  if (!metrics_) return;
  nlohmann::ordered_json line = {{"epoch", report.epoch},
                                 {"train_loss", report.train.loss},
                                 {"train_accuracy", report.train.accuracy},
                                 {"test_loss", of_test(report.test.loss)},
                                 {"test_accuracy", of_test(report.test.accuracy)},
                                 {"test_top5", of_test(report.test.top5)},
                                 {"lr", report.lr},
                                 {"seconds", rounded(report.seconds)},
                                 {"images_per_second", nullptr},
                                 {"data_wait_seconds", rounded(report.data_wait_seconds)}};
  if (report.images > 0) line["images_per_second"] = rounded(report.images_per_second);
  if (tested && report.test.confusion.classes() <= classes_in_metrics)
    line["confusion"] = confusion_rows(report.test.confusion);
  metrics_.write(line.dump());
}

std::string TrainingRecord::curves() const {
  nlohmann::ordered_json json;
  for (const auto& [name, member] : named_curves) {
    json[name] = nlohmann::json::array();
    for (const auto& [epoch, value] : curves_.*member) json[name].push_back({epoch, value});
  }
  return json.dump();
}

void TrainingRecord::save(const Graph& model, const Weights& weights) const {
  if (const auto refusal = refuses_to_save(model, weights)) fail("{}", *refusal);
  write(model, weights);
}

void TrainingRecord::rescue(const Graph& model, const Weights& weights) const {
  if (const auto refusal = refuses_to_save(model, weights)) return fmt::print(stderr, "{}\n", *refusal);
  write(model, weights);
}

// A file of good weights may be in the place of worthless ones.
std::optional<std::string> TrainingRecord::refuses_to_save(const Graph& model, const Weights& weights) const {
  const auto found = files_.save.empty() ? std::nullopt : first_non_finite(weights_of(model, weights));
  if (!found) return std::nullopt;
  return fmt::format("not saved: parameter {}; {} is as it was", *found, files_.save);
}

void TrainingRecord::write(const Graph& model, const Weights& weights) const {
  if (files_.save.empty()) return;
  write_safetensors(files_.save, weights_of(model, weights));
  write_result(fmt::format("saved {}\n", files_.save));
}

}  // namespace sinter::cli
