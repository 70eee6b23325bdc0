#include <algorithm>

#include "backends/onednn/recipe.h"
#include "ir/shape.h"

namespace sinter::onednn {
namespace {

using dnnl::algorithm;
using dnnl::memory;
using dnnl::prop_kind;

struct Unary {
  OpKind op;
  algorithm forward;
  std::optional<algorithm> backward;  ///< by the forward result
};

constexpr Unary unary_ops[] = {
    {OpKind::relu, algorithm::eltwise_relu, algorithm::eltwise_relu_use_dst_for_bwd},
    {OpKind::leaky_relu, algorithm::eltwise_relu, algorithm::eltwise_relu_use_dst_for_bwd},
    {OpKind::sigmoid, algorithm::eltwise_logistic, algorithm::eltwise_logistic_use_dst_for_bwd},
    {OpKind::tanh, algorithm::eltwise_tanh, algorithm::eltwise_tanh_use_dst_for_bwd},
    {OpKind::exp, algorithm::eltwise_exp, algorithm::eltwise_exp_use_dst_for_bwd},
    {OpKind::log, algorithm::eltwise_log, std::nullopt},
    {OpKind::sqrt, algorithm::eltwise_sqrt, algorithm::eltwise_sqrt_use_dst_for_bwd},
};

const Unary* find_unary(OpKind op) {
  const auto* found = std::ranges::find(unary_ops, op, &Unary::op);
  return found == std::end(unary_ops) ? nullptr : found;
}

struct Binary {
  OpKind op;
  algorithm kind;
};

constexpr Binary binary_ops[] = {
    {OpKind::add, algorithm::binary_add},     {OpKind::sub, algorithm::binary_sub},
    {OpKind::mul, algorithm::binary_mul},     {OpKind::div, algorithm::binary_div},
    {OpKind::maximum, algorithm::binary_max}, {OpKind::minimum, algorithm::binary_min},
};

float alpha_of(OpKind op, const Attributes& attributes) {
  return op == OpKind::leaky_relu ? static_cast<float>(attributes.real("alpha")) : 0;
}

std::vector<LayoutChoice> one_layout(size_t buffers, const Type& type, std::span<const Layout> offered) {
  std::vector<LayoutChoice> choices;
  for (const Layout& layout : sample_layouts(type.shape.size(), offered))
    choices.emplace_back(buffers, layout);
  return choices;
}

}  // namespace

std::optional<Epilogue> epilogue_of(OpKind op, const Attributes& attributes) {
  const bool activation =
      op == OpKind::relu || op == OpKind::leaky_relu || op == OpKind::sigmoid || op == OpKind::tanh;
  if (!activation) return std::nullopt;
  return Epilogue{{}, find_unary(op)->forward, alpha_of(op, attributes)};
}

dnnl::primitive_attr primitive_attributes(const Epilogue& epilogue, const Descriptions& descriptions) {
  dnnl::primitive_attr attributes;
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  dnnl::post_ops after;
  if (epilogue.added) after.append_binary(algorithm::binary_add, descriptions[epilogue.added->buffer]);
  if (epilogue.activation) after.append_eltwise(1, *epilogue.activation, epilogue.alpha, 0);
  attributes.set_post_ops(after);
  return attributes;
}

Recipes activation_recipes(const OpView& op, std::span<const Layout> offered) {
  const Unary* unary = find_unary(op.op);
  const Port &x = op.operand(0), &y = op.results[0];
  if (unary == nullptr || x.type.shape.empty()) return {};
  Recipe recipe;
  recipe.arguments = {{DNNL_ARG_SRC, x, Cut::slice}, {DNNL_ARG_DST, y, Cut::slice}};
  recipe.describe = [=, x = x.buffer, alpha = alpha_of(op.op, op.attributes)](const Descriptions& d) {
    const dnnl::eltwise_forward::desc desc(prop_kind::forward_inference, unary->forward, d[x], alpha, 0);
    return dnnl::eltwise_forward::primitive_desc(desc, primitive_attributes({}, d), cpu_engine(), true);
  };
  recipe.choices = one_layout(2, x.type, offered);
  recipe.flops = 20.0 * static_cast<double>(element_count(x.type.shape));
  return {std::move(recipe)};
}

Recipes activation_backward_recipes(const OpView& activation, const Port& dy, const Port& y, const Port& dx,
                                    std::span<const Layout> offered) {
  const Unary* unary = find_unary(activation.op);
  if (unary == nullptr || !unary->backward || dy.type.shape.empty()) return {};
  Recipe recipe;
  recipe.arguments = {{DNNL_ARG_DIFF_DST, dy, Cut::slice},
                      {DNNL_ARG_DST, y, Cut::slice},
                      {DNNL_ARG_DIFF_SRC, dx, Cut::slice}};
  recipe.describe = [=, dy = dy.buffer, y = y.buffer, alpha = alpha_of(activation.op, activation.attributes)](
                        const Descriptions& d) -> dnnl::primitive_desc_base {
    const dnnl::eltwise_forward::desc forward(prop_kind::forward_training, *unary->backward, d[y], alpha, 0);
    const dnnl::eltwise_forward::primitive_desc hint(forward, cpu_engine(), true);
    if (!hint) return {};
    const dnnl::eltwise_backward::desc desc(*unary->backward, d[dy], d[y], alpha, 0);
    return dnnl::eltwise_backward::primitive_desc(desc, primitive_attributes({}, d), cpu_engine(), hint,
                                                  true);
  };
  recipe.choices = one_layout(3, dy.type, offered);
  recipe.flops = 4.0 * static_cast<double>(element_count(dy.type.shape));
  return {std::move(recipe)};
}

Recipes binary_recipes(const OpView& op, std::span<const Layout> offered) {
  const Port &a = op.operand(0), &b = op.operand(1), &y = op.results[0];
  const auto* binary = std::ranges::find(binary_ops, op.op, &Binary::op);
  // Other operands than whole ones would have to be seen in y's rank.
  const bool whole = a.type.shape == y.type.shape && b.type.shape == y.type.shape;
  if (binary == std::end(binary_ops) || !whole || y.type.shape.empty()) return {};
  Recipe recipe;
  recipe.arguments = {
      {DNNL_ARG_SRC_0, a, Cut::slice}, {DNNL_ARG_SRC_1, b, Cut::slice}, {DNNL_ARG_DST, y, Cut::slice}};
  recipe.describe = [kind = binary->kind, a = a.buffer, b = b.buffer, y = y.buffer](const Descriptions& d) {
    const dnnl::binary::desc desc(kind, d[a], d[b], d[y]);
    return dnnl::binary::primitive_desc(desc, primitive_attributes({}, d), cpu_engine(), true);
  };
  recipe.choices = one_layout(3, y.type, offered);
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
  const auto size = sizes(x.type.shape);
  memory::dims reduced(size.begin(), size.end());
  Ints axes = op.attributes.ints("axes");
  for (size_t d = 0; axes.size() < size.size() && op.attributes.ints("axes").empty() && d < size.size(); ++d)
    axes.push_back(static_cast<int64_t>(d));
  for (const int64_t axis : axes) reduced[axis < 0 ? axis + static_cast<int64_t>(size.size()) : axis] = 1;
  if (size.empty() || y.type.shape.empty() || reduced[0] == 1) return {};
  Recipe recipe;
  recipe.arguments = {{DNNL_ARG_SRC, x, Cut::slice}, {DNNL_ARG_DST, y, Cut::slice}};
  const auto kind = op.op == OpKind::sum ? algorithm::reduction_sum : algorithm::reduction_mean;
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
