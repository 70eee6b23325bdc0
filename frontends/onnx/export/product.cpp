#include <algorithm>
#include <array>

#include "frontends/onnx/export_table.h"

/// Convolutions and matrix products.
namespace sinter::onnx {
namespace {

void conv(NodeExport& out) {
  const Attributes& a = out.attributes();
  const Shape& weight = out.shape(1);
  out.result("Conv", out.inputs(),
             {{"kernel_shape", Ints{weight[2].size, weight[3].size}},
              {"strides", a.ints("stride")},
              {"pads", a.ints("padding")},
              {"dilations", a.ints("dilation")},
              {"group", a.integer("groups")}});
}

// Of the sizes that a convolution would turn into x's, output_padding says which.
void transposed_conv(NodeExport& out) {
  const Attributes& a = out.attributes();
  const Shape &x = out.shape(0), &weight = out.shape(1);
  const Ints size = a.ints("input_size"), stride = a.ints("stride"), padding = a.ints("padding"),
             dilation = a.ints("dilation");
  Ints more;
  for (size_t i = 0; i < 2; ++i) {
    const int64_t span = dilation[i] * (weight[2 + i].size - 1) + 1;
    more.push_back(size[i] -
                   (stride[i] * (out.known_size(x, 2 + i) - 1) + span - padding[i] - padding[2 + i]));
    if (more[i] < 0 || more[i] >= std::max(stride[i], dilation[i]))
      out.refuse(fmt::format("input_size is [{}], which no output_padding of ConvTranspose gives",
                             fmt::join(size, ", ")));
  }
  out.result("ConvTranspose", out.inputs(),
             {{"kernel_shape", Ints{weight[2].size, weight[3].size}},
              {"strides", stride},
              {"pads", padding},
              {"dilations", dilation},
              {"group", a.integer("groups")},
              {"output_padding", more}});
}

std::string with_last_two_swapped(NodeExport& out, size_t i) {
  Ints order(out.shape(i).size());
  for (size_t d = 0; d < order.size(); ++d) order[d] = static_cast<int64_t>(d);
  std::swap(order[order.size() - 1], order[order.size() - 2]);
  return out.emit("Transpose", {out.in(i)}, {{"perm", order}});
}

void linear(NodeExport& out) {
  if (out.shape(0).size() == 2) return out.result("Gemm", out.inputs(), {{"transB", 1}});
  const std::string weight = with_last_two_swapped(out, 1);
  if (!out.has(2)) return out.result("MatMul", {out.in(0), weight});
  out.result("Add", {out.emit("MatMul", {out.in(0), weight}), out.in(2)});
}

// Gemm transposes by itself, but for b alone, where it stands for a linear layer.
void matmul(NodeExport& out) {
  const bool a = out.attributes().boolean("transpose_a"), b = out.attributes().boolean("transpose_b");
  const bool matrices = out.shape(0).size() == 2 && out.shape(1).size() == 2;
  if (matrices && a) return out.result("Gemm", out.inputs(), {{"transA", 1}, {"transB", b ? 1 : 0}});
  out.result("MatMul",
             {a ? with_last_two_swapped(out, 0) : out.in(0), b ? with_last_two_swapped(out, 1) : out.in(1)});
}

constexpr std::array<ExportRule, 4> rules = {{
    {OpKind::conv2d, conv, {"Conv"}},
    {OpKind::conv2d_backward_data, transposed_conv, {"ConvTranspose"}},
    {OpKind::linear, linear, {"Gemm", "MatMul", "Add", "Transpose"}},
    {OpKind::matmul, matmul, {"MatMul", "Gemm", "Transpose"}},
}};

}  // namespace

std::span<const ExportRule> product_exports() { return rules; }

}  // namespace sinter::onnx
