#include <algorithm>
#include <array>
#include <cmath>

#include "frontends/onnx/element_types.h"
#include "frontends/onnx/expressions.h"
#include "frontends/onnx/op_table.h"

namespace sinter::onnx {
namespace {

// Of Range: constants are made when a model is read, and must not take all memory.
constexpr int64_t largest_count = int64_t{1} << 27;

void constant(NodeImport& in) {
  const auto f32s = [](const Reals& values) {
    Tensor tensor(DType::f32, {static_cast<int64_t>(values.size())});
    for (size_t i = 0; i < values.size(); ++i) tensor.set(static_cast<int64_t>(i), values[i]);
    return tensor;
  };
  if (const auto* value = in.attribute("value"))
    if (const auto* tensor = std::get_if<Tensor>(value)) return in.result(0, *tensor);
  if (in.has_attribute("value_float"))
    return in.result(0, Tensor::scalar(DType::f32, in.real("value_float")));
  if (in.has_attribute("value_int")) return in.result(0, Tensor::of<int64_t>({}, {in.integer("value_int")}));
  if (const auto* floats = in.attribute("value_floats"))
    if (const auto* values = std::get_if<Reals>(floats)) return in.result(0, f32s(*values));
  if (in.has_attribute("value_ints")) {
    const Ints values = in.ints("value_ints");
    return in.result(
        0, Tensor::of<int64_t>({static_cast<int64_t>(values.size())}, std::span<const int64_t>(values)));
  }
  in.reject("no attribute value, value_float, value_floats, value_int or value_ints with numbers");
}

void constant_of_shape(NodeImport& in) {
  Tensor value = Tensor::scalar(DType::f32, 0);
  if (const auto* given = in.attribute("value")) {
    const auto* tensor = std::get_if<Tensor>(given);
    if (!tensor || tensor->count() != 1) in.reject("attribute value is not a TENSOR of one element");
    value = *tensor;
  }
  if (in.named(0).dims)
    return in.result(
        0, expanded(reshape_to(in.graph().constant(std::move(value)), {}), in.named(0).dims->values));
  const Ints shape = in.integers(0, "the shape");
  for (const int64_t size : shape)
    if (size < 0) in.reject(fmt::format("shape [{}]; expected sizes of 0 or more", fmt::join(shape, ", ")));
  Tensor tensor = filled(value.dtype(), shape, 0);
  dispatch_numeric(value.dtype(),
                   [&]<typename T>() { std::ranges::fill(tensor.values<T>(), value.values<T>()[0]); });
  in.result(0, std::move(tensor));
}

void identity(NodeImport& in) { in.result(0, in.value(0)); }

void range(NodeImport& in) {
  const Tensor start = in.constant(0, "start"), limit = in.constant(1, "limit"),
               delta = in.constant(2, "delta");
  if (start.count() != 1 || limit.count() != 1 || delta.count() != 1) in.reject("expected one number each");
  const double step = delta.at(0), count = std::ceil((limit.at(0) - start.at(0)) / step);
  if (step == 0 || !(count < static_cast<double>(largest_count)))
    in.reject(fmt::format("{} to {} by {}; at most {} elements are made when a model is read", start.at(0),
                          limit.at(0), step, largest_count));
  Tensor tensor(start.dtype(), {static_cast<int64_t>(std::max(count, 0.0))});
  for (int64_t i = 0; i < tensor.count(); ++i) tensor.set(i, start.at(0) + static_cast<double>(i) * step);
  in.result(0, std::move(tensor));
}

// In inference nothing is dropped, and the mask is all true; in training the IR's dropout is what it is.
void dropout(NodeImport& in) {
  const Value x = in.value(0);
  in.attribute("seed");
  in.attribute("is_test");
  double ratio = in.real("ratio", 0.5);
  if (in.version() >= 12 && in.has(1)) ratio = decimal(static_cast<float>(in.constant(1, "ratio").at(0)));
  if (!(ratio >= 0 && ratio <= 1)) in.reject(fmt::format("ratio is {}; expected 0 to 1", ratio));
  const bool training = in.version() >= 12 && in.has(2) && in.constant(2, "training_mode").at(0) != 0;
  if (training && ratio != 0) {
    if (in.named(2).given || in.wants(1))
      in.reject("in training mode its numbers are random ones, in an order that is not defined");
    in.note_training();
  }
  const bool drops = is_floating(x.dtype()) && ratio > 0;
  in.result(0, drops ? sinter::dropout(x, ratio) : x);
  if (!in.wants(1)) return;
  if (!is_concrete(x.shape())) in.reject(fmt::format("the mask of {} needs numbers", to_string(x.type())));
  const DType mask = in.version() >= 10 ? DType::boolean : x.dtype();
  in.result(1, filled(mask, sizes(x.shape()), 1));
}

constexpr std::array<Op, 5> rows = {{
    {"Constant", {1, 9, 11, 12, 13, 19}, constant, {}, {}, "", true},
    {"ConstantOfShape", {9, 20}, constant_of_shape, {}, {}, "", true},
    {"Identity", {1, 13, 14, 16}, identity},
    {"Range", {11}, range, {}, {}, "", true},
    {"Dropout", {6, 7, 10, 12, 13}, dropout},
}};

}  // namespace

std::span<const Op> constant_ops() { return rows; }

}  // namespace sinter::onnx
