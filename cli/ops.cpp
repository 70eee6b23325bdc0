#include <fmt/format.h>

#include <memory>

#include "cli/commands.h"
#include "cli/standard_output.h"
#include "frontends/onnx/op_table.h"
#include "ir/op_table.h"

namespace sinter::cli {
namespace {

constexpr const char* examples =
    "Examples:\n"
    "  sinter ops\n"
    "  sinter ops conv2d\n"
    "  sinter ops --onnx\n"
    "  sinter ops > OPS.md";

// The op's section of the whole reference.
std::string reference_of(const std::string& name) {
  if (!find_op(name)) {
    std::string names;
    for (const OpDef& op : op_table()) names += fmt::format(" {}", op.name);
    fail_input("no op is named \"{}\"; there are{}", name, names);
  }
  const std::string reference = op_reference();
  const size_t begin = reference.find(fmt::format("\n## {}\n", name)) + 1;
  const size_t end = reference.find("\n## ", begin);
  return reference.substr(begin, end == std::string::npos ? end : end - begin);
}

}  // namespace

void add_ops(CLI::App& app, const GlobalOptions&) {
  CLI::App* command = app.add_subcommand("ops", "the reference of all ops, in Markdown");
  command->footer(examples);
  auto name = std::make_shared<std::string>();
  auto of_onnx = std::make_shared<bool>(false);
  CLI::Option* only = command->add_option("NAME", *name, "only this op");
  command->add_flag("--onnx", *of_onnx, "the ONNX ops that models in files may have")->excludes(only);
  command->callback([name, of_onnx] {
    write_result(*of_onnx ? onnx::op_coverage() : name->empty() ? op_reference() : reference_of(*name));
  });
}

}  // namespace sinter::cli
