#include "backends/onednn/memory_desc.h"
#include "backends/onednn/recipe.h"
#include "ir/cost.h"

namespace sinter::onednn {
namespace {

using dnnl::normalization_flags;
using dnnl::prop_kind;
using Forward = dnnl::batch_normalization_forward;

normalization_flags flags_of(bool with_scale, bool with_shift) {
  normalization_flags flags = normalization_flags::none;
  if (with_scale) flags = flags | normalization_flags::use_scale;
  if (with_shift) flags = flags | normalization_flags::use_shift;
  return flags;
}

float epsilon_of(const OpView& op) { return static_cast<float>(op.attributes.real("epsilon")); }

// What is as large as x lies in one of the layouts, what belongs to channels is plain.
std::vector<LayoutChoice> choices_of(const OpView& op, std::span<const Layout> offered) {
  std::vector<LayoutChoice> choices;
  for (const Layout& layout : sample_layouts(4, offered)) {
    LayoutChoice choice;
    for (const auto& operand : op.operands)
      choice.push_back(operand && operand->type.shape.size() == 4 ? layout : Layout());
    for (const Port& result : op.results) choice.push_back(result.type.shape.size() == 4 ? layout : Layout());
    choices.push_back(std::move(choice));
  }
  return choices;
}

Recipe recipe_of(const OpView& op, std::span<const Layout> offered) {
  Recipe recipe;
  recipe.choices = choices_of(op, offered);
  recipe.flops = static_cast<double>(element_count(op.results[0].type.shape));
  return recipe;
}

// Of statistics that are there: samples can be cut apart.
struct Given {
  Port x, mean, variance, y;
  std::optional<Port> scale, shift;
};

Recipe recipe_of_given(const OpView& op, const Given& given, std::span<const Layout> offered) {
  Recipe recipe = recipe_of(op, offered);
  recipe.arguments = {{DNNL_ARG_SRC, given.x, Cut::slice},
                      {DNNL_ARG_MEAN, given.mean, Cut::whole},
                      {DNNL_ARG_VARIANCE, given.variance, Cut::whole},
                      {DNNL_ARG_DST, given.y, Cut::slice}};
  if (given.scale) recipe.arguments.push_back({DNNL_ARG_SCALE, *given.scale, Cut::whole});
  if (given.shift) recipe.arguments.push_back({DNNL_ARG_SHIFT, *given.shift, Cut::whole});
  const auto flags =
      flags_of(given.scale.has_value(), given.shift.has_value()) | normalization_flags::use_global_stats;
  recipe.describe = [=, x = given.x.buffer, epsilon = epsilon_of(op)](const Descriptions& d) {
    return Forward::primitive_desc({prop_kind::forward_inference, d[x], epsilon, flags},
                                   primitive_attributes({}, d), cpu_engine(), true);
  };
  return recipe;
}

std::optional<Port> port(const OpView& op, size_t i) {
  return op.has(i) ? std::optional(op.operand(i)) : std::nullopt;
}

Recipe inference_recipe(const OpView& op, std::span<const Layout> offered) {
  return recipe_of_given(
      op, {op.operand(0), op.operand(1), op.operand(2), op.results[0], port(op, 3), port(op, 4)}, offered);
}

// Statistics are made before, since oneDNN's are sums in f32 (moments.h).
Recipe training_recipe(const OpView& op, std::span<const Layout> offered) {
  const Port &x = op.operand(0), &mean = op.results[1], &variance = op.results[2];
  Recipe recipe = recipe_of_given(op, {x, mean, variance, op.results[0], port(op, 1), port(op, 2)}, offered);
  recipe.statistics = Statistics{x, mean, variance};
  return recipe;
}

// oneDNN asks for a shift that the gradient does not depend on, and crashes without: any C numbers will do.
Recipe backward_recipe(const OpView& op, std::span<const Layout> offered) {
  const Port &dy = op.operand(0), &x = op.operand(1), &weight = op.operand(4);
  Recipe recipe = recipe_of(op, offered);
  recipe.arguments = {{DNNL_ARG_DIFF_DST, dy, Cut::whole},
                      {DNNL_ARG_SRC, x, Cut::whole},
                      {DNNL_ARG_MEAN, op.operand(2), Cut::whole},
                      {DNNL_ARG_VARIANCE, op.operand(3), Cut::whole},
                      {DNNL_ARG_SCALE, weight, Cut::whole},
                      {DNNL_ARG_SHIFT, weight, Cut::whole},
                      {DNNL_ARG_DIFF_SRC, op.results[0], Cut::whole},
                      {DNNL_ARG_DIFF_SCALE, op.results[1], Cut::whole},
                      {DNNL_ARG_DIFF_SHIFT, op.results[2], Cut::whole}};
  recipe.describe = [dy = dy.buffer, x = x.buffer, flags = flags_of(true, true),
                     epsilon = epsilon_of(op)](const Descriptions& d) -> dnnl::primitive_desc_base {
    const Forward::primitive_desc hint({prop_kind::forward_training, d[x], epsilon, flags},
                                       primitive_attributes({}, d), cpu_engine(), true);
    if (!hint) return {};
    return dnnl::batch_normalization_backward::primitive_desc(
        {prop_kind::backward, d[dy], d[x], epsilon, flags}, primitive_attributes({}, d), cpu_engine(), hint,
        true);
  };
  return recipe;
}

}  // namespace

// Without a scale the gradient by it is not made.
Recipes batch_norm_recipes(const OpView& op, std::span<const Layout> offered) {
  if (op.op == OpKind::batch_norm) return {inference_recipe(op, offered)};
  if (op.op == OpKind::batch_norm_training) return {training_recipe(op, offered)};
  if (op.op == OpKind::batch_norm_backward && op.has(4)) return {backward_recipe(op, offered)};
  return {};
}

}  // namespace sinter::onednn
