#include <fmt/format.h>

#include <memory>

#include "cli/augment_option.h"
#include "cli/checkpoint_options.h"
#include "cli/commands.h"
#include "cli/course_options.h"
#include "cli/first_weights.h"
#include "cli/interrupt.h"
#include "cli/optimizer_options.h"
#include "cli/progress_line.h"
#include "cli/standard_output.h"
#include "cli/trained_part.h"
#include "cli/training_options.h"
#include "cli/training_record.h"
#include "cli/warnings.h"

namespace sinter::cli {
namespace {

constexpr const char* examples =
    "Examples:\n"
    "  sinter train lenet_relu --data synthetic --epochs 2 --lr 0.1 --batch-size 128\n"
    "  sinter train lenet --data fashion-mnist --epochs 10 --lr 0.01 --loss-reduction sum \\\n"
    "      --init xavier_uniform --normalize 0.1307,0.3081 --save lenet.safetensors\n"
    "  sinter train my/net.sinter --data fashion-mnist:DIR --epochs 5 --lr 0.05 --momentum 0.9 \\\n"
    "      --metrics run.jsonl --plot run.svg\n"
    "  sinter train lenet_relu --data fashion-mnist --optimizer adamw --lr-schedule cosine --warmup 1e \\\n"
    "      --label-smoothing 0.1 --clip-norm 1 --early-stop 3\n"
    "  sinter train resnet18.onnx --data images:pictures --freeze 'layer[12].*' --save tuned.safetensors\n"
    "  sinter train my/net.sinter --data cifar10 --augment crop:4,flip --normalize 0.5,0.5 --epochs 30 \\\n"
    "      --checkpoint run.checkpoint    --resume    (begins, and after an interruption goes on)";

struct Options {
  ModelOption model;
  TrainedPart part;
  DataOption data;
  NormalizeOption normalize;
  CourseOptions course;
  AugmentOption augment;
  CheckpointOptions checkpoint;
  TrainOptions train;
  int64_t epochs = 10;
  FirstWeights first;
  RecordFiles files;
  bool no_shuffle = false;
};

void add_options(CLI::App& command, Options& options) {
  TrainOptions& train = options.train;
  options.model.add(command);
  options.part.add(command);
  options.data.add(command);
  options.normalize.add(command);
  options.augment.add(command);
  options.checkpoint.add(command);
  command.add_option("--epochs", options.epochs, "passes over the training examples")
      ->check(number_in(1, 1e6))
      ->capture_default_str();
  command.add_option("--batch-size", train.batch_size, "examples a step")
      ->check(number_in(1, 1 << 20))
      ->capture_default_str();
  options.course.add(command);
  add_optimizer_options(command, train.pass_options);
  add_loss_options(command, train.pass_options);
  add_recompute_option(command, train.pass_options);
  options.first.add(command);
  command.add_flag("--no-shuffle", options.no_shuffle, "take the examples in their order");
  command.add_option("--limit", train.limit, "use only the first N training examples")
      ->check(number_in(1, 1e12));
  add_test_limit_option(command, train.test_limit);
  command.add_option("--save", options.files.save, "write the trained weights here (.safetensors)");
  command.add_option("--metrics", options.files.metrics, "write one JSON object an epoch here (.jsonl)");
  command.add_option("--plot", options.files.plot,
                     "draw loss and accuracy here as the training goes (.svg or .png)");
  command.add_option("--confusion", options.files.confusion,
                     "write here after each epoch how many test examples of each class were taken for which "
                     "(.svg, .png, .json or .txt)");
  command.add_option("--step-metrics", options.files.step_metrics,
                     "write one JSON object a step here (.jsonl)");
}

std::string test_text(const TestScore& test) {
  if (!test.tested()) return "";
  return fmt::format("  test accuracy {:.4f}{}", test.accuracy, top5_text(test));
}

void print_epoch(const EpochReport& report, int64_t epochs) {
  const std::string speed =
      report.images == 0 ? "trained before"
                         : fmt::format("{:.0f} images/s  {:.1f} s", report.images_per_second, report.seconds);
  write_result(fmt::format("epoch {:>{}}/{}  loss {}  train accuracy {:.4f}{}  {}\n", report.epoch,
                           fmt::formatted_size("{}", epochs), epochs, loss_text(report.train.loss),
                           report.train.accuracy, test_text(report.test), speed));
}

// But for the normalisation, which the data tells.
TrainOptions train_options(const Options& options, const GlobalOptions& global) {
  TrainOptions result = options.train;
  options.course.apply(result, options.epochs);
  result.seed = global.seed;
  result.backend = global.backend;
  result.backend_options = global.backend_options;
  result.shuffle = !options.no_shuffle;
  result.augmentation = options.augment.augmentation();
  if (global.debug())
    result.run_options.timed = [](std::string_view pass, double seconds, bool) {
      fmt::print(stderr, "pass {:<32} {:8.2f} ms\n", pass, 1e3 * seconds);
    };
  return result;
}

void tell_stopped_early(const EarlyStop& stop) {
  write_result(fmt::format("stopped early: the {} was best in epoch {}, {:.4f}\n", stop.watched(),
                           stop.best_epoch(), stop.best()));
}

/// A training from where it begins, or goes on, to its end.
struct Course {
  Trainer& trainer;
  int64_t epochs;
  std::optional<EarlyStop>& stop;
  TrainingRecord& record;
  Checkpointer& checkpointer;
  ProgressLine& line;

  /// Whether it came to its end; an interrupt comes before that.
  bool run() {
    int64_t epoch = trainer.position().epoch;
    const bool stopped_before = stop && stop->has_ended(epoch - 1);
    if (stopped_before) tell_stopped_early(*stop);
    if (stopped_before) return true;
    if (epoch > epochs)
      write_result(
          fmt::format("nothing is left to do: {} epoch{} done\n", epoch - 1, epoch == 2 ? " is" : "s are"));
    for (; epoch <= epochs; ++epoch) {
      const EpochReport report = trainer.run_epoch(
          [&](const Progress& progress) { return after_step(progress); }, [] { return !interrupted(); });
      line.clear();
      if (report.stopped) return false;
      print_epoch(report, epochs);
      record.epoch(report);
      const bool stops = stop && stop->ends_after(epoch, report.test);
      checkpointer.after_epoch(trainer, record.curves());
      if (!stops || epoch == epochs) continue;
      tell_stopped_early(*stop);
      break;
    }
    return true;
  }

 private:
  bool after_step(const Progress& progress) {
    const bool stops = interrupted();
    record.step(progress);
    line.show(progress);
    checkpointer.after_step(trainer, progress, stops, [&] { return record.curves(); });
    return !stops;
  }
};

void announce(const Trainer& trainer, const Graph& model, const DataSet& data, const GlobalOptions& global) {
  const Executable& step = trainer.executable();
  if (!global.quiet())
    write_result(fmt::format("training {} on {}: {} training and {} test examples, {} thread{}, backend {}\n",
                             model.name, data.name, trainer.examples(), trainer.test_examples(),
                             global.threads, global.threads == 1 ? "" : "s", step.backend));
  warn_of_fallbacks(model.name, step.backend, step.fallbacks, global);
  warn_of_schedule(trainer.schedule_remark(), global);
}

// Until the first step an interrupt is an exception, since there is nothing to end well.
void train(const Options& options, const GlobalOptions& global, const LoadedModel& loaded, const Graph& model,
           const FileLock& lock, std::optional<Checkpoint> resumed) {
  TrainOptions settings = train_options(options, global);
  auto stop = options.course.stop();
  const DataSet data = options.data.load(global, model);
  throw_if_interrupted();
  settings.normalization = options.normalize.normalization(data.train.channels);
  const Weights weights(options.first.of(loaded, model, global.seed, resumed));
  if (stop && data.test.count == 0)
    fail_input("--early-stop watches the test examples, and {} has none", data.name);
  if (!options.files.confusion.empty() && data.test.count == 0)
    fail_input("--confusion is of the test examples, and {} has none", data.name);
  Recipe recipe = recipe_of(model, data, settings);
  options.first.add_to(recipe, loaded, resumed.has_value());
  Checkpointer checkpointer(options.checkpoint, lock, model, weights, stop, std::move(recipe), resumed);
  TrainingRecord record(
      options.files, {fmt::format("{} on {}", model.name, data.name), data.classes, options.epochs}, resumed);
  if (resumed && !global.quiet()) record.warn_of_lost_lines(resumed->position);
  Trainer trainer(model, data, weights, global.make_pool(), settings);
  throw_if_interrupted();
  announce(trainer, model, data, global);
  checkpointer.begin(trainer, std::move(resumed), global.quiet());
  ProgressLine line(options.epochs, global.quiet());
  try {
    const bool ended = Course{trainer, options.epochs, stop, record, checkpointer, line}.run();
    if (!ended) tell_interrupted(options.checkpoint, checkpointer.held(), !options.files.save.empty());
  } catch (const Error&) {  // whatever went wrong, what was learnt is kept
    line.clear();
    record.rescue(model, weights);
    throw;
  }
  record.save(model, weights);
}

void load_and_train(const Options& options, const GlobalOptions& global) {
  const LoadedModel loaded = options.model.load_with_weights();
  const Graph model = options.part.of(loaded.graph);
  watch_for_interrupt();
  options.files.check();
  const FileLock lock(options.checkpoint.file);
  auto resumed = options.checkpoint.load(model);
  if (!lock.remark().empty()) fmt::print(stderr, "warning: {}\n", lock.remark());
  const auto held = resumed ? std::optional(resumed->position) : std::nullopt;
  try {
    train(options, global, loaded, model, lock, std::move(resumed));
  } catch (const Interrupted&) {
    tell_interrupted(options.checkpoint, held, false);
  }
}

}  // namespace

void add_train(CLI::App& app, const GlobalOptions& global) {
  CLI::App* command = app.add_subcommand("train", "train a model on a data set");
  command->footer(examples);
  auto options = std::make_shared<Options>();
  add_options(*command, *options);
  command->callback([options, &global] { load_and_train(*options, global); });
}

}  // namespace sinter::cli
