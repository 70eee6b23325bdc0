#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <memory>
#include <set>

#include "cli/commands.h"
#include "cli/graph_file.h"
#include "cli/optimizer_options.h"
#include "cli/pass_run_options.h"
#include "cli/training_options.h"
#include "runtime/executable.h"

namespace sinter::cli {
namespace {

constexpr const char* examples =
    "Examples:\n"
    "  sinter inspect lenet --stage parsed --output lenet.ir\n"
    "  sinter opt lenet.ir --passes=bind_symbols,append_loss,autodiff --symbol N=4 --verify=execute\n"
    "  sinter opt lenet.ir --passes=simplify_algebra,remove_dead_nodes --time-passes -o small.ir\n"
    "  sinter inspect lenet --stage parsed | sinter opt - --passes=fold_constants";

struct Options {
  std::string file;
  std::vector<std::string> passes;
  std::vector<std::string> symbols;  ///< name=size
  PassOptions pass_options;
  PassRunOptions run;
  std::string output;
};

std::set<std::string> symbols_of(const Graph& graph) {
  std::set<std::string> symbols;
  for (const ValueInfo& value : graph.values())
    for (const Dim& dim : value.type.shape)
      if (dim.is_symbol()) symbols.insert(dim.symbol);
  return symbols;
}

std::pair<std::string, int64_t> parse_symbol(const std::string& text, const Graph& graph) {
  const size_t equals = std::min(text.find('='), text.size());
  const std::string name = text.substr(0, equals);
  int64_t size = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data() + std::min(equals + 1, text.size()), end, size);
  if (name.empty() || error != std::errc{} || stop != end || size < 1)
    fail_input("--symbol {}: expected NAME=SIZE, a size of at least 1", text);
  const auto known = symbols_of(graph);
  if (!known.contains(name))
    fail_input("--symbol {}: graph \"{}\" has {}", text, graph.name,
               known.empty() ? "no symbols" : fmt::format("the symbols {}", fmt::join(known, ", ")));
  return {name, size};
}

void opt(const Options& options, const GlobalOptions& global) {
  Graph graph = read_graph(options.file);
  const auto backend = find_backend(global.backend, global.backend_options);
  PassOptions pass_options = options.pass_options;
  pass_options.target = backend.get();
  for (const std::string& symbol : options.symbols) {
    const auto [name, size] = parse_symbol(symbol, graph);
    pass_options.symbols[name] = size;
  }
  options.run.run(graph, options.passes, pass_options);
  write_graph(graph, options.output);
}

}  // namespace

void add_opt(CLI::App& app, const GlobalOptions& global) {
  CLI::App* command = app.add_subcommand("opt", "run passes on a graph in text form and print the result");
  command->footer(pass_list() + "\n" + examples);
  auto options = std::make_shared<Options>();
  command->add_option("FILE", options->file, "a graph (.ir), or - for standard input")->required();
  command
      ->add_option("--passes", options->passes,
                   "run these, in this order; without it the graph is only checked")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->type_name("PASS,...");
  command->add_option("-o,--output", options->output, "write the graph here, its large constants to FILE.bin")
      ->type_name("FILE");
  command->add_option("--symbol", options->symbols, "for bind_symbols: NAME=SIZE")->allow_extra_args(false);
  add_loss_options(*command, options->pass_options);
  add_recompute_option(*command, options->pass_options);
  add_optimizer_options(*command, options->pass_options);
  options->run.add(*command);
  command->callback([options, &global] { opt(*options, global); });
}

}  // namespace sinter::cli
