#include "ir/ops/slab_forms.h"

#include <algorithm>

#include "ir/ops/axis.h"

namespace sinter::ops {
namespace {

using Form = std::optional<SlabForm>;

SlabForm per_sample(const BatchQuery& q, const Attributes& attributes) {
  return {attributes, std::vector<bool>(q.results.size(), false)};
}

SlabForm summed(const BatchQuery& q, const Attributes& attributes, double scale = 1) {
  return {attributes, std::vector<bool>(q.results.size(), true), scale};
}

// Attributes with the result's shape, of so many samples.
Attributes with_shape(const BatchQuery& q, int64_t samples) {
  Ints shape = sizes(q.results[0].shape);
  shape[0] = samples;
  return q.attributes.with("shape", shape);
}

bool has_samples(const BatchQuery& q, const Shape& shape) {
  return !shape.empty() && shape[0] == Dim(q.samples);
}

// Whether the operands whose pattern begins with the batch are batched, and no others.
bool batched_by_pattern(const BatchQuery& q) {
  const auto& defs = op_def(q.attributes.kind()).operands;
  for (size_t i = 0; i < q.operands.size(); ++i)
    if (q.operands[i] && q.batched[i] != defs[i].pattern.starts_with("[N")) return false;
  return true;
}

// Whether the batch is dimension 0 of the result, and operands have it there too or repeat along it.
bool batched_where_aligned(const BatchQuery& q) {
  const Shape& y = q.results[0].shape;
  if (!has_samples(q, y) || std::ranges::count(q.batched, true) == 0) return false;
  for (size_t i = 0; i < q.operands.size(); ++i) {
    if (!q.operands[i] || q.operands[i]->shape.size() < y.size()) {
      if (q.batched[i]) return false;
    } else if (!q.batched[i] && q.operands[i]->shape[0] != Dim(1)) {
      return false;
    }
  }
  return true;
}

double count_of(const Type& type) { return static_cast<double>(element_count(type.shape)); }

bool is_mean(const BatchQuery& q) { return q.attributes.word("reduction") == "mean"; }
bool is_reduced(const BatchQuery& q) { return q.attributes.word("reduction") != "none"; }
Attributes with_sum(const BatchQuery& q) { return q.attributes.with("reduction", std::string("sum")); }

bool sums_over_first(const Ints& axes, size_t rank) {
  return axes.empty() ||
         std::ranges::any_of(axes, [&](int64_t axis) { return resolved_axis(axis, rank) == 0; });
}

}  // namespace

Form slab_by_pattern(const BatchQuery& q) {
  return batched_by_pattern(q) ? Form(per_sample(q, q.attributes)) : std::nullopt;
}

Form slab_sum_by_pattern(const BatchQuery& q) {
  return batched_by_pattern(q) ? Form(summed(q, q.attributes)) : std::nullopt;
}

Form slab_of_elements(const BatchQuery& q) {
  return batched_where_aligned(q) ? Form(per_sample(q, q.attributes)) : std::nullopt;
}

Form slab_of_rows(const BatchQuery& q) {
  const bool only_x = q.is_batched(0) && std::ranges::count(q.batched, true) == 1;
  return only_x && q.operands[0]->shape.size() > 1 ? Form(per_sample(q, q.attributes)) : std::nullopt;
}

Form slab_of_matmul(const BatchQuery& q) {
  if (q.operands[0]->shape.size() > 2 || q.operands[1]->shape.size() > 2) return slab_of_elements(q);
  const bool transpose_a = q.attributes.boolean("transpose_a"),
             transpose_b = q.attributes.boolean("transpose_b");
  if (!q.is_batched(0)) return std::nullopt;
  if (!q.is_batched(1)) return transpose_a ? std::nullopt : Form(per_sample(q, q.attributes));
  return transpose_a && !transpose_b ? Form(summed(q, q.attributes)) : std::nullopt;
}

Form slab_of_flatten(const BatchQuery& q) {
  const size_t rank = q.operands[0]->shape.size();
  if (!q.is_batched(0) || resolved_axis(q.attributes.integer("start_dim"), rank) == 0) return std::nullopt;
  return per_sample(q, q.attributes);
}

Form slab_of_reshape(const BatchQuery& q) {
  if (!q.is_batched(0) || !has_samples(q, q.results[0].shape)) return std::nullopt;
  return per_sample(q, with_shape(q, q.slab));
}

Form slab_of_transpose(const BatchQuery& q) {
  if (!q.is_batched(0) || q.attributes.ints("permutation")[0] != 0) return std::nullopt;
  return per_sample(q, q.attributes);
}

// Also of a value that is not batched: it is repeated for each sample.
Form slab_of_broadcast_to(const BatchQuery& q) {
  const Shape &x = q.operands[0]->shape, &y = q.results[0].shape;
  if (!has_samples(q, y)) return std::nullopt;
  const bool has_first = x.size() == y.size();
  const bool fits = q.is_batched(0) ? has_first : !has_first || x[0] == Dim(1);
  return fits ? Form(per_sample(q, with_shape(q, q.slab))) : std::nullopt;
}

Form slab_of_sum_to(const BatchQuery& q) {
  if (!q.is_batched(0)) return std::nullopt;
  const Shape &x = q.operands[0]->shape, &y = q.results[0].shape;
  const bool keeps = x.size() == y.size() && y[0] == x[0];
  return keeps ? per_sample(q, with_shape(q, q.slab)) : summed(q, q.attributes);
}

Form slab_of_reduction(const BatchQuery& q) {
  if (!q.is_batched(0)) return std::nullopt;
  const Type& x = *q.operands[0];
  if (!sums_over_first(q.attributes.ints("axes"), x.shape.size())) return per_sample(q, q.attributes);
  if (q.attributes.kind() != OpKind::mean) return summed(q, q.attributes);
  return summed(q, Attributes(OpKind::sum, q.attributes.named()), count_of(q.results[0]) / count_of(x));
}

Form slab_along_axis(const BatchQuery& q) {
  if (!q.is_batched(0)) return std::nullopt;
  const size_t axis = resolved_axis(q.attributes.integer("axis"), q.operands[0]->shape.size());
  return axis == 0 ? std::nullopt : Form(per_sample(q, q.attributes));
}

Form slab_of_concat(const BatchQuery& q) {
  const bool all = std::ranges::count(q.batched, true) == static_cast<int64_t>(q.operands.size());
  return all ? slab_along_axis(q) : std::nullopt;
}

Form slab_of_loss(const BatchQuery& q) {
  if (!q.is_batched(0) || !q.is_batched(1)) return std::nullopt;
  if (!is_reduced(q)) return per_sample(q, q.attributes);
  return summed(q, with_sum(q), is_mean(q) ? 1 / static_cast<double>(q.samples) : 1);
}

Form slab_of_loss_gradient(const BatchQuery& q) {
  if (!q.is_batched(0) || !q.is_batched(1) || q.is_batched(2) == is_reduced(q)) return std::nullopt;
  if (!is_mean(q)) return per_sample(q, q.attributes);
  return per_sample(q,
                    with_sum(q).with("scale", q.attributes.real("scale") / static_cast<double>(q.samples)));
}

Form slab_of_mse(const BatchQuery& q) {
  if (!q.is_batched(0) || !q.is_batched(1)) return std::nullopt;
  if (!is_reduced(q)) return per_sample(q, q.attributes);
  return summed(q, with_sum(q), is_mean(q) ? 1 / count_of(*q.operands[0]) : 1);
}

}  // namespace sinter::ops
