#include <array>
#include <limits>

#include "frontends/onnx/element_types.h"
#include "frontends/onnx/export_table.h"

namespace sinter::onnx {
namespace {

void same_word(NodeExport& out) { out.result(find_export(out.attributes().kind())->as[0], out.inputs()); }

bool is_false(const Tensor* tensor) {
  return tensor && tensor->dtype() == DType::boolean && tensor->count() == 1 && tensor->at(0) == 0;
}

// What is not equal has words of its own only for truth values and for NaN.
void compare(NodeExport& out) {
  const std::string& predicate = out.attributes().word("predicate");
  if (predicate == "eq") {
    if (is_false(out.constant_operand(1))) return out.result("Not", {out.in(0)});
    return out.result("Equal", out.inputs());
  }
  if (predicate == "ne") {
    if (out.type(0).dtype == DType::boolean) return out.result("Xor", out.inputs());
    if (out.same_operands(0, 1) && is_floating(out.type(0).dtype)) return out.result("IsNaN", {out.in(0)});
    return out.result("Not", {out.emit("Equal", out.inputs())});
  }
  const std::string_view word = predicate == "lt"   ? "Less"
                                : predicate == "le" ? "LessOrEqual"
                                : predicate == "gt" ? "Greater"
                                                    : "GreaterOrEqual";
  out.result(word, out.inputs());
}

// Of truth values, where ONNX Runtime has no Where.
void select(NodeExport& out) {
  const Tensor *a = out.constant_operand(1), *b = out.constant_operand(2);
  const bool truth = out.type(1).dtype == DType::boolean;
  if (truth && is_false(b)) return out.result("And", {out.in(0), out.in(1)});
  if (truth && a && a->count() == 1 && a->at(0) != 0) return out.result("Or", {out.in(0), out.in(2)});
  out.result("Where", out.inputs());
}

void cast(NodeExport& out) {
  out.result("Cast", out.inputs(),
             {{"to", static_cast<int64_t>(element_number(out.attributes().dtype("dtype")))}});
}

// NaN is not below infinity.
void is_finite(NodeExport& out) {
  const std::string infinity = out.number(std::numeric_limits<double>::infinity());
  out.result("Less", {out.emit("Abs", {out.in(0)}), infinity});
}

constexpr std::array<ExportRule, 14> rules = {{
    {OpKind::add, same_word, {"Add"}},
    {OpKind::sub, same_word, {"Sub"}},
    {OpKind::mul, same_word, {"Mul"}},
    {OpKind::div, same_word, {"Div"}},
    {OpKind::maximum, same_word, {"Max"}},
    {OpKind::minimum, same_word, {"Min"}},
    {OpKind::pow, same_word, {"Pow"}},
    {OpKind::exp, same_word, {"Exp"}},
    {OpKind::log, same_word, {"Log"}},
    {OpKind::sqrt, same_word, {"Sqrt"}},
    {OpKind::compare,
     compare,
     {"Equal", "Less", "LessOrEqual", "Greater", "GreaterOrEqual", "Not", "Xor", "IsNaN"}},
    {OpKind::select, select, {"Where", "And", "Or"}},
    {OpKind::cast, cast, {"Cast"}},
    {OpKind::is_finite, is_finite, {"Abs", "Less"}},
}};

}  // namespace

std::span<const ExportRule> elementwise_exports() { return rules; }

}  // namespace sinter::onnx
