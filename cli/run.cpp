#include <fmt/format.h>

#include <chrono>
#include <memory>

#include "cli/commands.h"
#include "cli/model_inputs.h"
#include "cli/model_option.h"
#include "cli/predictions.h"
#include "cli/standard_output.h"
#include "cli/warnings.h"
#include "runtime/files/npy.h"
#include "runtime/session.h"

namespace sinter::cli {
namespace {

constexpr const char* examples =
    "Examples, with weights from `sinter train lenet_relu --data synthetic --save lenet.safetensors`\n"
    "and a picture from `sinter data synthetic --export pictures`:\n"
    "  sinter run lenet_relu --weights lenet.safetensors --input image=pictures/000-0.png\n"
    "  sinter run lenet_relu --weights lenet.safetensors --input image=batch.npy --output results";

struct Options {
  ModelOption model;
  std::string weights;
  std::vector<std::string> inputs;  ///< name=file
  NormalizeOption normalize;
  std::string labels;
  int64_t top = 5;
  int64_t warmup = 0;
  std::string output;
};

NamedTensors weights_for(const LoadedModel& loaded, const std::string& path, const GlobalOptions& global) {
  const Graph& model = loaded.graph;
  if (!path.empty()) {
    NamedTensors weights = load_weights(path, model);
    warn_of_weights(path, weights, global);
    return weights;
  }
  if (!model.parameters().empty() && loaded.weights.empty())
    fail_input(
        "--weights is missing: model \"{}\" has {} parameters; `sinter train {} --save FILE.safetensors` "
        "makes them",
        model.name, model.parameters().size(), model.name);
  return loaded.weights;
}

Session run_model(const Graph& model, const ModelInputs& inputs, Weights weights, int64_t warmup,
                  const GlobalOptions& global) {
  PassOptions pass_options;
  pass_options.symbols = inputs.symbols;
  const auto executable = compile(model, {.backend = global.backend,
                                          .passes = inference_passes(),
                                          .pass_options = pass_options,
                                          .backend_options = global.backend_options});
  warn_of_fallbacks(model.name, executable->backend, executable->fallbacks, global);
  Session session(executable, global.make_pool(), std::move(weights));
  for (int64_t i = 0; i < warmup; ++i) session.run(inputs.tensors);
  const auto start = std::chrono::steady_clock::now();
  session.run(inputs.tensors);
  const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - start;
  if (warmup > 0 && !global.quiet())
    fmt::print(stderr, "ran in {:.3f} ms, after {} run{} that {} not timed\n", took.count(), warmup,
               warmup == 1 ? "" : "s", warmup == 1 ? "was" : "were");
  return session;
}

// Result i as DIR/<its name>.npy, or output.npy where it has none.
void write_results(const Graph& model, const Session& session, const std::filesystem::path& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) fail_input("--output {}: cannot make this folder: {}", folder.string(), error.message());
  const auto results = model.results();
  for (size_t i = 0; i < results.size(); ++i) {
    const std::string number = results.size() == 1 ? "" : std::to_string(i);
    const std::string name = results[i].name.empty() ? "output" + number : results[i].name;
    const std::filesystem::path path = folder / (name + ".npy");
    write_npy(path, session.result(i));
    fmt::print(stderr, "wrote {}: {}\n", path.string(), to_string(session.result(i).type()));
  }
}

void run(const Options& options, const GlobalOptions& global) {
  const LoadedModel loaded = options.model.load_with_weights();
  warn_of_training_mode(options.model.model, loaded.for_training, global);
  const Graph& model = loaded.graph;
  const ModelInputs inputs = read_inputs(options.inputs, model, options.normalize);
  const Weights weights(weights_for(loaded, options.weights, global));
  const auto classes = read_class_names(options.labels);
  const Session session = run_model(model, inputs, weights, options.warmup, global);
  std::string text;
  for (size_t i = 0; i < model.results().size(); ++i)
    text += describe_result(model, model.results()[i], session.result(i), classes, options.top);
  if (!options.output.empty()) write_results(model, session, options.output);
  write_result(text);
}

}  // namespace

void add_run(CLI::App& app, const GlobalOptions& global) {
  CLI::App* command = app.add_subcommand("run", "run a model on pictures or arrays in files");
  command->footer(examples);
  auto options = std::make_shared<Options>();
  options->model.add(*command);
  command->add_option("--weights", options->weights, "trained weights (.safetensors)")->type_name("FILE");
  command
      ->add_option("--input", options->inputs,
                   "a picture (.png, .jpg) or array (.npy, .pb) for an input; once for each input")
      ->allow_extra_args(false)
      ->type_name("NAME=FILE");
  options->normalize.add(*command);
  command
      ->add_option("--labels", options->labels,
                   "names for the classes, by label: a file's lines, or those of a data set")
      ->type_name("FILE|NAME");
  command->add_option("--top", options->top, "how many classes to show")
      ->check(number_in(1, 1e6))
      ->capture_default_str();
  command
      ->add_option("--warmup", options->warmup,
                   "run so many times before, and say how long the last run took")
      ->check(number_in(0, 1e6));
  command->add_option("--output", options->output, "write each result to this folder as a .npy file")
      ->type_name("DIR");
  command->callback([options, &global] { run(*options, global); });
}

}  // namespace sinter::cli
