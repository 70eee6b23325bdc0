#include "ir/ops/reduction.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "ir/build.h"
#include "ir/ops/axis.h"
#include "ir/ops/walk.h"

namespace sinter::ops {

size_t resolve_axis(const Inference& in, int64_t axis, size_t rank) {
  const auto signed_rank = static_cast<int64_t>(rank);
  if (axis < -signed_rank || axis >= signed_rank)
    in.reject(fmt::format("axis {} of a value of {} dimensions", axis, rank), "-rank <= axis < rank");
  return resolved_axis(axis, rank);
}

namespace {

using AxisSet = std::array<bool, max_rank>;

AxisSet reduced_axes(const Ints& axes, size_t rank) {
  AxisSet set{};
  if (axes.empty()) set.fill(true);
  for (const int64_t axis : axes) set[resolved_axis(axis, rank)] = true;
  return set;
}

// x seen as two index spaces: the dimensions that stay and those that are summed away.
struct Split {
  std::array<int64_t, max_rank> kept_sizes{}, kept_strides{}, summed_sizes{}, summed_strides{};
  size_t kept = 0, summed = 0;
  int64_t summed_count = 1;

  Split(std::span<const int64_t> x, const AxisSet& axes) {
    int64_t step = 1;
    std::array<int64_t, max_rank> strides{};
    for (size_t d = x.size(); d-- > 0; step *= x[d]) strides[d] = step;
    for (size_t d = 0; d < x.size(); ++d) {
      if (axes[d]) {
        summed_sizes[summed] = x[d];
        summed_strides[summed++] = strides[d];
        summed_count *= x[d];
      } else {
        kept_sizes[kept] = x[d];
        kept_strides[kept++] = strides[d];
      }
    }
  }

  // Adds up one element of the result. The innermost dimension is a plain loop: that is where the time goes.
  template <typename Sum, typename T>
  Sum total(const T* x) const {
    if (summed == 0) return static_cast<Sum>(*x);
    const int64_t inner = summed_sizes[summed - 1], stride = summed_strides[summed - 1];
    if (summed_count == 0) return 0;
    Walk walk = Walk::strided(std::span(summed_sizes).first(summed - 1),
                              std::span(summed_strides).first(summed - 1), 0);
    Sum sum = 0;
    for (int64_t i = 0; i < summed_count / inner; ++i, walk.next()) {
      const T* row = x + walk.offset();
      for (int64_t j = 0; j < inner; ++j) sum += static_cast<Sum>(row[j * stride]);
    }
    return sum;
  }
};

// Integers wrap around, which only unsigned ones may.
template <typename T>
using SumType = std::conditional_t<std::is_floating_point_v<T>, double, uint64_t>;

// Where the leading dimensions are summed away, whole rows are added: a unit by itself would jump through all
// of x. The numbers are the same, since each element adds up in the same order.
template <typename T, typename F>
void reduce_rows(const T* x, T* y, int64_t rows, int64_t row, int64_t begin, int64_t end, F finish) {
  constexpr int64_t most = 512;
  std::array<SumType<T>, most> sums;
  for (int64_t from = begin; from < end; from += most) {
    const int64_t count = std::min(most, end - from);
    std::fill_n(sums.begin(), count, SumType<T>{0});
    for (int64_t r = 0; r < rows; ++r)
      for (int64_t i = 0; i < count; ++i) sums[i] += static_cast<SumType<T>>(x[r * row + from + i]);
    for (int64_t i = 0; i < count; ++i) y[from + i] = static_cast<T>(finish(sums[i], rows));
  }
}

// Whether the dimensions that are summed away come before all others.
bool are_leading(const AxisSet& axes, size_t rank) {
  return std::is_sorted(axes.begin(), axes.begin() + static_cast<int64_t>(rank), std::greater<>());
}

// result[unit] = finish(sum); sums are made in f64 or i64.
template <typename F>
void reduce(const Evaluation& e, const AxisSet& axes, int64_t begin, int64_t end, F finish) {
  const TensorView &x = e.operands[0], &y = e.results[0];
  const Split split(x.shape, axes);
  dispatch_numeric(x.dtype, [&]<typename T>() {
    if (are_leading(axes, x.shape.size()) && split.kept > 0)
      return reduce_rows(x.as<T>(), y.as<T>(), split.summed_count, y.count, begin, end, finish);
    Walk walk = Walk::strided(std::span(split.kept_sizes).first(split.kept),
                              std::span(split.kept_strides).first(split.kept), begin);
    for (int64_t unit = begin; unit < end; ++unit, walk.next())
      y.as<T>()[unit] = static_cast<T>(
          finish(split.template total<SumType<T>>(x.as<T>() + walk.offset()), split.summed_count));
  });
}

Shape reduced_shape(const Inference& in, const Shape& x, const Ints& axes, bool keepdims) {
  for (const int64_t axis : axes) resolve_axis(in, axis, x.size());
  const AxisSet set = reduced_axes(axes, x.size());
  Shape y;
  for (size_t d = 0; d < x.size(); ++d) {
    if (!set[d]) y.push_back(x[d]);
    if (set[d] && keepdims) y.push_back(1);
  }
  return y;
}

// dy with the reduced axes back as dimensions of size 1.
Value with_kept_dims(Value dy, const Shape& x, const Ints& axes) {
  const AxisSet set = reduced_axes(axes, x.size());
  Ints shape;
  for (size_t d = 0; d < x.size(); ++d) shape.push_back(set[d] ? 1 : x[d].size);
  return sizes(dy.shape()) == shape ? dy : reshape(dy, shape);
}

}  // namespace

std::vector<Type> infer_reduce(const Inference& in) {
  const Attributes& a = in.attributes();
  return {{in[0].dtype, reduced_shape(in, in[0].shape, a.ints("axes"), a.boolean("keepdims")), {}}};
}

std::vector<Type> infer_argmax(const Inference& in) {
  const Attributes& a = in.attributes();
  if (in[0].shape.empty()) in.reject("x is a scalar");
  if (in[0].shape[resolve_axis(in, a.integer("axis"), in[0].shape.size())].size == 0)
    in.reject("no largest among no elements");
  return {{DType::i64, reduced_shape(in, in[0].shape, {a.integer("axis")}, a.boolean("keepdims")), {}}};
}

std::vector<Type> infer_sum_to(const Inference& in) {
  const Ints& shape = in.attributes().ints("shape");
  Shape y(shape.begin(), shape.end());
  if (!broadcasts_to(y, in[0].shape))
    in.reject(fmt::format("{} does not broadcast to x's shape", to_string(y)));
  return {{in[0].dtype, std::move(y), {}}};
}

OperandGradients sum_gradient(const Differentiation& d) {
  const Shape x = d.x(0).shape();
  return {broadcast_to(with_kept_dims(*d.gradients[0], x, d.attributes.ints("axes")), sizes(x))};
}

OperandGradients mean_gradient(const Differentiation& d) {
  const Shape x = d.x(0).shape();
  const double share = per_sample_count(d.results[0].shape()) / per_sample_count(x);
  return {broadcast_to(with_kept_dims(*d.gradients[0] * share, x, d.attributes.ints("axes")), sizes(x))};
}

OperandGradients sum_to_gradient(const Differentiation& d) {
  return {broadcast_to(*d.gradients[0], sizes(d.x(0).shape()))};
}

int64_t result_units(const Evaluation& e) { return e.results[0].count; }

void evaluate_sum(const Evaluation& e, int64_t begin, int64_t end) {
  reduce(e, reduced_axes(e.attributes.ints("axes"), e.operands[0].shape.size()), begin, end,
         [](auto sum, int64_t) { return sum; });
}

void evaluate_mean(const Evaluation& e, int64_t begin, int64_t end) {
  reduce(e, reduced_axes(e.attributes.ints("axes"), e.operands[0].shape.size()), begin, end,
         [](auto sum, int64_t count) { return static_cast<double>(sum) / static_cast<double>(count); });
}

void evaluate_sum_to(const Evaluation& e, int64_t begin, int64_t end) {
  const auto x = e.operands[0].shape, y = e.results[0].shape;
  AxisSet axes{};
  const size_t skip = x.size() - y.size();
  for (size_t d = 0; d < x.size(); ++d) axes[d] = d < skip || (y[d - skip] == 1 && x[d] != 1);
  reduce(e, axes, begin, end, [](auto sum, int64_t) { return sum; });
}

// The first of equals; NaN before all.
void evaluate_argmax(const Evaluation& e, int64_t begin, int64_t end) {
  const TensorView& x = e.operands[0];
  const size_t axis = resolved_axis(e.attributes.integer("axis"), x.shape.size());
  int64_t inner = 1;
  for (size_t d = axis + 1; d < x.shape.size(); ++d) inner *= x.dim(d);
  dispatch_numeric(x.dtype, [&]<typename T>() {
    for (int64_t unit = begin; unit < end; ++unit) {
      const T* slice = x.as<T>() + unit / inner * x.dim(axis) * inner + unit % inner;
      int64_t best = 0;
      for (int64_t i = 1; i < x.dim(axis); ++i) {
        const T value = slice[i * inner], top = slice[best * inner];
        if (value > top || (value != value && top == top)) best = i;
      }
      e.results[0].as<int64_t>()[unit] = best;
    }
  });
}

double operand_flops(const Attributes&, std::span<const std::optional<Type>> operands,
                     std::span<const Type>) {
  return per_sample_count(operands[0]->shape);
}

}  // namespace sinter::ops
