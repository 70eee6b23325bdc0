#include <algorithm>
#include <array>

#include "frontends/onnx/expressions.h"
#include "frontends/onnx/op_table.h"

namespace sinter::onnx {
namespace {

// What is picked one by one becomes a node each.
constexpr size_t most_pieces = 1024;

Value empty_value(NodeImport& in, Value x, Shape shape) {
  if (!is_concrete(shape)) in.reject(fmt::format("the result is {}; expected numbers", to_string(shape)));
  return in.graph().constant(Tensor(x.dtype(), sizes(shape)));
}

void concat_op(NodeImport& in) {
  const size_t axis = in.axis(in.integer("axis", in.version() < 4 ? std::optional<int64_t>(1) : std::nullopt),
                              in.value(0).shape().size());
  in.result(0, joined(in.values(), axis));
}

// The sizes of the parts: given, or as equal as they can be.
Ints split_sizes(NodeImport& in, int64_t size) {
  if (in.version() < 13 && in.has_attribute("split")) return in.ints("split");
  if (in.version() >= 13 && in.has(1)) return in.integers(1, "split");
  const auto outputs = static_cast<int64_t>(in.node().outputs.size());
  const int64_t parts = in.version() >= 18 ? in.integer("num_outputs", outputs) : outputs;
  if (parts < 1 || parts != outputs || (in.version() < 18 && size % parts != 0))
    in.reject(fmt::format("{} elements in {} parts for {} outputs", size, parts, outputs));
  const int64_t each = (size + parts - 1) / parts;
  Ints sizes;
  for (int64_t at = 0; at < parts; ++at) sizes.push_back(std::clamp<int64_t>(size - at * each, 0, each));
  return sizes;
}

void split(NodeImport& in) {
  const Value x = in.value(0);
  const size_t axis = in.axis(in.integer("axis", 0), x.shape().size());
  const int64_t size = known_size(x, axis, "Split");
  const Ints parts = split_sizes(in, size);
  int64_t total = 0;
  for (const int64_t each : parts) {
    if (each < 0 || each > size) in.reject(fmt::format("split [{}]", fmt::join(parts, ", ")));
    total += each;
  }
  if (parts.size() != in.node().outputs.size() || total != size)
    in.reject(fmt::format("split [{}] for {} outputs of a dimension of {}", fmt::join(parts, ", "),
                          in.node().outputs.size(), size));
  int64_t at = 0;
  for (size_t i = 0; i < parts.size(); at += parts[i++]) {
    Shape shape = x.shape();
    shape[axis] = parts[i];
    in.result(i, parts[i] == 0 ? empty_value(in, x, shape) : part(x, axis, at, at + parts[i]));
  }
}

// Elements from `start` down to above `end`, one node each.
Value backward_part(NodeImport& in, Value x, size_t axis, int64_t start, int64_t end, int64_t step) {
  std::vector<Value> pieces;
  for (int64_t i = start; i > end; i += step) {
    if (pieces.size() == most_pieces)
      in.reject(fmt::format("a slice backward of more than {} elements", most_pieces));
    pieces.push_back(element(x, axis, i));
  }
  return joined(std::move(pieces), axis);
}

Value slice_axis(NodeImport& in, Value x, size_t axis, int64_t start, int64_t end, int64_t step) {
  const int64_t size = known_size(x, axis, "Slice");
  if (step == 0) in.reject("a step of 0");
  const auto bound = [&](int64_t at, int64_t low, int64_t high) {
    return std::clamp(at < 0 && at >= -size ? at + size : at, low, high);
  };
  const bool forward = step > 0;
  start = forward ? bound(start, 0, size) : bound(start < -size ? -size - 1 : start, -1, size - 1);
  end = forward ? bound(end, 0, size) : bound(end < -size ? -size - 1 : end, -1, size - 1);
  if (forward ? start >= end : start <= end) {
    Shape shape = x.shape();
    shape[axis] = 0;
    return empty_value(in, x, shape);
  }
  if (!forward) return backward_part(in, x, axis, start, end, std::max(step, -size));
  return part(x, axis, start, end, std::min(step, size));
}

// Starts and ends are attributes before opset 10, inputs from then on.
void slice_op(NodeImport& in) {
  Value x = in.value(0);
  const bool inputs = in.version() >= 10;
  const Ints starts = inputs ? in.integers(1, "starts") : in.ints("starts");
  const Ints ends = inputs ? in.integers(2, "ends") : in.ints("ends");
  Ints axes(starts.size()), steps(starts.size(), 1);
  for (size_t i = 0; i < axes.size(); ++i) axes[i] = static_cast<int64_t>(i);
  if (inputs && in.has(3)) axes = in.integers(3, "axes");
  if (!inputs) axes = in.ints("axes", axes);
  if (inputs && in.has(4)) steps = in.integers(4, "steps");
  if (ends.size() != starts.size() || axes.size() != starts.size() || steps.size() != starts.size())
    in.reject(fmt::format("{} starts, {} ends, {} axes and {} steps; expected as many of each", starts.size(),
                          ends.size(), axes.size(), steps.size()));
  axes = in.axes(axes, x.shape().size());
  for (size_t i = 0; i < starts.size(); ++i) {
    const auto axis = static_cast<size_t>(axes[i]);
    const bool whole = starts[i] == 0 && steps[i] == 1 && ends[i] >= INT32_MAX;
    if (!whole) x = slice_axis(in, x, axis, starts[i], ends[i], steps[i]);
  }
  in.result(0, x);
}

int64_t index_of(NodeImport& in, int64_t index, int64_t size) {
  if (index < -size || index >= size) in.reject(fmt::format("index {} of a dimension of {}", index, size));
  return index < 0 ? index + size : index;
}

void gather(NodeImport& in) {
  const Value x = in.value(0);
  const size_t axis = in.axis(in.integer("axis", 0), x.shape().size());
  const Ints indices = in.integers(1, "indices");
  const auto of_indices = in.named(1).constant->shape();
  const int64_t size = known_size(x, axis, "Gather");
  if (indices.size() > most_pieces)
    in.reject(fmt::format("{} indices; at most {} are supported", indices.size(), most_pieces));
  std::vector<Value> pieces;
  for (const int64_t index : indices) pieces.push_back(element(x, axis, index_of(in, index, size)));
  Shape shape(x.shape().begin(), x.shape().begin() + static_cast<int64_t>(axis));
  shape.insert(shape.end(), of_indices.begin(), of_indices.end());
  shape.insert(shape.end(), x.shape().begin() + static_cast<int64_t>(axis) + 1, x.shape().end());
  if (pieces.empty()) return in.result(0, empty_value(in, x, shape));
  in.result(0, reshape_to(joined(std::move(pieces), axis), shape));
}

// By indices that are computed as the model runs: of all elements along the axis the one whose place an index
// names is left, the others are zeros in its sum.
void gather_computed(NodeImport& in, size_t axis) {
  Value x = in.value(0), index = in.value(1);
  const int64_t size = known_depth(x, axis, "GatherElements");
  for (size_t d = 0; d < x.shape().size(); ++d)
    if (index.shape().size() != x.shape().size() || (d != axis && index.shape()[d] != x.shape()[d]))
      in.reject(
          fmt::format("x is {}, the indices {}, computed as the model runs; expected the same but "
                      "along dimension {}",
                      to_string(x.type()), to_string(index.type()), axis));
  x = insert_axis(x, axis);
  index = insert_axis(index, axis + 1);
  index = select(compare(index, like(index, 0), "lt"), index + like(index, static_cast<double>(size)), index);
  const Value places = counting(in.graph(), index.dtype(), size, axis + 1, x.shape().size());
  const Value picked = select(compare(index, places, "eq"), x, like(x, 0));
  in.result(0, sum(picked, {.axes = {static_cast<int64_t>(axis) + 1}}));
}

// Each element is picked by its place in all of x.
void gather_elements(NodeImport& in) {
  const Value x = in.value(0);
  if (!in.fixed(1)) return gather_computed(in, in.axis(in.integer("axis", 0), x.shape().size()));
  if (!is_concrete(x.shape())) in.reject(fmt::format("x is {}; expected numbers", to_string(x.type())));
  const Ints shape = sizes(x.shape()), indices = in.integers(1, "indices");
  const auto of_indices = in.named(1).constant->shape();
  const size_t axis = in.axis(in.integer("axis", 0), shape.size());
  if (of_indices.size() != shape.size() || indices.empty() || indices.size() > most_pieces)
    in.reject(fmt::format("{} indices in {} dimensions; expected 1 to {} in {}", indices.size(),
                          of_indices.size(), most_pieces, shape.size()));
  const Value flat = reshape_to(x, {-1});
  std::vector<Value> pieces;
  for (size_t i = 0; i < indices.size(); ++i) {
    int64_t rest = static_cast<int64_t>(i), place = 0, step = 1;
    for (size_t d = shape.size(); d-- > 0; step *= shape[d]) {
      const int64_t at = d == axis ? index_of(in, indices[i], shape[d]) : rest % of_indices[d];
      if (at >= shape[d]) in.reject(fmt::format("dimension {} of the indices is larger than x's", d));
      rest /= of_indices[d];
      place += at * step;
    }
    pieces.push_back(element(flat, 0, place));
  }
  in.result(0, reshape_to(joined(std::move(pieces), 0), Shape(of_indices.begin(), of_indices.end())));
}

// The border repeated, or mirrored without itself.
Value pad_by_copies(NodeImport& in, Value x, size_t axis, int64_t before, int64_t behind, bool mirrored) {
  const int64_t size = known_size(x, axis, "Pad");
  if (size < 1 || (mirrored && std::max(before, behind) >= size))
    in.reject(fmt::format("{} and {} elements around a dimension of {}", before, behind, size));
  if (before + behind > static_cast<int64_t>(most_pieces))
    in.reject(fmt::format("more than {} elements around", most_pieces));
  std::vector<Value> pieces;
  for (int64_t i = before; i > 0; --i) pieces.push_back(element(x, axis, mirrored ? i : 0));
  pieces.push_back(x);
  for (int64_t i = 1; i <= behind; ++i)
    pieces.push_back(element(x, axis, mirrored ? size - 1 - i : size - 1));
  return joined(std::move(pieces), axis);
}

// Zeros come for nothing; another number takes the place of those outside of x.
Value pad_with(Value x, const Ints& before, const Ints& behind, Value number) {
  Value inside = x.graph().constant(Tensor::of<float>(Ints(x.shape().size(), 1), {1.0F}));
  Value y = x;
  for (size_t i = 0; i < before.size(); ++i) {
    if (before[i] == 0 && behind[i] == 0) continue;
    const int64_t size = known_size(x, i, "Pad");
    Ints shape(before.size(), 1);
    shape[i] = size;
    inside = inside * zeros_around(x.graph().constant(filled(DType::f32, shape, 1)), i, before[i], behind[i]);
    y = zeros_around(y, i, before[i], behind[i]);
  }
  return select(inside > 0.5, y, number);
}

// The pads for each dimension; as an attribute before opset 11, of some axes only from opset 18 on.
std::pair<Ints, Ints> pads_of(NodeImport& in, size_t rank) {
  const Ints pads = in.version() < 11 ? in.ints("pads") : in.integers(1, "pads");
  Ints axes(rank);
  for (size_t i = 0; i < rank; ++i) axes[i] = static_cast<int64_t>(i);
  if (in.version() >= 18 && in.has(3)) axes = in.integers(3, "axes");
  if (pads.size() != 2 * axes.size())
    in.reject(fmt::format("{} pads for {} dimensions", pads.size(), axes.size()));
  axes = in.axes(axes, rank);
  Ints before(rank, 0), behind(rank, 0);
  for (size_t i = 0; i < axes.size(); ++i) {
    const auto axis = static_cast<size_t>(axes[i]);
    before[axis] = pads[i];
    behind[axis] = pads[i + axes.size()];
    if (std::max(std::abs(pads[i]), std::abs(pads[i + axes.size()])) > 1 << 24)
      in.reject(fmt::format("pads [{}]", fmt::join(pads, ", ")));
  }
  return {before, behind};
}

void pad(NodeImport& in) {
  Value x = in.value(0);
  auto [before, behind] = pads_of(in, x.shape().size());
  for (size_t i = 0; i < before.size(); ++i) {  // below 0: cut off
    if (before[i] >= 0 && behind[i] >= 0) continue;
    const int64_t size = known_size(x, i, "Pad");
    const int64_t first = std::max<int64_t>(-before[i], 0), last = size - std::max<int64_t>(-behind[i], 0);
    if (first >= last)
      in.reject(fmt::format("pads {} and {} of a dimension of {}", before[i], behind[i], size));
    x = part(x, i, first, last);
    before[i] = std::max<int64_t>(before[i], 0);
    behind[i] = std::max<int64_t>(behind[i], 0);
  }
  const std::string mode = in.word("mode", "constant");
  if (mode == "edge" || mode == "reflect") {
    for (size_t i = 0; i < before.size(); ++i)
      if (before[i] > 0 || behind[i] > 0)
        x = pad_by_copies(in, x, i, before[i], behind[i], mode == "reflect");
    return in.result(0, x);
  }
  if (mode != "constant") in.reject(fmt::format("mode \"{}\"; expected constant, edge or reflect", mode));
  const bool input = in.version() >= 11 && in.has(2);
  const auto fixed = input ? in.fixed(2) : std::nullopt;
  const double number = in.version() < 11              ? in.real("value", 0)
                        : fixed && fixed->count() == 1 ? fixed->at(0)
                                                       : 0;
  if (number == 0 && (!input || fixed)) {
    for (size_t i = 0; i < before.size(); ++i) x = zeros_around(x, i, before[i], behind[i]);
    return in.result(0, x);
  }
  in.result(0, pad_with(x, before, behind, input ? reshape_to(in.value(2), {}) : like(x, number)));
}

constexpr std::array<Op, 6> rows = {{
    {"Concat", {4, 11, 13}, concat_op},
    {"Split", {2, 11, 13, 18}, split},
    {"Slice", {1, 10, 11, 13}, slice_op},
    {"Gather", {1, 11, 13}, gather},
    {"GatherElements", {11, 13}, gather_elements},
    {"Pad", {2, 11, 13, 18, 19}, pad},
}};

}  // namespace

std::span<const Op> indexing_ops() { return rows; }

}  // namespace sinter::onnx
