#include <memory>

#include "cli/batch_option.h"
#include "cli/commands.h"
#include "cli/graph_file.h"
#include "cli/model_option.h"
#include "cli/pass_run_options.h"
#include "cli/training_options.h"
#include "runtime/executable.h"

namespace sinter::cli {
namespace {

constexpr const char* examples =
    "Examples:\n"
    "  sinter inspect lenet --stage parsed\n"
    "  sinter inspect lenet --stage autodiff --batch-size 256\n"
    "  sinter inspect lenet --mode train --momentum 0.9 --time-passes --verify=execute\n"
    "  sinter inspect lenet --mode train --print-after append_loss,autodiff --output step.ir";

struct Options {
  ModelOption model;
  std::string mode;
  std::string stage;
  BatchOption batch;
  PassOptions pass_options;
  PassRunOptions run;
  std::string output;
};

// The graph as the options want to see it.
Graph graph_at_stage(const Options& options) {
  Graph graph = options.model.load();
  PassOptions pass_options = options.pass_options;
  if (options.stage == "parsed") return graph;
  const bool differentiated = options.stage == "autodiff";
  if (differentiated && options.mode == "infer")
    fail_input(
        "--stage autodiff --mode infer: only the training pipeline has that stage; expected --mode train");
  const bool train = differentiated || options.mode == "train";
  BatchOption batch = options.batch;
  if (train && batch.size == 0) batch.size = 1;
  pass_options.symbols = batch.symbols(graph);
  PassRunOptions run = options.run;
  if (differentiated) run.stop_after = "autodiff";
  run.run(graph, train ? training_passes() : inference_passes(), pass_options);
  return graph;
}

}  // namespace

void add_inspect(CLI::App& app, const GlobalOptions&) {
  CLI::App* command = app.add_subcommand("inspect", "show a model's graph at any stage of its compilation");
  command->footer(examples);
  auto options = std::make_shared<Options>();
  options->model.add(*command);
  command->add_option("--mode", options->mode, "the pipeline: infer (the default) or train")
      ->check(CLI::IsMember({"infer", "train"}));
  CLI::Option* stage =
      command->add_option("--stage", options->stage, "parsed or autodiff; without it the pipeline's end");
  stage->check(CLI::IsMember({"parsed", "autodiff"}));
  options->batch.add(*command, "1 in training and a symbol otherwise");
  command->add_option("-o,--output", options->output, "write the graph here, its large constants to FILE.bin")
      ->type_name("FILE");
  add_loss_options(*command, options->pass_options);
  add_update_options(*command, options->pass_options);
  options->run.add(*command);
  stage->excludes("--stop-after");
  command->callback([options] { write_graph(graph_at_stage(*options), options->output); });
}

}  // namespace sinter::cli
