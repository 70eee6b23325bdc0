#include "ir/op_table.h"

namespace sinter {
namespace {

std::string_view describe(Elements elements) {
  switch (elements) {
    case Elements::floating:
      return "floating";
    case Elements::same:
      return "numeric";
    case Elements::index:
      return "u8, i32 or i64";
    case Elements::boolean:
      return "bool";
    case Elements::any:
      return "any";
  }
  return "";
}

std::string_view describe(AttrKind kind) {
  constexpr std::string_view names[] = {"integer", "real", "bool", "word",        "integers", "element type",
                                        "graph",   "axis", "axes", "permutation", "shape"};
  return names[static_cast<size_t>(kind)];
}

std::string describe(const AttributeDef& def) {
  std::string text = fmt::format("`{}`: {}", def.name, describe(def.kind));
  if (!def.words.empty()) text += fmt::format(" ({})", def.words);
  text += def.fallback.empty() ? ", required" : fmt::format(", default `{}`", def.fallback);
  return text;
}

std::string_view gradient_of(const OpDef& op) {
  if (op.train_as != op.kind) return op_def(op.train_as).name;
  if (op.gradient == nullptr) return "none";
  return op.gradient == zero_gradient ? "zero" : "yes";
}

std::string entry(const OpDef& op) {
  std::string text = fmt::format("## {}\n\n{}\n\n    {}\n\n", op.name, op.summary, op.formula);
  text += "| operand | shape | elements |\n| --- | --- | --- |\n";
  for (const OperandDef& operand : op.operands)
    text += fmt::format("| {}{}{} | `{}` | {} |\n", operand.name, operand.optional ? " (optional)" : "",
                        operand.variadic ? " (any number)" : "", operand.pattern, describe(operand.elements));
  text += "\n";
  for (const AttributeDef& attribute : op.attributes) text += fmt::format("- {}\n", describe(attribute));
  if (op.attributes.size() > 0) text += "\n";
  text += fmt::format("Results: {}. Gradient: {}. {}.", fmt::join(op.results, ", "), gradient_of(op),
                      op.samples.words);
  if (!op.source.empty()) text += fmt::format(" Source: {}.", op.source);
  return text + "\n";
}

}  // namespace

std::string op_reference() {
  std::string text =
      "# Operations\n\nWritten by `sinter ops` from the op table. In shapes, one letter is one size within a "
      "node, `...` "
      "any number of\ndimensions. Operands marked floating or numeric share one element type.\n";
  for (const OpDef& op : op_table()) text += "\n" + entry(op);
  return text;
}

}  // namespace sinter
