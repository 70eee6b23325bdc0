#include <algorithm>
#include <array>
#include <cmath>

#include "frontends/onnx/export_table.h"

namespace sinter::onnx {
namespace {

void flatten(NodeExport& out) {
  const auto rank = static_cast<int64_t>(out.shape(0).size());
  const auto from_zero = [&](std::string_view name) {
    const int64_t axis = out.attributes().integer(name);
    return axis < 0 ? axis + rank : axis;
  };
  if (from_zero("start_dim") == 1 && from_zero("end_dim") == rank - 1)
    return out.result("Flatten", out.inputs(), {{"axis", 1}});
  out.reshape_result(out.in(0), out.shape(0));
}

void reshape(NodeExport& out) { out.reshape_result(out.in(0), out.shape(0)); }

void transpose(NodeExport& out) {
  if (out.shape(0).empty()) return out.result("Identity", out.inputs());
  out.result("Transpose", out.inputs(), {{"perm", out.attributes().ints("permutation")}});
}

void broadcast_to(NodeExport& out) {
  out.result("Expand", {out.in(0), out.integers("shape", out.attributes().ints("shape"))});
}

// Sums over what was repeated; leading dimensions go.
void sum_to(NodeExport& out) {
  const Shape &x = out.shape(0), &y = out.result_type().shape;
  const size_t more = x.size() - y.size();
  Ints axes;
  Shape kept = x;
  for (size_t i = 0; i < x.size(); ++i) {
    if (i >= more && y[i - more] == x[i]) continue;
    axes.push_back(static_cast<int64_t>(i));
    kept[i] = 1;
  }
  if (axes.empty()) return out.result("Identity", out.inputs());
  const std::string over = out.integers("axes", axes);
  if (kept == y) return out.result("ReduceSum", {out.in(0), over}, {{"keepdims", 1}});
  out.reshape_result(out.emit("ReduceSum", {out.in(0), over}, {{"keepdims", 1}}), kept);
}

void concat(NodeExport& out) {
  out.result("Concat", out.inputs(), {{"axis", out.attributes().integer("axis")}});
}

void slice(NodeExport& out) {
  const Attributes& a = out.attributes();
  out.result("Slice",
             {out.in(0), out.integers("start", {a.integer("start")}), out.integers("end", {a.integer("end")}),
              out.integers("axis", {a.integer("axis")}), out.integers("step", {a.integer("step")})});
}

Ints pads_along(size_t rank, size_t axis, int64_t before, int64_t behind) {
  Ints pads(2 * rank, 0);
  pads[axis] = before;
  pads[rank + axis] = behind;
  return pads;
}

// Zeros around; where the elements lie apart, each is first given its zeros as a dimension of its own.
void slice_backward(NodeExport& out) {
  const Attributes& a = out.attributes();
  const Shape& dy = out.shape(0);
  const auto rank = dy.size();
  const auto axis = static_cast<size_t>(a.integer("axis") < 0 ? a.integer("axis") + static_cast<int64_t>(rank)
                                                              : a.integer("axis"));
  const int64_t step = a.integer("step"), start = a.integer("start"), count = out.known_size(dy, axis);
  std::string spread = out.in(0);
  if (step > 1) {
    Shape apart = dy, padded = dy;
    apart.insert(apart.begin() + static_cast<int64_t>(axis) + 1, Dim(1));
    padded[axis] = count * step;
    Shape with_zeros = apart;
    with_zeros[axis + 1] = step;
    const std::string pads = out.integers("pads", pads_along(rank + 1, axis + 1, 0, step - 1));
    spread = out.reshaped(out.emit("Pad", {out.reshaped(spread, dy, apart), pads}), with_zeros, padded);
  }
  const int64_t behind = a.integer("size") - start - count * step;  // below 0: the last one's zeros are cut
  out.result("Pad", {spread, out.integers("pads", pads_along(rank, axis, start, behind))});
}

void pad(NodeExport& out) {
  const Attributes& a = out.attributes();
  const Ints& p = a.ints("padding");
  std::vector<std::string> inputs = {out.in(0), out.integers("pads", {0, 0, p[0], p[1], 0, 0, p[2], p[3]})};
  if (a.word("mode") == "constant" && a.real("value") != 0) inputs.push_back(out.number(a.real("value")));
  out.result("Pad", std::move(inputs), {{"mode", a.word("mode")}});
}

// The f32 factor for which floor(from * factor) is `to`, exactly and so rounded too.
float scale(int64_t from, int64_t to) {
  auto factor = static_cast<float>(static_cast<double>(to) / static_cast<double>(from));
  while (static_cast<double>(from) * factor < static_cast<double>(to))
    factor = std::nextafter(factor, 2 * factor);
  return factor;
}

// The nearest pixels are picked by their numbers where Resize's factor would be rounded.
void nearest(NodeExport& out, const Ints& from, const Ints& to) {
  std::string y = out.in(0);
  for (size_t i = 0; i < 2; ++i) {
    Ints places;
    for (int64_t p = 0; p < to[i]; ++p) places.push_back(p * from[i] / to[i]);
    const std::string indices = out.integers("places", places);
    const NamedAttributes axis = {{"axis", static_cast<int64_t>(2 + i)}};
    if (i == 0)
      y = out.emit("Gather", {y, indices}, axis);
    else
      out.result("Gather", {y, indices}, axis);
  }
}

void resize(NodeExport& out) {
  const Attributes& a = out.attributes();
  const Ints from = {out.known_size(out.shape(0), 2), out.known_size(out.shape(0), 3)},
             to = a.ints("output_size");
  const bool linear = a.word("mode") == "linear";
  if (!linear && (to[0] % from[0] != 0 || to[1] % from[1] != 0)) return nearest(out, from, to);
  const std::string factors =
      out.tensor("scales", Tensor::of<float>({4}, {1, 1, scale(from[0], to[0]), scale(from[1], to[1])}));
  const std::string coordinates = !linear                      ? "asymmetric"
                                  : a.boolean("align_corners") ? "align_corners"
                                                               : "half_pixel";
  out.result(
      "Resize", {out.in(0), "", factors},
      {{"mode", a.word("mode")}, {"coordinate_transformation_mode", coordinates}, {"nearest_mode", "floor"}});
}

constexpr std::array<ExportRule, 10> rules = {{
    {OpKind::flatten, flatten, {"Flatten", "Reshape"}},
    {OpKind::reshape, reshape, {"Reshape"}},
    {OpKind::transpose, transpose, {"Transpose", "Identity"}},
    {OpKind::broadcast_to, broadcast_to, {"Expand"}},
    {OpKind::sum_to, sum_to, {"ReduceSum", "Reshape", "Identity"}},
    {OpKind::concat, concat, {"Concat"}},
    {OpKind::slice, slice, {"Slice"}},
    {OpKind::slice_backward, slice_backward, {"Pad", "Reshape"}},
    {OpKind::pad, pad, {"Pad"}},
    {OpKind::resize, resize, {"Resize", "Gather"}},
}};

}  // namespace

std::span<const ExportRule> shape_exports() { return rules; }

}  // namespace sinter::onnx
