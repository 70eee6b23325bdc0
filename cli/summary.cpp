#include <fmt/format.h>

#include <memory>
#include <set>

#include "cli/batch_option.h"
#include "cli/commands.h"
#include "cli/model_option.h"
#include "cli/standard_output.h"
#include "cli/table.h"
#include "ir/amounts.h"
#include "ir/cost.h"
#include "passes/bind_symbols.h"

namespace sinter::cli {
namespace {

constexpr const char* examples =
    "Examples:\n"
    "  sinter summary lenet\n"
    "  sinter summary lenet --set classes=100 --batch-size 256\n"
    "  sinter summary models/lenet_relu.sinter";

struct Options {
  ModelOption model;
  BatchOption batch;
};

std::string output_shapes(const Graph& model, const Node& node) {
  std::string text;
  for (const ValueId id : node.results) text += (text.empty() ? "" : ", ") + to_string(model.type(id).shape);
  return text;
}

std::string inputs_of(const Graph& model) {
  std::string text;
  for (const ValueId id : model.inputs())
    text +=
        fmt::format("{}%{}: {}", text.empty() ? "" : ", ", model.info(id).name, to_string(model.type(id)));
  return text;
}

// Elements of the parameters that a node is the first to read.
int64_t new_parameters(const Graph& model, const Node& node, std::set<ValueId>& seen) {
  int64_t count = 0;
  for (const ValueId id : node.operands)
    if (id.valid() && model.info(id).kind == ValueKind::parameter && seen.insert(id).second)
      count += element_count(model.type(id).shape);
  return count;
}

// What the layers put out; flatten and reshape are their operands in another shape.
double activation_bytes(const Graph& model) {
  double bytes = 0;
  for (const Node& node : model.nodes()) {
    if (node.op == OpKind::flatten || node.op == OpKind::reshape) continue;
    for (const ValueId id : node.results) {
      const Type& type = model.type(id);
      bytes += per_sample_count(type.shape) * static_cast<double>(size_of(type.dtype));
    }
  }
  return bytes;
}

std::string summary(const Graph& model, int64_t batch_size) {
  Table table(
      {{"layer"}, {"op"}, {"output"}, {"parameters", Column::Align::right}, {"FLOPs", Column::Align::right}});
  std::set<ValueId> seen;
  int64_t parameters = 0;
  double flops = 0;
  for (const Node& node : model.nodes()) {
    const int64_t own = new_parameters(model, node, seen);
    const double work = cost(model, node).flops;
    table.row({node.source, std::string(to_string(node.op)), output_shapes(model, node), with_thousands(own),
               with_prefix(work)});
    parameters += own;
    flops += work;
  }
  table.rule();
  table.row({"total", "", "", with_thousands(parameters), with_prefix(flops)});
  int64_t bytes = 0;
  for (const ValueId id : seen) bytes += model.type(id).bytes();
  return fmt::format(
      "{}({})\n\n{}\n{} of parameters, {} of activations; FLOPs and activations are those of {}\n",
      model.name, inputs_of(model), table.text(), byte_size(bytes),
      byte_size(static_cast<int64_t>(activation_bytes(model))),
      batch_size == 0 ? "one sample" : fmt::format("a batch of {}", batch_size));
}

}  // namespace

void add_summary(CLI::App& app, const GlobalOptions&) {
  CLI::App* command =
      app.add_subcommand("summary", "a model's layers: output shapes, parameters, FLOPs, activation memory");
  command->footer(examples);
  auto options = std::make_shared<Options>();
  options->model.add(*command);
  options->batch.add(*command, "a symbol");
  command->callback([options] {
    Graph model = options->model.load();
    PassOptions pass_options;
    pass_options.symbols = options->batch.symbols(model);
    bind_symbols(model, pass_options);
    write_result(summary(model, options->batch.size));
  });
}

}  // namespace sinter::cli
