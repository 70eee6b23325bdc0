#include <fmt/format.h>

#include <memory>

#include "cli/batch_option.h"
#include "cli/commands.h"
#include "cli/explain_json.h"
#include "cli/explain_table.h"
#include "cli/model_option.h"
#include "cli/optimizer_options.h"
#include "cli/pass_run_options.h"
#include "cli/standard_output.h"
#include "cli/training_options.h"
#include "cli/warnings.h"
#include "runtime/initialize.h"

namespace sinter::cli {
namespace {

constexpr const char* notes =
    R"(One row a kernel, in the order in which they run; those of a slab_loop stand under it, with their
amounts and times over all slabs. FLOPs and bytes are what a kernel must do at least: the
arithmetic of its ops, its operands read once and its results written once. Times are of a step:
what its backend predicts on the threads in use, and measured the least and the median of
several. In a slab_loop a kernel's time is what all threads spend in it, over their number; the
loop's own time passes from its first thread's start to its last one's end, and also holds the
adding up of gradients and waiting. The whole step is measured without clocks in it.

The limit is the larger of FLOPs over the peak, which is measured in f32 on registers alone, with
vectors as wide as the kernel's backend uses, and bytes over the bandwidth. That is measured too,
with a buffer for each thread as large as what one call of the kernel touches there: values of a
slab, which stay in a core's cache, are held against that cache and not against memory, and so is
what fits into a cache without slabs. A kernel whose values come from memory although they would
fit into a cache therefore has a small share. The share is that of the limit in the least time.
One above 100 % is no result; it is reported as a measurement error.

Examples:
  sinter explain lenet --mode train --batch-size 256
  sinter explain lenet_relu --mode infer --batch-size 1 --backend jit
  sinter explain lenet --mode train --batch-size 256 --repeat 20 --json)";

struct Options {
  ModelOption model;
  std::string mode = "infer";
  BatchOption batch;
  int64_t repeat = 0;
  PassOptions pass_options;
  bool json = false;
};

void explain(const Options& options, const GlobalOptions& global) {
  const Graph model = options.model.load();
  BenchmarkOptions step{.train = options.mode == "train",
                        .repeat = options.repeat,
                        .seed = global.seed,
                        .backend = global.backend,
                        .pass_options = options.pass_options,
                        .backend_options = global.backend_options};
  step.pass_options.symbols = options.batch.or_one(model).symbols(model);
  step_flops(model, step);  // what it cannot be asked is said before anything is compiled
  const StepReport report =
      explain_step(model, Weights(initialize(model, "default", global.seed)), global.make_pool(), step);
  warn_of_each_fallback(options.model.model, report.backend, report.fallbacks, global);
  const StepTitle title{options.model.model, options.mode};
  write_result(options.json ? explain_json(title, report) : explain_table(title, report));
}

}  // namespace

void add_explain(CLI::App& app, const GlobalOptions& global) {
  CLI::App* command =
      app.add_subcommand("explain", "a step taken apart: each kernel, and how near its limit it is");
  command->footer(notes);
  auto options = std::make_shared<Options>();
  options->model.add(*command);
  command->add_option("--mode", options->mode, "infer (a forward pass) or train (a step)")
      ->check(CLI::IsMember({"infer", "train"}))
      ->capture_default_str();
  options->batch.add(*command, "1, or what the model fixes");
  command
      ->add_option(
          "--repeat", options->repeat,
          "steps to time, with clocks and again without; where it is not given at least 5, and until 1.5 "
          "seconds are full")
      ->check(number_in(1, 1e9));
  add_loss_options(*command, options->pass_options);
  add_recompute_option(*command, options->pass_options);
  add_optimizer_options(*command, options->pass_options);
  command->add_flag("--json", options->json, "print one JSON object a line for each kernel");
  command->callback([options, &global] { explain(*options, global); });
}

}  // namespace sinter::cli
