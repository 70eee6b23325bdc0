#include <fmt/format.h>

#include <memory>

#include "cli/commands.h"
#include "cli/confusion_file.h"
#include "cli/progress_line.h"
#include "cli/standard_output.h"
#include "cli/training_options.h"
#include "cli/warnings.h"

namespace sinter::cli {
namespace {

constexpr const char* examples =
    "Examples:\n"
    "  sinter eval lenet --weights lenet.safetensors --data fashion-mnist --normalize 0.1307,0.3081\n"
    "  sinter eval lenet_relu --weights lenet.safetensors --data synthetic --batch-size 100 \\\n"
    "      --confusion confusion.svg";

struct Options {
  ModelOption model;
  DataOption data;
  NormalizeOption normalize;
  std::string weights;
  int64_t batch_size = 256;
  PassOptions pass_options;
  int64_t test_limit = 0;
  std::string confusion;
};

NamedTensors weights_of(const LoadedModel& loaded, const std::string& file) {
  if (!file.empty()) return load_weights(file, loaded.graph);
  if (loaded.weights.empty())
    fail_input("--weights is missing: model \"{}\" has none of its own", loaded.graph.name);
  return loaded.weights;
}

void eval(const Options& options, const GlobalOptions& global) {
  if (!options.confusion.empty()) check_confusion_file(options.confusion);
  const LoadedModel loaded = options.model.load_with_weights();
  warn_of_training_mode(options.model.model, loaded.for_training, global);
  const Graph& model = loaded.graph;
  const NamedTensors tensors = weights_of(loaded, options.weights);
  warn_of_weights(options.weights.empty() ? options.model.model : options.weights, tensors, global);
  const Weights weights(tensors);
  const DataSet data = options.data.load(global, model);
  Classifier classifier(model, data, weights, global.make_pool(),
                        evaluation_options(global.backend, options.pass_options, {}, global.backend_options));
  BatchLoader loader(data.test, {.batch_size = options.batch_size,
                                 .normalization = options.normalize.normalization(data.test.channels),
                                 .limit = options.test_limit});
  prepare_for(classifier, loader, options.batch_size);
  const Executable& executable = classifier.executable();
  warn_of_fallbacks(model.name, executable.backend, executable.fallbacks, global);
  const TestScore result = evaluate(classifier, loader, options.pass_options.loss_reduction == "mean");
  write_result(fmt::format("{} on {}: {} test examples  loss {}  accuracy {:.4f}{}\n", model.name, data.name,
                           loader.count(), loss_text(result.loss), result.accuracy, top5_text(result)));
  if (options.confusion.empty()) return;
  write_confusion(result, data.classes, fmt::format("{} on {}", model.name, data.name), options.confusion);
}

}  // namespace

void add_eval(CLI::App& app, const GlobalOptions& global) {
  CLI::App* command =
      app.add_subcommand("eval", "accuracy and loss of a trained model on a data set's test split");
  command->footer(examples);
  auto options = std::make_shared<Options>();
  options->model.add(*command);
  command->add_option("--weights", options->weights,
                      "trained weights (.safetensors); needed but for an .onnx file");
  options->data.reading.needs_test = true;
  options->data.add(*command);
  options->normalize.add(*command);
  command->add_option("--batch-size", options->batch_size, "examples at a time")
      ->check(number_in(1, 1 << 20))
      ->capture_default_str();
  add_loss_options(*command, options->pass_options);
  add_test_limit_option(*command, options->test_limit);
  command->add_option("--confusion", options->confusion,
                      "write here how many of each class were taken for which (.svg, .png, .json or .txt)");
  command->callback([options, &global] { eval(*options, global); });
}

}  // namespace sinter::cli
