#include <algorithm>

#include "backends/onednn/recipe.h"
#include "ir/shape.h"

/// Ops that put elements elsewhere: each is a reorder between parts of its operand and its result, or
/// oneDNN's concat.
namespace sinter::onednn {
namespace {

using dnnl::memory;
using Part = std::function<memory::desc(const memory::desc& whole)>;

memory::desc itself(const memory::desc& whole) { return whole; }

dnnl::primitive_desc_base copy_of(const memory::desc& from, const memory::desc& to) {
  return dnnl::reorder::primitive_desc(cpu_engine(), from, cpu_engine(), to, primitive_attributes({}, {}),
                                       true);
}

// A copy from a part of x to a part of y, which both keep their samples apart unless `cut` is whole.
Recipe copy_recipe(const OpView& op, const Part& of_x, const Part& of_y, Cut cut) {
  const Port &x = op.operand(0), &y = op.results[0];
  Recipe recipe;
  recipe.arguments = {{DNNL_ARG_FROM, x, cut}, {DNNL_ARG_TO, y, cut}};
  recipe.describe = [=, x = x.buffer, y = y.buffer](const Descriptions& d) {
    return copy_of(of_x(d[x]), of_y(d[y]));
  };
  recipe.simple = true;  // rows one after the other are copied as such
  return recipe;
}

struct Steps {
  int64_t axis, start, count, step;
};

// Every `step`th element along an axis. What lies in blocks has steps of 1 only.
Part every(const Steps& s) {
  return [s](const memory::desc& whole) {
    memory::dims size = whole.dims(), from(size.size(), 0);
    from[s.axis] = s.start;
    size[s.axis] = (s.count - 1) * s.step + 1;
    memory::desc part = whole.submemory_desc(size, from);
    if (s.step == 1) return part;
    auto& blocking = part.data.format_desc.blocking;
    const dnnl_dim_t* const blocked = blocking.inner_idxs;
    if (std::count(blocked, blocked + blocking.inner_nblks, s.axis) > 0) return memory::desc();
    part.data.dims[s.axis] = part.data.padded_dims[s.axis] = s.count;
    blocking.strides[s.axis] *= s.step;
    return part;
  };
}

Steps steps_of(const OpView& op, int64_t count) {
  const auto rank = static_cast<int64_t>(op.operand(0).type.shape.size());
  const int64_t axis = op.attributes.integer("axis");
  return {axis < 0 ? axis + rank : axis, op.attributes.integer("start"), count,
          op.attributes.integer("step")};
}

// The image within what surrounds it.
Part within(const Ints& padding, const Shape& image) {
  return [padding, height = image[2].size, width = image[3].size](const memory::desc& whole) {
    const auto size = whole.dims();
    return whole.submemory_desc({size[0], size[1], height, width}, {0, 0, padding[0], padding[1]});
  };
}

}  // namespace

Recipes concat_recipes(const OpView& op, std::span<const Layout> offered) {
  const Port& y = op.results[0];
  if (op.operands.size() + 1 > most_arguments) return {};
  const auto rank = static_cast<int>(y.type.shape.size());
  const auto given = static_cast<int>(op.attributes.integer("axis")), axis = given < 0 ? given + rank : given;
  const Cut cut = axis == 0 ? Cut::whole : Cut::slice;
  Recipe recipe;
  for (size_t i = 0; i < op.operands.size(); ++i)
    recipe.arguments.push_back({DNNL_ARG_MULTIPLE_SRC + static_cast<int>(i), op.operand(i), cut});
  recipe.arguments.push_back({DNNL_ARG_DST, y, cut});
  recipe.describe = [axis, y = y.buffer](const Descriptions& d) {
    const std::vector<memory::desc> parts(d.begin(), d.begin() + static_cast<int64_t>(y));
    return dnnl::concat::primitive_desc(d[y], axis, parts, cpu_engine(), primitive_attributes({}, d));
  };
  recipe.choices = same_layouts(op.operands.size() + 1, y.type.shape.size(), offered);
  recipe.simple = true;  // it copies rows by memcpy
  return {std::move(recipe)};
}

Recipes slice_recipes(const OpView& op, std::span<const Layout> offered) {
  const Shape& y = op.results[0].type.shape;
  if (y.empty()) return {};
  Steps steps = steps_of(op, 0);
  steps.count = y[steps.axis].size;
  Recipe recipe = copy_recipe(op, every(steps), itself, steps.axis == 0 ? Cut::whole : Cut::slice);
  recipe.choices = same_layouts(2, y.size(), offered);
  return {std::move(recipe)};
}

Recipes slice_backward_recipes(const OpView& op, std::span<const Layout> offered) {
  const Shape& dy = op.operand(0).type.shape;
  if (dy.empty()) return {};
  Steps steps = steps_of(op, 0);
  steps.count = dy[steps.axis].size;
  Recipe recipe = copy_recipe(op, itself, every(steps), steps.axis == 0 ? Cut::whole : Cut::slice);
  recipe.choices = same_layouts(2, dy.size(), offered);
  recipe.fill = Fill{op.results[0], 0};
  return {std::move(recipe)};
}

// Reflections and edges are many copies.
Recipes pad_recipes(const OpView& op, std::span<const Layout> offered) {
  if (op.attributes.word("mode") != "constant") return {};
  const Ints& padding = op.attributes.ints("padding");
  const Port &x = op.operand(0), &y = op.results[0];
  const bool backward = op.op == OpKind::pad_backward;
  Recipe recipe = backward ? copy_recipe(op, within(padding, y.type.shape), itself, Cut::slice)
                           : copy_recipe(op, itself, within(padding, x.type.shape), Cut::slice);
  recipe.choices = same_layouts(2, 4, offered);
  if (backward) return {std::move(recipe)};
  recipe.fill = Fill{y, static_cast<float>(op.attributes.real("value"))};
  // What fills up blocks stays 0.
  const auto size = sizes(y.type.shape);
  if (recipe.fill->value != 0)
    std::erase_if(recipe.choices,
                  [&](const LayoutChoice& choice) { return choice[0]->padded(size) != size; });
  return {std::move(recipe)};
}

Recipes transpose_recipes(const OpView& op) {
  const Ints& permutation = op.attributes.ints("permutation");
  if (permutation.empty()) return {};
  std::vector<int> place(permutation.size());
  for (size_t i = 0; i < permutation.size(); ++i) place[permutation[i]] = static_cast<int>(i);
  const Part turned = [place](const memory::desc& x) { return x.permute_axes(place); };
  Recipe recipe = copy_recipe(op, turned, itself, permutation[0] == 0 ? Cut::slice : Cut::whole);
  recipe.choices = {LayoutChoice(2, Layout{})};
  return {std::move(recipe)};
}

}  // namespace sinter::onednn
