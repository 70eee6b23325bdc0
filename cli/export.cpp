#include <fmt/format.h>

#include <memory>

#include "cli/batch_option.h"
#include "cli/commands.h"
#include "cli/model_option.h"
#include "cli/warnings.h"
#include "frontends/onnx/export.h"
#include "frontends/onnx/write_model.h"
#include "passes/bind_symbols.h"
#include "runtime/files/atomic_file.h"
#include "runtime/folded_model.h"
#include "runtime/initialize.h"

namespace sinter::cli {
namespace {

constexpr const char* examples =
    "Examples:\n"
    "  sinter export lenet_relu --weights lenet.safetensors -o lenet.onnx\n"
    "  sinter export resnet18 --fold-batch-norm --batch-size 1 -o resnet18.onnx    (not trained)\n"
    "  sinter export model.onnx --weights tuned.safetensors -o tuned.onnx";

struct Options {
  ModelOption model;
  BatchOption batch;
  std::string weights, output;
  bool fold_batch_norm = false;
};

NamedTensors weights_of(const Options& options, const LoadedModel& loaded, const GlobalOptions& global) {
  const Graph& model = loaded.graph;
  if (!options.weights.empty()) {
    NamedTensors weights = load_weights(options.weights, model);
    warn_of_weights(options.weights, weights, global);
    return weights;
  }
  if (!loaded.weights.empty() || model.parameters().empty()) return loaded.weights;
  if (!global.quiet())
    fmt::print(stderr, "no --weights: model \"{}\" is written with random first ones, of seed {}\n",
               model.name, global.seed);
  return initialize(model, "default", global.seed);
}

void write(const Options& options, const GlobalOptions& global) {
  const LoadedModel loaded = options.model.load_with_weights();
  WeightedModel model{loaded.graph, weights_of(options, loaded, global)};
  if (options.fold_batch_norm) model = folded_batch_norm(model.graph, model.weights);
  if (options.batch.size != 0) {
    PassOptions pass_options;
    pass_options.symbols = options.batch.symbols(model.graph);
    bind_symbols(model.graph, pass_options);
  }
  const onnx::Model exported = onnx::export_model(model.graph, model.weights);
  AtomicFile file(options.output);
  onnx::write_model(exported, [&](std::span<const std::byte> bytes) { file.write(bytes); });
  file.commit();
  if (!global.quiet())
    fmt::print(stderr, "wrote {}: {} nodes, {} initializers, opset {}\n", options.output,
               exported.nodes.size(), exported.initializers.size(), onnx::export_opset);
}

}  // namespace

void add_export(CLI::App& app, const GlobalOptions& global) {
  CLI::App* command = app.add_subcommand("export", "write a model and its weights as an ONNX file");
  command->footer(examples);
  auto options = std::make_shared<Options>();
  options->model.add(*command);
  command->add_option("--weights", options->weights, "trained weights (.safetensors)")->type_name("FILE");
  command->add_option("-o,--output", options->output, "the file to write (.onnx)")
      ->type_name("FILE")
      ->required();
  options->batch.add(*command, "a symbol, so that the model takes batches of any size");
  command->add_flag("--fold-batch-norm", options->fold_batch_norm,
                    "make batch norms part of the convolutions and linear layers before them");
  command->callback([options, &global] { write(*options, global); });
}

}  // namespace sinter::cli
