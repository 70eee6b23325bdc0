#include "backends/onednn/recipe.h"
#include "ir/shape.h"

namespace sinter::onednn {
namespace {

bool samples_outermost(const Layout& layout) {
  return layout.is_plain() || (!layout.is_opaque() && layout.tag()[0] == 'a');
}

}  // namespace

std::vector<Layout> sample_layouts(size_t rank, std::span<const Layout> offered) {
  std::vector<Layout> layouts = {Layout{}};
  if (rank == 4) layouts.push_back(Layout::parse("acdb"));
  for (const Layout& layout : offered)
    if (layout.order().size() == rank && samples_outermost(layout) &&
        std::ranges::find(layouts, layout) == layouts.end())
      layouts.push_back(layout);
  return layouts;
}

std::vector<LayoutChoice> same_layouts(size_t buffers, size_t rank, std::span<const Layout> offered) {
  std::vector<LayoutChoice> choices;
  for (const Layout& layout : sample_layouts(rank, offered)) choices.emplace_back(buffers, layout);
  return choices;
}

Recipes reorder_recipes(const OpView& op, std::span<const Layout> offered) {
  const Port &x = op.operand(0), &y = op.results[0];
  if (x.type.shape.empty()) return {};
  std::vector<Layout> layouts = {Layout{}};
  for (const Layout& layout : offered)
    if (layout.order().size() == x.type.shape.size()) layouts.push_back(layout);
  Recipes recipes;
  for (const Layout& from : layouts)
    for (const Layout& to : layouts) {
      const Cut cut = samples_outermost(from) && samples_outermost(to) ? Cut::slice : Cut::whole;
      Recipe recipe;
      recipe.arguments = {{DNNL_ARG_FROM, x, cut}, {DNNL_ARG_TO, y, cut}};
      recipe.describe = [](const Descriptions& d) -> dnnl::primitive_desc_base {
        return dnnl::reorder::primitive_desc(cpu_engine(), d[0], cpu_engine(), d[1],
                                             primitive_attributes({}, d), true);
      };
      recipe.choices = {{from, to}};
      recipes.push_back(std::move(recipe));
    }
  return recipes;
}

}  // namespace sinter::onednn
