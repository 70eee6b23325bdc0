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

// Numbers with numbers; a symbol only with what leaves it as it is.
template <typename F>
bool combine(NodeImport& in, int64_t neutral, bool commutes, F compute) {
  const Dims a = all_of(in, 0), b = all_of(in, 1);
  const size_t size = std::max(a.values.size(), b.values.size());
  Dims result{{}, a.scalar && b.scalar};
  for (size_t i = 0; i < size; ++i) {
    if ((a.values.size() != size && a.values.size() != 1) ||
        (b.values.size() != size && b.values.size() != 1))
      in.reject("the two shapes do not broadcast");
    const Dim &x = a.values[a.values.size() == 1 ? 0 : i], &y = b.values[b.values.size() == 1 ? 0 : i];
    if (!x.is_symbol() && !y.is_symbol())
      result.values.emplace_back(compute(x.size, y.size));
    else if (y == Dim(neutral))
      result.values.push_back(x);
    else if (commutes && x == Dim(neutral))
      result.values.push_back(y);
    else
      in.reject(fmt::format("{} of {} and {}, which is no number before the symbols are", in.node().op,
                            to_string(x), to_string(y)));
  }
  in.result(0, std::move(result));
  return true;
}

// Of sizes: what does not fit 63 bits is no size.
int64_t checked(bool overflow, int64_t value) {
  if (overflow) fail_input("the arithmetic on shapes overflows");
  return value;
}

bool mul_dims(NodeImport& in) {
  return combine(in, 1, true, [](int64_t a, int64_t b) {
    int64_t y = 0;
    return checked(__builtin_mul_overflow(a, b, &y), y);
  });
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

struct Rule {
  std::string_view op;
  bool (*compute)(NodeImport&);
};

constexpr Rule rules[] = {
    {"Concat", concat_dims},  {"Gather", gather_dims}, {"Slice", slice_dims}, {"Identity", same_dims},
    {"Unsqueeze", to_vector}, {"Squeeze", to_scalar},  {"Mul", mul_dims},     {"Add", add_dims},
    {"Sub", sub_dims},        {"Div", div_dims},       {"Cast", cast_dims},
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
