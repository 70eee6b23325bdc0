#include "backends/onednn/recipe.h"
#include "ir/shape.h"

namespace sinter::onednn {
namespace {

using dnnl::algorithm;
using dnnl::prop_kind;

// oneDNN's nearest pixel is that of a pixel's centre, the op table's that of its corner: the same where each
// pixel becomes several whole ones.
bool same_nearest(int64_t input, int64_t output) { return output % input == 0; }

}  // namespace

Recipes resampling_recipes(const OpView& op, std::span<const Layout> offered) {
  const bool backward = op.op == OpKind::resize_backward, linear = op.attributes.word("mode") == "linear";
  const Port &image = backward ? op.results[0] : op.operand(0),
             &resized = backward ? op.operand(0) : op.results[0];
  const auto input = sizes(image.type.shape), output = sizes(resized.type.shape);
  if (op.attributes.boolean("align_corners")) return {};
  if (!linear && (!same_nearest(input[2], output[2]) || !same_nearest(input[3], output[3]))) return {};
  const auto kind = linear ? algorithm::resampling_linear : algorithm::resampling_nearest;
  Recipe recipe;
  recipe.arguments = {{backward ? DNNL_ARG_DIFF_SRC : DNNL_ARG_SRC, image, Cut::slice},
                      {backward ? DNNL_ARG_DIFF_DST : DNNL_ARG_DST, resized, Cut::slice}};
  recipe.describe = [=, x = image.buffer,
                     y = resized.buffer](const Descriptions& d) -> dnnl::primitive_desc_base {
    const auto use = backward ? prop_kind::forward_training : prop_kind::forward_inference;
    const dnnl::resampling_forward::primitive_desc forward({use, kind, d[x], d[y]},
                                                           primitive_attributes({}, d), cpu_engine(), true);
    if (!backward || !forward) return forward;
    return dnnl::resampling_backward::primitive_desc({kind, d[x], d[y]}, primitive_attributes({}, d),
                                                     cpu_engine(), forward, true);
  };
  recipe.choices = same_layouts(2, 4, offered);
  recipe.flops = (linear ? 8.0 : 1.0) * static_cast<double>(element_count(resized.type.shape));
  recipe.simple = true;  // loops of its own for each layout
  return {std::move(recipe)};
}

}  // namespace sinter::onednn
