#include <fmt/ranges.h>

#include <memory>

#include "cli/batch_option.h"
#include "cli/code_listing.h"
#include "cli/commands.h"
#include "cli/graph_file.h"
#include "cli/graph_picture.h"
#include "cli/graphviz.h"
#include "cli/model_option.h"
#include "cli/open_loops.h"
#include "cli/optimizer_options.h"
#include "cli/pass_run_options.h"
#include "cli/schedule_listing.h"
#include "cli/standard_output.h"
#include "cli/training_options.h"
#include "cli/warnings.h"
#include "runtime/executable.h"
#include "runtime/files/atomic_file.h"

namespace sinter::cli {
namespace {

constexpr const char* examples =
    "Examples:\n"
    "  sinter inspect lenet --stage parsed\n"
    "  sinter inspect lenet --stage autodiff --batch-size 256\n"
    "  sinter inspect lenet --mode train --batch-size 256 --svg lenet.svg\n"
    "  sinter inspect lenet --mode train --batch-size 256 --stage scheduled\n"
    "  sinter inspect lenet --batch-size 256 --backend jit --stage kernel\n"
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
  std::string picture;
};

// Stages behind the graph: what backends make of its nodes.
std::optional<CodeForm> code_form(const std::string& stage) {
  if (stage == "kernel") return CodeForm::kernel;
  if (stage == "llvm") return CodeForm::llvm;
  return stage == "asm" ? std::optional(CodeForm::assembly) : std::nullopt;
}

// The last pass before a stage is reached; nothing: all of them.
std::string last_pass(const std::string& stage) {
  if (stage == "autodiff") return "autodiff";
  if (stage == "fused") return "fuse_conv_activation_pool";
  return stage == "layout" ? "assign_layouts" : "";
}

// Which nodes the backend declines is known once they have their layouts.
void print_fallbacks(const Graph& graph, const Backend& backend, std::string_view name) {
  for (const Fallback& each : find_fallbacks(graph, backend))
    fmt::print(stderr, "# {}: {}\n", name, describe_fallback(each));
}

// The graph as the options want to see it.
Graph graph_at_stage(const Options& options, const GlobalOptions& global) {
  Graph graph = options.model.load();
  PassOptions pass_options = options.pass_options;
  if (options.stage == "parsed" && !options.mode.empty())
    fail_input("--stage parsed --mode {}: a model as parsed is before either pipeline; leave --mode out",
               options.mode);
  if (options.stage == "parsed") return graph;
  const auto backend = find_backend(global.backend, global.backend_options);
  pass_options.target = backend.get();
  std::vector<Body> prepared;  // as compile() asks for, so that the graph is the one that runs
  pass_options.prepared = &prepared;
  const bool differentiated = options.stage == "autodiff";
  if (differentiated && options.mode == "infer")
    fail_input(
        "--stage autodiff --mode infer: only the training pipeline has that stage; expected --mode train");
  const bool train = differentiated || options.mode == "train";
  pass_options.symbols = options.batch.or_one(graph).symbols(graph);
  PassRunOptions run = options.run;
  if (!options.stage.empty()) run.stop_after = last_pass(options.stage);
  run.run(graph, train ? training_passes() : inference_passes(), pass_options);
  if (run.remarks && (run.stop_after.empty() || run.stop_after == last_pass("layout")))
    print_fallbacks(graph, *backend, global.backend);
  return graph;
}

// What of a model a picture shows.
std::string caption(const Options& options) {
  if (options.stage == "parsed") return "as parsed";
  const bool train = options.mode == "train" || options.stage == "autodiff";
  const std::string last = options.stage.empty() ? options.run.stop_after : options.stage;
  return (train ? "training step" : "inference") + (last.empty() ? "" : ", after " + last);
}

void write_text(const std::string& text, const std::string& path) {
  path.empty() ? write_result(text) : write_file(path, std::as_bytes(std::span(text)));
}

// A backend that was asked for by name has code or it has not; of `auto` some nodes may have some.
std::string code(const Options& options, const GlobalOptions& global, CodeForm form) {
  const Graph graph = graph_at_stage(options, global);
  const auto backend = find_backend(global.backend, global.backend_options);
  CodeListing listing = code_listing(graph, *backend, form);
  if (global.backend != "auto" && !listing.any_code)
    fail_input(
        "--stage {} --backend {}: no node has code to show: all run on {}, and only jit's kernels are "
        "code of this program's making; expected --backend jit, or auto for those that jit runs",
        options.stage, global.backend, fmt::join(listing.backends, " and "));
  return std::move(listing.text);
}

void inspect(const Options& options, const GlobalOptions& global, bool draw) {
  if (const auto form = code_form(options.stage)) {
    if (draw) fail_input("--svg {}: --stage {} is code, not a graph", options.picture, options.stage);
    return write_text(code(options, global, *form), options.output);
  }
  if (options.stage == "scheduled") {
    if (draw)
      fail_input(
          "--svg {}: --stage scheduled is a list of calls; without --stage the graph that they run is drawn",
          options.picture);
    const Graph graph = graph_at_stage(options, global);
    return write_text(schedule_listing(graph, *find_backend(global.backend, global.backend_options)),
                      options.output);
  }
  if (draw) check_drawing_name(options.picture);
  const Graph graph = graph_at_stage(options, global);
  if (!draw || !options.output.empty()) write_graph(graph, options.output);
  if (!draw) return;
  const std::string slabs = slabs_of(graph);
  const std::string title = caption(options) + (slabs.empty() ? "" : ", in " + slabs + " samples");
  write_drawing(graph_picture(open_loops(graph), title), options.picture);
}

}  // namespace

void add_inspect(CLI::App& app, const GlobalOptions& global) {
  CLI::App* command = app.add_subcommand("inspect", "show a model's graph at any stage of its compilation");
  command->footer(examples);
  auto options = std::make_shared<Options>();
  options->model.add(*command);
  command->add_option("--mode", options->mode, "the pipeline: infer (the default) or train")
      ->check(CLI::IsMember({"infer", "train"}));
  CLI::Option* stage = command->add_option(
      "--stage", options->stage,
      "parsed, autodiff, fused or layout; scheduled for the calls of kernels in order and "
      "where their values lie; kernel, llvm or asm for the code of each node; without it the "
      "graph at the pipeline's end");
  stage->check(
      CLI::IsMember({"parsed", "autodiff", "fused", "layout", "scheduled", "kernel", "llvm", "asm"}));
  options->batch.add(*command, "1; as parsed a symbol");
  command
      ->add_option("-o,--output", options->output,
                   "write the graph here, its large constants to FILE.bin; or the code")
      ->type_name("FILE");
  CLI::Option* picture = command->add_option(
      "--svg", options->picture, "draw the graph here: .svg, .png, or .dot for the text that Graphviz draws");
  picture->type_name("FILE");
  add_loss_options(*command, options->pass_options);
  add_recompute_option(*command, options->pass_options);
  add_optimizer_options(*command, options->pass_options);
  options->run.add(*command);
  stage->excludes("--stop-after");
  command->callback([options, picture, &global] { inspect(*options, global, picture->count() > 0); });
}

}  // namespace sinter::cli
