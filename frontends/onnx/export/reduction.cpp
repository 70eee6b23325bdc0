#include <array>

#include "frontends/onnx/export_table.h"

/// Reductions, softmax and losses.
namespace sinter::onnx {
namespace {

// ONNX takes the axes of a sum as an input, those of a mean as an attribute.
void sum(NodeExport& out) {
  const Attributes& a = out.attributes();
  const Ints& axes = a.ints("axes");
  out.result("ReduceSum", {out.in(0), axes.empty() ? "" : out.integers("axes", axes)},
             {{"keepdims", a.boolean("keepdims")}});
}

void mean(NodeExport& out) {
  const Attributes& a = out.attributes();
  NamedAttributes attributes = {{"keepdims", a.boolean("keepdims")}};
  if (!a.ints("axes").empty()) attributes.emplace_back("axes", a.ints("axes"));
  out.result("ReduceMean", {out.in(0)}, std::move(attributes));
}

void argmax(NodeExport& out) {
  const Attributes& a = out.attributes();
  out.result("ArgMax", out.inputs(), {{"axis", a.integer("axis")}, {"keepdims", a.boolean("keepdims")}});
}

void along_axis(NodeExport& out) {
  out.result(find_export(out.attributes().kind())->as[0], out.inputs(),
             {{"axis", out.attributes().integer("axis")}});
}

void softmax_cross_entropy(NodeExport& out) {
  const Attributes& a = out.attributes();
  if (a.real("label_smoothing") != 0) out.refuse("label_smoothing, which ONNX's loss does not have");
  const bool bytes = out.type(1).dtype == DType::u8;
  const std::string labels = bytes ? out.emit("Cast", {out.in(1)}, {{"to", 7}}) : out.in(1);
  out.result("SoftmaxCrossEntropyLoss", {out.in(0), labels}, {{"reduction", a.word("reduction")}});
}

void mse_loss(NodeExport& out) {
  const std::string difference = out.emit("Sub", out.inputs());
  const std::string& reduction = out.attributes().word("reduction");
  if (reduction == "none") return out.result("Mul", {difference, difference});
  const std::string squares = out.emit("Mul", {difference, difference});
  out.result(reduction == "sum" ? "ReduceSum" : "ReduceMean", {squares}, {{"keepdims", 0}});
}

constexpr std::array<ExportRule, 7> rules = {{
    {OpKind::sum, sum, {"ReduceSum"}},
    {OpKind::mean, mean, {"ReduceMean"}},
    {OpKind::argmax, argmax, {"ArgMax"}},
    {OpKind::softmax, along_axis, {"Softmax"}},
    {OpKind::log_softmax, along_axis, {"LogSoftmax"}},
    {OpKind::softmax_cross_entropy, softmax_cross_entropy, {"SoftmaxCrossEntropyLoss", "Cast"}},
    {OpKind::mse_loss, mse_loss, {"Sub", "Mul", "ReduceMean", "ReduceSum"}},
}};

}  // namespace

std::span<const ExportRule> reduction_exports() { return rules; }

}  // namespace sinter::onnx
