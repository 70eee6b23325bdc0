#include <algorithm>

#include "backends/onednn/memory_desc.h"
#include "backends/onednn/recipe.h"
#include "ir/shape.h"

namespace sinter::onednn {
namespace {

using dnnl::algorithm;
using dnnl::memory;
using dnnl::prop_kind;

struct Binary {
  OpKind op;
  algorithm kind;
};

constexpr Binary binary_ops[] = {
    {OpKind::add, algorithm::binary_add},     {OpKind::sub, algorithm::binary_sub},
    {OpKind::mul, algorithm::binary_mul},     {OpKind::div, algorithm::binary_div},
    {OpKind::maximum, algorithm::binary_max}, {OpKind::minimum, algorithm::binary_min},
};

bool is_commutative(OpKind op) { return op == OpKind::add || op == OpKind::mul; }

// Sizes of 1 in front, as values are broadcast.
memory::dims in_rank(const Shape& shape, size_t rank) {
  const auto size = sizes(shape);
  memory::dims dims(rank - size.size(), 1);
  dims.insert(dims.end(), size.begin(), size.end());
  return dims;
}

// The sizes of a sum or mean where what is summed over stays, as 1.
memory::dims reduced_sizes(const OpView& op) {
  const Shape& x = op.operand(0).type.shape;
  const auto rank = static_cast<int64_t>(x.size());
  if (op.op == OpKind::sum_to) return in_rank(op.results[0].type.shape, x.size());
  const Ints& axes = op.attributes.ints("axes");
  if (axes.empty()) return memory::dims(x.size(), 1);
  memory::dims dims = in_rank(x, x.size());
  for (const int64_t axis : axes) dims[axis < 0 ? axis + rank : axis] = 1;
  return dims;
}

// A plain operand of the sizes `seen`, for a slice of y.
std::optional<memory::desc> repeated_operand(const memory::desc& y, memory::dims seen) {
  const auto whole = y.dims();
  if (seen[0] > 1) seen[0] = whole[0];
  const bool of_channels =
      whole.size() > 1 && std::ranges::count(seen, 1) + 1 == static_cast<int64_t>(seen.size()) && seen[1] > 1;
  if (of_channels) return channels_of(y, seen[1]);
  if (y.data.format_desc.blocking.inner_nblks > 0) return std::nullopt;
  return memory::desc(seen, memory::data_type::f32, memory::dims{});
}

}  // namespace

// The other operand lies as y does, or is plain and repeated: a number for each channel, row, element of a
// sample, or one. oneDNN repeats the second only.
Recipes binary_recipes(const OpView& op, std::span<const Layout> offered) {
  const Port& y = op.results[0];
  const auto* binary = std::ranges::find(binary_ops, op.op, &Binary::op);
  if (binary == std::end(binary_ops) || y.type.shape.empty()) return {};
  const bool turned = op.operand(0).type.shape != y.type.shape && is_commutative(op.op);
  const Port &a = op.operand(turned ? 1 : 0), &b = op.operand(turned ? 0 : 1);
  if (a.type.shape != y.type.shape) return {};
  const bool repeated = b.type.shape != y.type.shape;
  const memory::dims seen = in_rank(b.type.shape, y.type.shape.size());
  const bool by_sample = b.type.shape.size() == y.type.shape.size() && seen[0] > 1;
  Recipe recipe;
  recipe.arguments = {{DNNL_ARG_SRC_0, a, Cut::slice},
                      {DNNL_ARG_SRC_1, b, by_sample || !repeated ? Cut::slice : Cut::whole},
                      {DNNL_ARG_DST, y, Cut::slice}};
  recipe.describe = [=, kind = binary->kind, a = a.buffer, b = b.buffer,
                     y = y.buffer](const Descriptions& d) -> dnnl::primitive_desc_base {
    const auto other = repeated ? repeated_operand(d[y], seen) : d[b];
    if (!other) return {};
    return dnnl::binary::primitive_desc({kind, d[a], *other, d[y]}, primitive_attributes({}, d), cpu_engine(),
                                        true);
  };
  for (const Layout& layout : sample_layouts(y.type.shape.size(), offered)) {
    recipe.choices.emplace_back(3, layout);
    if (repeated) recipe.choices.back()[b.buffer] = Layout{};
  }
  recipe.flops = static_cast<double>(element_count(y.type.shape));
  return {std::move(recipe)};
}

Recipes softmax_recipes(const OpView& op) {
  const Port &x = op.operand(0), &y = op.results[0];
  const auto rank = static_cast<int64_t>(x.type.shape.size());
  const int64_t given = op.attributes.integer("axis"), axis = given < 0 ? given + rank : given;
  if (rank < 2 || axis == 0) return {};
  Recipe recipe;
  recipe.arguments = {{DNNL_ARG_SRC, x, Cut::slice}, {DNNL_ARG_DST, y, Cut::slice}};
  recipe.describe = [=, x = x.buffer, y = y.buffer,
                     log = op.op == OpKind::log_softmax](const Descriptions& d) {
    const auto kind = log ? algorithm::softmax_log : algorithm::softmax_accurate;
    const dnnl::softmax_v2_forward::desc desc(prop_kind::forward_inference, kind, d[x], d[y],
                                              static_cast<int>(axis));
    return dnnl::softmax_v2_forward::primitive_desc(desc, primitive_attributes({}, d), cpu_engine(), true);
  };
  recipe.choices = {LayoutChoice(2, Layout{})};
  recipe.flops = 20.0 * static_cast<double>(element_count(x.type.shape));
  return {std::move(recipe)};
}

Recipes reduction_recipes(const OpView& op) {
  const Port &x = op.operand(0), &y = op.results[0];
  if (x.type.shape.empty() || y.type.shape.empty()) return {};
  const memory::dims reduced = reduced_sizes(op);
  if (reduced[0] == 1) return {};
  Recipe recipe;
  recipe.arguments = {{DNNL_ARG_SRC, x, Cut::slice}, {DNNL_ARG_DST, y, Cut::slice}};
  const auto kind = op.op == OpKind::mean ? algorithm::reduction_mean : algorithm::reduction_sum;
  recipe.describe = [=, x = x.buffer](const Descriptions& d) {
    memory::dims result = reduced;
    result[0] = d[x].dims()[0];
    const memory::desc y(result, memory::data_type::f32, memory::dims{});  // plain, dimensions of 1 kept
    const dnnl::reduction::desc desc(kind, d[x], y, 0, 0);
    return dnnl::reduction::primitive_desc(desc, primitive_attributes({}, d), cpu_engine(), true);
  };
  recipe.choices = {LayoutChoice(2, Layout{})};
  recipe.flops = static_cast<double>(element_count(x.type.shape));
  return {std::move(recipe)};
}

}  // namespace sinter::onednn
