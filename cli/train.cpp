#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/interrupt.h"
#include "cli/optimizer_options.h"
#include "cli/progress_line.h"
#include "cli/standard_output.h"
#include "cli/training_options.h"
#include "cli/warnings.h"
#include "ir/amounts.h"
#include "runtime/files/atomic_file.h"
#include "runtime/files/line_file.h"
#include "runtime/initialize.h"
#include "runtime/non_finite.h"

namespace sinter::cli {
namespace {

constexpr const char* examples =
    "Examples:\n"
    "  sinter train lenet_relu --data synthetic --epochs 2 --lr 0.1 --batch-size 128\n"
    "  sinter train lenet --data fashion-mnist --epochs 10 --lr 0.01 --loss-reduction sum \\\n"
    "      --init xavier_uniform --normalize 0.1307,0.3081 --save lenet.safetensors\n"
    "  sinter train my/net.sinter --data fashion-mnist:DIR --epochs 5 --lr 0.05 --momentum 0.9 \\\n"
    "      --metrics run.jsonl";

struct Options {
  ModelOption model;
  DataOption data;
  NormalizeOption normalize;
  TrainOptions train;
  int64_t epochs = 10;
  std::optional<double> lr;
  std::string init = "default";
  std::string weights;
  std::string save;
  std::string metrics;
  std::string step_metrics;
  bool no_shuffle = false;
};

void add_options(CLI::App& command, Options& options) {
  TrainOptions& train = options.train;
  options.model.add(command);
  options.data.add(command);
  options.normalize.add(command);
  command.add_option("--epochs", options.epochs, "passes over the training examples")
      ->check(number_in(1, 1e6))
      ->capture_default_str();
  command.add_option("--batch-size", train.batch_size, "examples a step")
      ->check(number_in(1, 1 << 20))
      ->capture_default_str();
  command
      .add_option(
          "--lr", options.lr,
          "learning rate; where it is not given, 0.1 for sgd, 0.01 for rmsprop, 0.001 for adam and adamw")
      ->check(number_above(0));
  add_optimizer_options(command, train.pass_options);
  add_loss_options(command, train.pass_options);
  command.add_option("--init", options.init, "first weights: default (PyTorch's) or xavier_uniform")
      ->check(CLI::IsMember({"default", "xavier_uniform"}))
      ->capture_default_str();
  command.add_option("--weights", options.weights, "start from these weights (.safetensors) instead");
  command.add_flag("--no-shuffle", options.no_shuffle, "take the examples in their order");
  command.add_option("--limit", train.limit, "use only the first N training examples")
      ->check(number_in(1, 1e12));
  command.add_option("--save", options.save, "write the trained weights here (.safetensors)");
  command.add_option("--metrics", options.metrics, "write one JSON object an epoch here (.jsonl)");
  command.add_option("--step-metrics", options.step_metrics, "write one JSON object a step here (.jsonl)");
}

NamedTensors first_weights(const Options& options, const Graph& model, uint64_t seed) {
  return options.weights.empty() ? initialize(model, options.init, seed)
                                 : load_weights(options.weights, model);
}

// What is saved and logged as the training goes.
class Record {
 public:
  explicit Record(const Options& options)
      : save_(options.save), metrics_(options.metrics), step_metrics_(options.step_metrics) {
    if (!save_.empty()) AtomicFile probe(save_);  // better now than after the training
  }

  void step(const Progress& progress) {
    if (!step_metrics_) return;
    step_metrics_.write(nlohmann::ordered_json{
        {"epoch", progress.epoch}, {"step", progress.step}, {"loss", progress.step_loss}}
                            .dump());
  }

  void epoch(const EpochReport& report) {
    if (!metrics_) return;
    metrics_.write(nlohmann::ordered_json{{"epoch", report.epoch},
                                          {"train_loss", report.train.loss},
                                          {"train_accuracy", report.train.accuracy},
                                          {"test_loss", report.test.loss},
                                          {"test_accuracy", report.test.accuracy},
                                          {"seconds", rounded(report.seconds)},
                                          {"images_per_second", rounded(report.images_per_second)}}
                       .dump());
  }

  void save(const Graph& model, const Weights& weights) const {
    if (const auto refusal = refuses_to_save(model, weights)) fail("{}", *refusal);
    write(model, weights);
  }

  // What was learnt until the training failed.
  void rescue(const Graph& model, const Weights& weights) const {
    if (const auto refusal = refuses_to_save(model, weights)) return fmt::print(stderr, "{}\n", *refusal);
    write(model, weights);
  }

 private:
  // Only the model's parameters and states: what the optimizer keeps beside them is not for other tools.
  static NamedTensors parameters_of(const Graph& model, const Weights& weights) {
    NamedTensors parameters;
    for (const auto ids : {model.parameters(), model.states()})
      for (const ValueId id : ids) parameters.emplace(model.info(id).name, weights.at(model.info(id).name));
    return parameters;
  }

  // A file of good weights may be in the place of worthless ones.
  std::optional<std::string> refuses_to_save(const Graph& model, const Weights& weights) const {
    const auto found = save_.empty() ? std::nullopt : first_non_finite(parameters_of(model, weights));
    if (!found) return std::nullopt;
    return fmt::format("not saved: parameter {}; {} is as it was", *found, save_);
  }

  void write(const Graph& model, const Weights& weights) const {
    if (save_.empty()) return;
    write_safetensors(save_, parameters_of(model, weights));
    write_result(fmt::format("saved {}\n", save_));
  }

  std::string save_;
  LineFile metrics_, step_metrics_;
};

void print_epoch(const EpochReport& report, int64_t epochs) {
  write_result(fmt::format(
      "epoch {:>{}}/{}  loss {}  train accuracy {:.4f}  test accuracy {:.4f}  {:.0f} images/s  {:.1f} s\n",
      report.epoch, fmt::formatted_size("{}", epochs), epochs, loss_text(report.train.loss),
      report.train.accuracy, report.test.accuracy, report.images_per_second, report.seconds));
}

TrainOptions train_options(const Options& options, const GlobalOptions& global, const DataSet& data) {
  TrainOptions result = options.train;
  result.lr = options.lr.value_or(default_rate(result.pass_options.optimizer));
  result.seed = global.seed;
  result.backend = global.backend;
  result.backend_options = global.backend_options;
  result.shuffle = !options.no_shuffle;
  result.normalization = options.normalize.normalization(data.train.channels);
  if (global.debug())
    result.run_options.timed = [](std::string_view pass, double seconds, bool) {
      fmt::print(stderr, "pass {:<32} {:8.2f} ms\n", pass, 1e3 * seconds);
    };
  return result;
}

void run_epochs(Trainer& trainer, int64_t epochs, Record& record, ProgressLine& line) {
  const auto on_step = [&](const Progress& progress) {
    record.step(progress);
    line.show(progress);
    return !interrupted();
  };
  for (int64_t epoch = 1; epoch <= epochs; ++epoch) {
    const EpochReport report = trainer.run_epoch(on_step);
    line.clear();
    if (report.stopped) return write_result("interrupted; the weights are those of the last step\n");
    print_epoch(report, epochs);
    record.epoch(report);
  }
}

void train(const Options& options, const GlobalOptions& global) {
  const Graph model = options.model.load();
  const DataSet data = options.data.load(global, model);
  const Weights weights(first_weights(options, model, global.seed));
  Record record(options);
  Trainer trainer(model, data, weights, global.make_pool(), train_options(options, global, data));
  if (!global.quiet())
    write_result(fmt::format("training {} on {}: {} training and {} test examples, {} thread{}, backend {}\n",
                             model.name, data.name, trainer.examples(), data.test.count, global.threads,
                             global.threads == 1 ? "" : "s", trainer.executable().backend));
  const Executable& step = trainer.executable();
  warn_of_fallbacks(model.name, step.backend, step.fallbacks, global);
  watch_for_interrupt();
  ProgressLine line(options.epochs, global.quiet());
  try {
    run_epochs(trainer, options.epochs, record, line);
  } catch (const Error&) {  // whatever went wrong, what was learnt is kept
    line.clear();
    record.rescue(model, weights);
    throw;
  }
  record.save(model, weights);
}

}  // namespace

void add_train(CLI::App& app, const GlobalOptions& global) {
  CLI::App* command = app.add_subcommand("train", "train a model on a data set");
  command->footer(examples);
  auto options = std::make_shared<Options>();
  add_options(*command, *options);
  command->callback([options, &global] { train(*options, global); });
}

}  // namespace sinter::cli
