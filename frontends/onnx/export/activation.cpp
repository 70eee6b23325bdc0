#include <array>
#include <cmath>
#include <numbers>

#include "frontends/onnx/export_table.h"

namespace sinter::onnx {
namespace {

// The word is the rule's only one.
void unary(NodeExport& out) { out.result(find_export(out.attributes().kind())->as[0], out.inputs()); }

// As `unary`, with the slope below zero.
void with_alpha(NodeExport& out) {
  out.result(find_export(out.attributes().kind())->as[0], out.inputs(),
             {{"alpha", out.attributes().real("alpha")}});
}

void silu(NodeExport& out) { out.result("Mul", {out.in(0), out.emit("Sigmoid", {out.in(0)})}); }

// As PyTorch spells it: x * (1 + erf(x / sqrt(2))) / 2, or with the tanh of a polynomial.
void gelu(NodeExport& out) {
  const std::string x = out.in(0);
  std::string bent;
  if (out.attributes().word("approximate") == "none") {
    bent = out.emit("Erf", {out.emit("Div", {x, out.number(std::numbers::sqrt2)})});
  } else {
    const std::string cube = out.emit("Mul", {out.emit("Mul", {x, x}), x});
    const std::string sum = out.emit("Add", {x, out.emit("Mul", {cube, out.number(0.044715)})});
    bent = out.emit("Tanh", {out.emit("Mul", {sum, out.number(std::sqrt(2 / std::numbers::pi))})});
  }
  const std::string share = out.emit("Add", {bent, out.number(1)});
  out.result("Mul", {out.emit("Mul", {x, share}), out.number(0.5)});
}

void hard_sigmoid(NodeExport& out) {
  out.result("HardSigmoid", out.inputs(), {{"alpha", 1.0 / 6}, {"beta", 0.5}});
}

// Beyond the threshold softplus is its x to the last bit, unless that is set low.
void softplus(NodeExport& out) {
  const double beta = out.attributes().real("beta"), threshold = out.attributes().real("threshold");
  const bool plain = beta == 1 && threshold >= 20;
  if (plain) return out.result("Softplus", out.inputs());
  const std::string scaled = beta == 1 ? out.in(0) : out.emit("Mul", {out.in(0), out.number(beta)});
  const std::string bent = out.emit("Softplus", {scaled});
  const bool usual = threshold >= 20;
  if (usual) return out.result("Div", {bent, out.number(beta)});
  const std::string divided = beta == 1 ? bent : out.emit("Div", {bent, out.number(beta)});
  out.result("Where", {out.emit("Greater", {scaled, out.number(threshold)}), out.in(0), divided});
}

void clip(NodeExport& out) {
  const auto limit = [&](std::string_view name) {
    const double value = out.attributes().real(name);
    return std::isinf(value) ? "" : out.tensor(name, Tensor::scalar(out.type(0).dtype, value));
  };
  const std::string low = limit("min");
  out.result("Clip", {out.in(0), low, limit("max")});
}

// The slopes of channels stand behind N.
void prelu(NodeExport& out) {
  const size_t rank = out.shape(0).size();
  Shape of_channels(rank > 1 ? rank - 1 : 1, Dim(1));
  of_channels[0] = out.shape(1)[0];
  const bool one = out.shape(1)[0] == Dim(1);
  const std::string slope = one ? out.in(1) : out.reshaped(out.in(1), out.shape(1), of_channels);
  out.result("PRelu", {out.in(0), slope});
}

constexpr std::array<ExportRule, 14> rules = {{
    {OpKind::relu, unary, {"Relu"}},
    {OpKind::sigmoid, unary, {"Sigmoid"}},
    {OpKind::tanh, unary, {"Tanh"}},
    {OpKind::erf, unary, {"Erf"}},
    {OpKind::selu, unary, {"Selu"}},
    {OpKind::hard_swish, unary, {"HardSwish"}},
    {OpKind::leaky_relu, with_alpha, {"LeakyRelu"}},
    {OpKind::elu, with_alpha, {"Elu"}},
    {OpKind::gelu, gelu, {"Mul", "Add", "Div", "Erf", "Tanh"}},
    {OpKind::silu, silu, {"Mul", "Sigmoid"}},
    {OpKind::hard_sigmoid, hard_sigmoid, {"HardSigmoid"}},
    {OpKind::softplus, softplus, {"Softplus", "Mul", "Div", "Greater", "Where"}},
    {OpKind::clip, clip, {"Clip"}},
    {OpKind::prelu, prelu, {"PRelu", "Reshape"}},
}};

}  // namespace

std::span<const ExportRule> activation_exports() { return rules; }

}  // namespace sinter::onnx
