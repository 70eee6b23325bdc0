#include "cli/pass_run_options.h"

#include <fmt/format.h>

#include "cli/global_options.h"
#include "cli/table.h"
#include "ir/text.h"
#include "passes/pass_table.h"
#include "passes/run_passes.h"

namespace sinter::cli {
namespace {

Verify verify_level(const std::string& word) {
  if (word == "none") return Verify::none;
  return word == "execute" ? Verify::execute : Verify::structure;
}

}  // namespace

void PassRunOptions::add(CLI::App& command) {
  const auto group = "Running the passes";
  const auto add_names = [&](const char* option, std::vector<std::string>& names, const char* description) {
    return command.add_option(option, names, description)
        ->delimiter(',')
        ->allow_extra_args(false)
        ->type_name("PASS,...");
  };
  add_names("--print-after", print_after,
            "print the graph after these to standard error; \"all\" for every one")
      ->group(group);
  command.add_option("--stop-after", stop_after, "the last pass to run")->type_name("PASS")->group(group);
  add_names("--disable", disable, "leave these out")->group(group);
  command.add_flag("--time-passes", time_passes, "print to standard error what each took")->group(group);
  command.add_flag("--remarks", remarks, "print to standard error what the passes left alone, and why")
      ->group(group);
  command
      .add_flag("--verify{structure}", verify,
                "check the graph after each pass; =execute runs it too and compares")
      ->check(CLI::IsMember({"structure", "execute"}))
      ->group(group);
}

void PassRunOptions::run(Graph& graph, const std::vector<std::string>& passes,
                         const PassOptions& options) const {
  Table times({{"pass"}, {"ms", Column::Align::right}, {"changed"}});
  RunOptions run{.verify = verify_level(verify),
                 .disable = disable,
                 .print_after = print_after,
                 .stop_after = stop_after};
  run.print = [](std::string_view pass, const Graph& after) {
    std::vector<std::byte> sidecar;  // only looked at: what is large is not shown
    fmt::print(stderr, "# after {}\n{}", pass, print(after, &sidecar));
  };
  run.timed = [&](std::string_view pass, double seconds, bool changed) {
    times.row({std::string(pass), fmt::format("{:.3f}", 1e3 * seconds), changed ? "yes" : "no"});
  };
  PassOptions with_remarks = options;
  std::vector<Remark> found;
  with_remarks.remarks = &found;
  run_passes(graph, passes, with_remarks, run);
  if (remarks)
    for (const Remark& remark : found)
      fmt::print(stderr, "# {}: \"{}\": {}\n", remark.pass, remark.source, remark.text);
  if (time_passes) fmt::print(stderr, "{}", times.text());
}

std::string pass_list() {
  std::string text = "Passes:\n";
  for (const Pass& pass : pass_table()) text += fmt::format("  {:<33}{}\n", pass.name, pass.summary);
  return text;
}

}  // namespace sinter::cli
