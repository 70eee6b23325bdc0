#include <algorithm>

#include "frontends/onnx/op_table.h"

/// What networks compute of shapes when the batch is a symbol: most often
/// Reshape(x, Concat(Unsqueeze(Gather(Shape(x), 0)), -1)).
namespace sinter::onnx {
namespace {

Dims all_of(NodeImport& in, size_t i) { return in.dims(i, "a shape"); }

bool concat_dims(NodeImport& in) {
  in.integer("axis");
  Dims joined;
  for (size_t i = 0; i < in.input_count(); ++i) {
    const Dims part = all_of(in, i);
    joined.values.insert(joined.values.end(), part.values.begin(), part.values.end());
  }
  in.result(0, std::move(joined));
  return true;
}

bool gather_dims(NodeImport& in) {
  const Dims from = all_of(in, 0);
  const Dims which = all_of(in, 1);
  in.integer("axis", 0);
  Dims picked{{}, which.scalar};
  for (const Dim& index : which.values)
    picked.values.push_back(from.values[in.axis(index.size, from.values.size())]);
  in.result(0, std::move(picked));
  return true;
}

bool slice_dims(NodeImport& in) {
  const Dims from = all_of(in, 0);
  const bool inputs = in.version() >= 10;
  const Ints starts = inputs ? in.integers(1, "starts") : in.ints("starts");
  const Ints ends = inputs ? in.integers(2, "ends") : in.ints("ends");
  const Ints steps = inputs && in.has(4) ? in.integers(4, "steps") : Ints{1};
  if (starts.size() != 1 || ends.size() != 1 || steps != Ints{1})
    in.reject("a shape is sliced along its one dimension, by steps of 1");
  const auto size = static_cast<int64_t>(from.values.size());
  const auto bound = [&](int64_t at) { return std::clamp<int64_t>(at < 0 ? at + size : at, 0, size); };
  const int64_t start = bound(starts[0]), end = std::max(start, bound(ends[0]));
  in.result(0, Dims{Shape(from.values.begin() + start, from.values.begin() + end)});
  return true;
}

bool same_dims(NodeImport& in) {
  in.result(0, all_of(in, 0));
  return true;
}

bool to_vector(NodeImport& in) {
  Dims dims = all_of(in, 0);
  if (!dims.scalar) return false;
  dims.scalar = false;
  in.result(0, std::move(dims));
  return true;
}

bool to_scalar(NodeImport& in) {
  Dims dims = all_of(in, 0);
  if (dims.values.size() != 1) return false;
  dims.scalar = true;
  in.result(0, std::move(dims));
  return true;
}

// The size that all of them broadcast to.
size_t common_size(NodeImport& in, std::initializer_list<const Dims*> all) {
  size_t size = 1;
  for (const Dims* dims : all)
    if (dims->values.size() != 1) size = dims->values.size();
  for (const Dims* dims : all)
    if (dims->values.size() != 1 && dims->values.size() != size) in.reject("the shapes do not broadcast");
  return size;
}

const Dim& element_of(const Dims& dims, size_t i) { return dims.values[dims.values.size() == 1 ? 0 : i]; }

// Numbers with numbers; a symbol only with what leaves it as it is.
template <typename F>
Dim combined(NodeImport& in, const Dim& x, const Dim& y, int64_t neutral, bool commutes, F compute) {
  if (!x.is_symbol() && !y.is_symbol()) return compute(x.size, y.size);
  if (y == Dim(neutral)) return x;
  if (commutes && x == Dim(neutral)) return y;
  in.reject(fmt::format("{} of {} and {}, which is no number before the symbols are", in.node().op,
                        to_string(x), to_string(y)));
}

template <typename F>
bool combine(NodeImport& in, int64_t neutral, bool commutes, F compute) {
  const Dims a = all_of(in, 0), b = all_of(in, 1);
  Dims result{{}, a.scalar && b.scalar};
  for (size_t i = 0; i < common_size(in, {&a, &b}); ++i)
    result.values.push_back(combined(in, element_of(a, i), element_of(b, i), neutral, commutes, compute));
  in.result(0, std::move(result));
  return true;
}

// Of sizes: what does not fit 63 bits is no size.
int64_t checked(bool overflow, int64_t value) {
  if (overflow) fail_input("the arithmetic on shapes overflows");
  return value;
}

int64_t product(int64_t a, int64_t b) {
  int64_t y = 0;
  return checked(__builtin_mul_overflow(a, b, &y), y);
}

bool mul_dims(NodeImport& in) { return combine(in, 1, true, product); }

bool product_of_dims(NodeImport& in) {
  Dim all = 1;
  for (const Dim& each : all_of(in, 0).values) all = combined(in, all, each, 1, true, product);
  in.result(0, Dims{{all}, !in.flag("keepdims", true)});
  return true;
}

bool add_dims(NodeImport& in) {
  return combine(in, 0, true, [](int64_t a, int64_t b) {
    int64_t y = 0;
    return checked(__builtin_add_overflow(a, b, &y), y);
  });
}
bool sub_dims(NodeImport& in) {
  return combine(in, 0, false, [](int64_t a, int64_t b) {
    int64_t y = 0;
    return checked(__builtin_sub_overflow(a, b, &y), y);
  });
}
bool div_dims(NodeImport& in) {
  return combine(in, 1, false,
                 [](int64_t a, int64_t b) { return checked(b == 0 || b == -1, b == 0 ? 0 : a / b); });
}

// A cast to another kind of integer leaves sizes as they are.
bool cast_dims(NodeImport& in) {
  const int64_t to = in.integer("to");
  return (to == 6 || to == 7) && same_dims(in);
}

bool reshape_dims(NodeImport& in) {
  if (!in.named(0).dims) return false;
  const Ints to = in.integers(1, "shape");
  Dims dims = all_of(in, 0);
  const auto size = static_cast<int64_t>(dims.values.size());
  if (to.size() > 1 || (to.size() == 1 && to[0] != -1 && to[0] != size) || (to.empty() && size != 1))
    return false;
  dims.scalar = to.empty();
  in.result(0, std::move(dims));
  return true;
}

// Of a shape: how many dimensions it has.
bool shape_of_dims(NodeImport& in) {
  const Dims dims = all_of(in, 0);
  if (in.has_attribute("start") || in.has_attribute("end")) return false;
  const Ints shape = dims.scalar ? Ints{} : Ints{static_cast<int64_t>(dims.values.size())};
  in.result(0, Tensor::of<int64_t>({static_cast<int64_t>(shape.size())}, std::span<const int64_t>(shape)));
  return true;
}

// A symbol is 1 or more.
bool equal_sizes(NodeImport& in, const Dim& x, const Dim& y) {
  const Dim &symbol = x.is_symbol() ? x : y, &other = x.is_symbol() ? y : x;
  if (!symbol.is_symbol() || x == y) return x == y;
  if (other.is_symbol() || other.size > 0)
    in.reject(
        fmt::format("whether {} is {} is not known before the symbols are", to_string(x), to_string(y)));
  return false;
}

bool equal_dims(NodeImport& in) {
  const Dims a = all_of(in, 0), b = all_of(in, 1);
  const size_t size = common_size(in, {&a, &b});
  Tensor equal(DType::boolean, a.scalar && b.scalar ? Ints{} : Ints{static_cast<int64_t>(size)});
  for (size_t i = 0; i < size; ++i)
    equal.set(static_cast<int64_t>(i), equal_sizes(in, element_of(a, i), element_of(b, i)));
  in.result(0, std::move(equal));
  return true;
}

bool where_dims(NodeImport& in) {
  const Tensor condition = in.constant(0, "the condition");
  const Dims which{Shape(static_cast<size_t>(condition.count()), Dim(0)), condition.shape().empty()};
  const Dims a = all_of(in, 1), b = all_of(in, 2);
  Dims result{{}, which.scalar && a.scalar && b.scalar};
  for (size_t i = 0; i < common_size(in, {&which, &a, &b}); ++i) {
    const bool first = condition.at(condition.count() == 1 ? 0 : static_cast<int64_t>(i)) != 0;
    result.values.push_back(element_of(first ? a : b, i));
  }
  in.result(0, std::move(result));
  return true;
}

struct Rule {
  std::string_view op;
  bool (*compute)(NodeImport&);
};

constexpr Rule rules[] = {
    {"Concat", concat_dims},   {"Gather", gather_dims},
    {"Slice", slice_dims},     {"Identity", same_dims},
    {"Unsqueeze", to_vector},  {"Squeeze", to_scalar},
    {"Reshape", reshape_dims}, {"Shape", shape_of_dims},
    {"Mul", mul_dims},         {"Add", add_dims},
    {"Sub", sub_dims},         {"Div", div_dims},
    {"Cast", cast_dims},       {"Equal", equal_dims},
    {"Where", where_dims},     {"ReduceProd", product_of_dims},
};

}  // namespace

bool shape_arithmetic(NodeImport& in) {
  const auto* const rule = std::ranges::find(rules, in.node().op, &Rule::op);
  if (rule == std::end(rules)) return false;
  for (size_t i = 0; i < in.input_count(); ++i)
    if (in.has(i) && !in.named(i).dims && !in.named(i).constant) return false;
  return rule->compute(in);
}

}  // namespace sinter::onnx
