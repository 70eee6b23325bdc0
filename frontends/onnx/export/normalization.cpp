#include <algorithm>
#include <array>

#include "frontends/onnx/export_table.h"

namespace sinter::onnx {
namespace {

std::string channels_of(NodeExport& out, size_t i, std::string_view what, double otherwise) {
  if (out.has(i)) return out.in(i);
  Tensor values(out.type(0).dtype, {out.known_size(out.shape(0), 1)});
  for (int64_t c = 0; c < values.count(); ++c) values.set(c, otherwise);
  return out.tensor(what, std::move(values));
}

// ONNX's momentum is what the running statistics keep, not what they take.
void batch_norm(NodeExport& out) {
  const std::string scale = channels_of(out, 3, "scale", 1), shift = channels_of(out, 4, "shift", 0);
  out.result(
      "BatchNormalization", {out.in(0), scale, shift, out.in(1), out.in(2)},
      {{"epsilon", out.attributes().real("epsilon")}, {"momentum", 1 - out.attributes().real("momentum")}});
}

// By the statistics of the batch, which are results too.
void batch_norm_training(NodeExport& out) {
  const Ints axes = {0, 2, 3};
  const Shape channels = {out.shape(0)[1]}, against_x = {out.shape(0)[1], 1, 1};
  const auto mean_of = [&](const std::string& x) {
    return out.emit("ReduceMean", {x}, {{"axes", axes}, {"keepdims", 1}});
  };
  const Shape kept = {1, out.shape(0)[1], 1, 1};
  const std::string mean = mean_of(out.in(0));
  const std::string centred = out.emit("Sub", {out.in(0), mean});
  const std::string variance = mean_of(out.emit("Mul", {centred, centred}));
  const std::string epsilon = out.number(out.attributes().real("epsilon"));
  const std::string deviation = out.emit("Sqrt", {out.emit("Add", {variance, epsilon})});
  std::string y = out.emit("Div", {centred, deviation});
  if (out.has(1)) y = out.emit("Mul", {y, out.reshaped(out.in(1), channels, against_x)});
  if (out.has(2)) y = out.emit("Add", {y, out.reshaped(out.in(2), channels, against_x)});
  out.result_at(0, "Identity", {y});
  out.result_at(1, "Identity", {out.reshaped(mean, kept, channels)});
  out.result_at(2, "Identity", {out.reshaped(variance, kept, channels)});
}

// In inference nothing is dropped; the ratio is for those who train the model.
void dropout(NodeExport& out) {
  const auto p = static_cast<float>(out.attributes().real("p"));
  out.result("Dropout", {out.in(0), out.tensor("ratio", Tensor::of<float>({}, {p}))});
}

constexpr std::array<ExportRule, 3> rules = {{
    {OpKind::batch_norm, batch_norm, {"BatchNormalization"}},
    {OpKind::batch_norm_training,
     batch_norm_training,
     {"ReduceMean", "Sub", "Mul", "Add", "Sqrt", "Div", "Reshape", "Identity"}},
    {OpKind::dropout, dropout, {"Dropout"}},
}};

}  // namespace

std::span<const ExportRule> normalization_exports() { return rules; }

}  // namespace sinter::onnx
