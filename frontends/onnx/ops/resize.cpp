#include <algorithm>
#include <array>
#include <cmath>

#include "frontends/onnx/expressions.h"
#include "frontends/onnx/op_table.h"

/// Interpolation along an axis is a matrix product: row i says how much of each element is in element i of
/// the result. All of ONNX's modes and ways to place pixels are such rows.
namespace sinter::onnx {
namespace {

constexpr int64_t largest_matrix = int64_t{1} << 24;

struct Interpolation {
  std::string mode = "nearest", coordinates = "asymmetric", nearest = "floor";
  double cubic_a = -0.75;
  bool exclude_outside = false;
};

struct Axis {
  int64_t from, to;
  double scale;
};

// Where element i of the result lies in x.
double position(const Interpolation& how, const Axis& axis, int64_t i) {
  const double at = static_cast<double>(i), half = (at + 0.5) / axis.scale - 0.5;
  const double length = axis.scale * static_cast<double>(axis.from);  // of the result, before it is rounded
  if (how.coordinates == "half_pixel") return half;
  if (how.coordinates == "pytorch_half_pixel") return length > 1 ? half : 0;
  if (how.coordinates == "tf_half_pixel_for_nn") return (at + 0.5) / axis.scale;
  if (how.coordinates == "align_corners")
    return length == 1 ? 0 : at * static_cast<double>(axis.from - 1) / (length - 1);
  return at / axis.scale;
}

double nearest(const Interpolation& how, double at) {
  if (how.nearest == "floor") return std::floor(at);
  if (how.nearest == "ceil") return std::ceil(at);
  return how.nearest == "round_prefer_ceil" ? std::floor(at + 0.5) : std::ceil(at - 0.5);
}

// Keys, IEEE Transactions on Acoustics, Speech, and Signal Processing 29(6), 1981.
double cubic(double a, double distance) {
  const double d = std::fabs(distance);
  if (d <= 1) return ((a + 2) * d - (a + 3)) * d * d + 1;
  return d < 2 ? a * (((d - 5) * d + 8) * d - 4) : 0;
}

struct Tap {
  int64_t index;
  double weight;
};

std::vector<Tap> taps(const Interpolation& how, double at) {
  if (how.mode == "nearest") return {{static_cast<int64_t>(nearest(how, at)), 1}};
  const double floor = std::floor(at), rest = at - floor;
  const auto first = static_cast<int64_t>(floor);
  if (how.mode == "linear") return {{first, 1 - rest}, {first + 1, rest}};
  std::vector<Tap> all;
  for (int64_t i = -1; i <= 2; ++i)
    all.push_back({first + i, cubic(how.cubic_a, static_cast<double>(i) - rest)});
  return all;
}

// Taps outside of x read its border, or count for nothing.
Tensor matrix(const Interpolation& how, const Axis& axis, DType dtype) {
  Tensor rows(dtype, {axis.to, axis.from});
  for (int64_t i = 0; i < axis.to; ++i) {
    double total = 0;
    auto all = taps(how, position(how, axis, i));
    for (Tap& tap : all) {
      if (how.exclude_outside && (tap.index < 0 || tap.index >= axis.from)) tap.weight = 0;
      total += tap.weight;
    }
    for (const Tap& tap : all) {
      const int64_t at = i * axis.from + std::clamp<int64_t>(tap.index, 0, axis.from - 1);
      rows.set(at, rows.at(at) + tap.weight / total);
    }
  }
  return rows;
}

// Rows as columns.
Tensor turned(const Tensor& rows) {
  const int64_t to = rows.shape()[0], from = rows.shape()[1];
  Tensor columns(rows.dtype(), {from, to});
  for (int64_t i = 0; i < to; ++i)
    for (int64_t k = 0; k < from; ++k) columns.set(k * to + i, rows.at(i * from + k));
  return columns;
}

Value resized(Value x, size_t axis, const Tensor& rows) {
  const size_t rank = x.shape().size();
  if (rank > 1 && axis + 2 == rank) return matmul(x.graph().constant(rows), x);
  const Value a = x.graph().constant(turned(rows));
  if (rank == 1) return reshape_to(matmul(insert_axis(x, 0), a), {-1});
  if (axis + 1 == rank) return matmul(x, a);
  Ints order(rank);
  for (size_t i = 0; i < rank; ++i) order[i] = static_cast<int64_t>(i);
  std::swap(order[axis], order[rank - 1]);
  return transpose(matmul(transpose(x, order), a), order);
}

void resize_axis(NodeImport& in, Value& y, size_t i, const Interpolation& how, std::optional<double> scale,
                 const std::optional<Dim>& size) {
  const Dim dim = y.shape()[i];
  if ((scale && *scale == 1) || (size && dim == *size)) return;
  const int64_t from = known_size(y, i, "Resize");
  if (size && size->is_symbol())
    in.reject(fmt::format("dimension {} of {} is to become the symbol {}; expected a number", i, from,
                          size->symbol));
  if (scale && !(*scale > 0 && *scale < 1e6)) in.reject(fmt::format("a scale of {}", *scale));
  const int64_t to = size ? size->size : static_cast<int64_t>(std::floor(static_cast<double>(from) * *scale));
  if (from < 1 || to < 1 || to > largest_matrix / from)
    in.reject(fmt::format("dimension {} of {} is to become {}", i, from, to));
  const double factor = scale ? *scale : static_cast<double>(to) / static_cast<double>(from);
  y = resized(y, i, matrix(how, {from, to, factor}, y.dtype()));
}

void resize_all(NodeImport& in, const Interpolation& how, const std::vector<double>& scales,
                const Shape& sizes) {
  const Value x = in.value(0);
  const size_t rank = x.shape().size(), given = scales.empty() ? sizes.size() : scales.size();
  Ints axes(rank);
  for (size_t i = 0; i < rank; ++i) axes[i] = static_cast<int64_t>(i);
  axes = in.ints("axes", axes);
  if (given != axes.size()) in.reject(fmt::format("{} scales or sizes; expected {}", given, axes.size()));
  axes = in.axes(axes, rank);
  Value y = is_floating(x.dtype()) ? x : cast(x, DType::f32);
  for (size_t i = 0; i < axes.size(); ++i)
    resize_axis(in, y, static_cast<size_t>(axes[i]), how,
                scales.empty() ? std::nullopt : std::optional(scales[i]),
                scales.empty() ? std::optional(sizes[i]) : std::nullopt);
  in.result(0, as_type(y, x.dtype()));
}

std::vector<double> reals(const NodeImport& in, size_t i, std::string_view what) {
  const Tensor tensor = in.constant(i, what);
  std::vector<double> values;
  for (int64_t k = 0; k < tensor.count(); ++k) values.push_back(tensor.at(k));
  return values;
}

void check_words(const NodeImport& in, const Interpolation& how) {
  const auto one_of = [&](std::string_view name, const std::string& word,
                          std::initializer_list<std::string_view> words) {
    if (std::ranges::find(words, word) == words.end())
      in.reject(
          fmt::format("attribute {} is \"{}\"; expected one of {}", name, word, fmt::join(words, ", ")));
  };
  one_of("mode", how.mode, {"nearest", "linear", "cubic"});
  one_of("coordinate_transformation_mode", how.coordinates,
         {"half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric", "tf_half_pixel_for_nn"});
  one_of("nearest_mode", how.nearest, {"round_prefer_floor", "round_prefer_ceil", "floor", "ceil"});
}

void resize(NodeImport& in) {
  Interpolation how;
  how.mode = in.word("mode", "nearest");
  in.attribute("extrapolation_value");
  if (in.version() == 10) {
    check_words(in, how);
    return resize_all(in, how, reals(in, 1, "scales"), {});
  }
  how.coordinates = in.word("coordinate_transformation_mode", "half_pixel");
  how.nearest = in.word("nearest_mode", "round_prefer_floor");
  how.cubic_a = in.real("cubic_coeff_a", -0.75);
  how.exclude_outside = in.flag("exclude_outside", false);
  check_words(in, how);
  if (in.flag("antialias", false)) in.reject("antialias is not supported");
  if (in.word("keep_aspect_ratio_policy", "stretch") != "stretch")
    in.reject("keep_aspect_ratio_policy is not supported but for stretch");
  const Shape sizes = in.has(3) ? in.dims(3, "sizes").values : Shape{};
  if (!sizes.empty()) return resize_all(in, how, {}, sizes);
  resize_all(in, how, reals(in, 2, "scales"), {});
}

void upsample(NodeImport& in) {
  Interpolation how;
  how.mode = in.word("mode", "nearest");
  if (how.mode == "bilinear") how.mode = "linear";
  check_words(in, how);
  if (in.version() >= 9) return resize_all(in, how, reals(in, 1, "scales"), {});
  const auto* scales = in.attribute("scales");
  const auto* values = scales ? std::get_if<Reals>(scales) : nullptr;
  if (!values) in.reject("attribute scales is missing, or no FLOATS");
  resize_all(in, how, *values, {});
}

constexpr std::array<Op, 2> rows = {{
    {"Resize", {10, 11, 13, 18, 19}, resize},
    {"Upsample", {7, 9}, upsample},
}};

}  // namespace

std::span<const Op> resize_ops() { return rows; }

}  // namespace sinter::onnx
