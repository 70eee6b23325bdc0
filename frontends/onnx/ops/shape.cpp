#include <algorithm>
#include <array>
#include <numeric>

#include "frontends/onnx/expressions.h"
#include "frontends/onnx/op_table.h"

namespace sinter::onnx {
namespace {

void shape_op(NodeImport& in) {
  const Value x = in.value(0);
  const auto rank = static_cast<int64_t>(x.shape().size());
  const auto bound = [&](int64_t at) { return std::clamp<int64_t>(at < 0 ? at + rank : at, 0, rank); };
  const int64_t start = bound(in.integer("start", 0)), end = std::max(start, bound(in.integer("end", rank)));
  in.result(0, Dims{Shape(x.shape().begin() + start, x.shape().begin() + end)});
}

void size_op(NodeImport& in) {
  const Value x = in.value(0);
  if (!is_concrete(x.shape())) in.reject(fmt::format("the size of {} needs numbers", to_string(x.type())));
  in.result(0, Tensor::of<int64_t>({}, {element_count(x.shape())}));
}

void reshape_op(NodeImport& in) {
  const Value x = in.value(0);
  Dims target = in.dims(1, "shape");
  const bool zeros_count = in.flag("allowzero", false);
  for (size_t i = 0; i < target.values.size(); ++i) {
    Dim& dim = target.values[i];
    if (!dim.is_symbol() && dim.size < -1)
      in.reject(fmt::format("shape {}; expected sizes of -1 or more", to_string(target.values)));
    if (dim != Dim(0) || zeros_count) continue;
    if (i >= x.shape().size())
      in.reject(fmt::format("shape {} has a 0 where x has no dimension", to_string(target.values)));
    dim = x.shape()[i];
  }
  in.result(0, reshape_to(x, target.values));
}

void flatten_op(NodeImport& in) {
  const Value x = in.value(0);
  const size_t axis = in.axis(in.integer("axis", 1), x.shape().size(), true);
  const Shape shape = x.shape();
  if (axis == 1 && shape.size() > 1 && is_concrete({shape.begin() + 1, shape.end()}))
    return in.result(0, shape.size() == 2 ? x : flatten(x));
  const auto joined = [](auto begin, auto end) {
    Ints sizes;
    for (; begin != end; ++begin) {
      if (begin->is_symbol()) return Dim(-1);
      sizes.push_back(begin->size);
    }
    return Dim(checked_product(sizes));
  };
  const auto middle = shape.begin() + static_cast<int64_t>(axis);
  in.result(0, reshape_to(x, {joined(shape.begin(), middle), joined(middle, shape.end())}));
}

// Axes are an attribute before opset 13, an input from then on.
std::optional<Ints> axes_of(NodeImport& in, size_t rank) {
  std::optional<Ints> axes;
  if (in.version() < 13) {
    if (in.has_attribute("axes")) axes = in.ints("axes");
  } else if (in.has(1)) {
    axes = in.integers(1, "axes");
  }
  if (!axes) return axes;
  axes = in.axes(*axes, rank);
  std::ranges::sort(*axes);
  return axes;
}

void squeeze(NodeImport& in) {
  const Value x = in.value(0);
  const auto axes = axes_of(in, x.shape().size());
  Shape shape;
  for (size_t i = 0; i < x.shape().size(); ++i) {
    const Dim& dim = x.shape()[i];
    const bool named = axes && std::ranges::find(*axes, static_cast<int64_t>(i)) != axes->end();
    if (named && dim != Dim(1)) in.reject(fmt::format("dimension {} of {} is not 1", i, to_string(x.type())));
    if (!named && (axes || dim != Dim(1))) shape.push_back(dim);
  }
  in.result(0, reshape_to(x, shape));
}

void unsqueeze(NodeImport& in) {
  const Value x = in.value(0);
  const size_t more = in.version() < 13 ? in.ints("axes").size() : in.integers(1, "axes").size();
  const auto axes = axes_of(in, x.shape().size() + more);
  Shape shape = x.shape();
  for (const int64_t axis : *axes) shape.insert(shape.begin() + axis, Dim(1));
  in.result(0, reshape_to(x, shape));
}

void transpose_op(NodeImport& in) {
  const Value x = in.value(0);
  Ints order(x.shape().size());
  std::iota(order.rbegin(), order.rend(), 0);
  const Ints same(order.rbegin(), order.rend());
  order = in.ints("perm", order);
  in.result(0, order == same ? x : transpose(x, order));
}

void expand(NodeImport& in) { in.result(0, expanded(in.value(0), in.dims(1, "shape").values)); }

void tile(NodeImport& in) {
  Value x = in.value(0);
  const Shape repeats = in.dims(1, "repeats").values;
  if (repeats.size() != x.shape().size())
    in.reject(fmt::format("{} repeats for {} dimensions", repeats.size(), x.shape().size()));
  Shape shape = x.shape();
  for (size_t i = 0; i < repeats.size(); ++i) {
    const Dim& times = repeats[i];
    if (times.is_symbol()) {
      if (shape[i] != Dim(1))
        in.reject(
            fmt::format("{} repeats of a dimension of {}; expected 1", times.symbol, to_string(shape[i])));
      shape[i] = times;
      continue;
    }
    if (times.size < 1 || times.size > 1024)
      in.reject(fmt::format("{} repeats; expected 1 to 1024", times.size));
    if (times.size > 1) x = joined(std::vector<Value>(static_cast<size_t>(times.size), x), i);
    shape[i] = x.shape()[i];
  }
  in.result(0, expanded(x, shape));
}

// Blocks of channels and squares of pixels are dimensions of their own on the way.
void depth_to_space(NodeImport& in) {
  const Value x = in.value(0);
  const int64_t b = in.integer("blocksize");
  const std::string mode = in.word("mode", "DCR");
  if (x.shape().size() != 4 || b < 1 || b > 1024)
    in.reject(fmt::format("blocksize {} on x {}", b, to_string(x.type())));
  const int64_t c = known_size(x, 1, "DepthToSpace"), h = known_size(x, 2, "DepthToSpace"),
                w = known_size(x, 3, "DepthToSpace");
  if (c % (b * b) != 0) in.reject(fmt::format("{} channels in blocks of {}", c, b * b));
  if (mode != "DCR" && mode != "CRD") in.reject(fmt::format("mode \"{}\"; expected DCR or CRD", mode));
  const Dim n = x.shape()[0];
  const Value y = mode == "DCR" ? transpose(reshape_to(x, {n, b, b, c / (b * b), h, w}), {0, 3, 4, 1, 5, 2})
                                : transpose(reshape_to(x, {n, c / (b * b), b, b, h, w}), {0, 1, 4, 2, 5, 3});
  in.result(0, reshape_to(y, {n, c / (b * b), h * b, w * b}));
}

void space_to_depth(NodeImport& in) {
  const Value x = in.value(0);
  const int64_t b = in.integer("blocksize");
  if (x.shape().size() != 4 || b < 1 || b > 1024)
    in.reject(fmt::format("blocksize {} on x {}", b, to_string(x.type())));
  const int64_t c = known_size(x, 1, "SpaceToDepth"), h = known_size(x, 2, "SpaceToDepth"),
                w = known_size(x, 3, "SpaceToDepth");
  if (h % b != 0 || w % b != 0) in.reject(fmt::format("{} x {} pixels in squares of {}", h, w, b));
  const Dim n = x.shape()[0];
  const Value y = transpose(reshape_to(x, {n, c, h / b, b, w / b, b}), {0, 3, 5, 1, 2, 4});
  in.result(0, reshape_to(y, {n, c * b * b, h / b, w / b}));
}

constexpr std::array<Op, 11> rows = {{
    {"Shape", {1, 13, 15, 19}, shape_op, {}, {}, "", true},
    {"Size", {1, 13, 19}, size_op, {}, {}, "", true},
    {"Reshape", {5, 13, 14, 19}, reshape_op},
    {"Flatten", {1, 9, 11, 13}, flatten_op},
    {"Squeeze", {1, 11, 13}, squeeze},
    {"Unsqueeze", {1, 11, 13}, unsqueeze},
    {"Transpose", {1, 13}, transpose_op},
    {"Expand", {8, 13}, expand},
    {"Tile", {6, 13}, tile},
    {"DepthToSpace", {1, 11, 13}, depth_to_space},
    {"SpaceToDepth", {1, 13}, space_to_depth},
}};

}  // namespace

std::span<const Op> shape_ops() { return rows; }

}  // namespace sinter::onnx
