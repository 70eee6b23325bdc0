#include <algorithm>

#include "backends/onednn/memory_desc.h"
#include "backends/onednn/recipe.h"
#include "ir/shape.h"

namespace sinter::onednn {
namespace {

using dnnl::algorithm;
using dnnl::memory;
using dnnl::prop_kind;

struct Window {
  algorithm kind;
  memory::dims kernel, stride, before, after;
};

Window window(const OpView& op, const Port& image, const Port& pooled) {
  const auto size = sizes(image.type.shape), output = sizes(pooled.type.shape);
  if (op.op == OpKind::global_avg_pool2d)
    return {algorithm::pooling_avg_exclude_padding, {size[2], size[3]}, {1, 1}, {0, 0}, {0, 0}};
  const Attributes& a = op.attributes;
  const Ints &kernel = a.ints("kernel_size"), &padding = a.ints("padding");
  const Ints& stride = a.ints("stride").empty() ? kernel : a.ints("stride");
  algorithm kind = algorithm::pooling_max;
  if (op.op == OpKind::avg_pool2d || op.op == OpKind::avg_pool2d_backward)
    kind = a.boolean("count_include_pad") ? algorithm::pooling_avg_include_padding
                                          : algorithm::pooling_avg_exclude_padding;
  memory::dims after = {padding[2], padding[3]};
  // Windows that ceil_mode adds reach into padding that never counts; oneDNN wants it said.
  for (int i = 0; i < 2; ++i)
    after[i] = std::max(after[i], (output[2 + i] - 1) * stride[i] + kernel[i] - size[2 + i] - padding[i]);
  return {kind, {kernel[0], kernel[1]}, {stride[0], stride[1]}, {padding[0], padding[1]}, after};
}

bool is_max(OpKind op) {
  return op == OpKind::max_pool2d || op == OpKind::max_pool2d_argmax || op == OpKind::max_pool2d_backward;
}

// Dilated windows are left to oneDNN's reference code, and its averages know one kind of padding only.
bool has_primitive(const OpView& op, const Port& image, const Port& pooled) {
  if (op.op == OpKind::global_avg_pool2d) return true;
  if (is_max(op.op)) {
    const Ints &dilation = op.attributes.ints("dilation"), &kernel = op.attributes.ints("kernel_size");
    return (dilation[0] == 1 || kernel[0] == 1) && (dilation[1] == 1 || kernel[1] == 1);
  }
  const Ints& padding = op.attributes.ints("padding");
  const memory::dims said = {padding[2], padding[3]};
  return !op.attributes.boolean("count_include_pad") || window(op, image, pooled).after == said;
}

dnnl::pooling_forward::primitive_desc forward(prop_kind kind, const memory::desc& x, const memory::desc& y,
                                              const Window& w, const Descriptions& all) {
  const dnnl::pooling_forward::desc desc(kind, w.kind, x, y, w.stride, w.kernel, w.before, w.after);
  return {desc, primitive_attributes({}, all), cpu_engine(), true};
}

// Whether the argmax is what oneDNN keeps as its workspace: its type and its layout are what matters.
bool is_workspace(const dnnl::pooling_forward::primitive_desc& pool, const memory::desc& argmax) {
  const memory::desc workspace = pool.workspace_desc();
  return workspace.data.data_type == argmax.data.data_type && layout_of(workspace) == layout_of(argmax);
}

// Of an argmax in 32 bits oneDNN does not fill up the blocks with zeros.
bool leaves_blocks_open(const memory::desc& argmax) {
  const dnnl_memory_desc_t& data = argmax.data;
  return data.data_type == dnnl_s32 && !std::equal(data.dims, data.dims + data.ndims, data.padded_dims);
}

Recipe forward_recipe(const OpView& op, std::span<const Layout> offered) {
  const Port &x = op.operand(0), &y = op.results[0];
  Recipe recipe;
  recipe.arguments = {{DNNL_ARG_SRC, x, Cut::slice}, {DNNL_ARG_DST, y, Cut::slice}};
  const bool with_argmax = op.results.size() > 1;
  if (with_argmax) recipe.arguments.push_back({DNNL_ARG_WORKSPACE, op.results[1], Cut::slice});
  const prop_kind kind = with_argmax ? prop_kind::forward_training : prop_kind::forward_inference;
  recipe.describe = [=, x = x.buffer, y = y.buffer,
                     w = window(op, x, y)](const Descriptions& d) -> dnnl::primitive_desc_base {
    const auto pool = forward(kind, d[x], d[y], w, d);
    if (pool && with_argmax && (!is_workspace(pool, d[y + 1]) || leaves_blocks_open(d[y + 1]))) return {};
    return pool;
  };
  recipe.choices = same_layouts(1 + op.results.size(), 4, offered);
  recipe.flops = static_cast<double>(element_count(x.type.shape));
  return recipe;
}

Recipe backward_recipe(const OpView& op, std::span<const Layout> offered) {
  const Port &dy = op.operand(0), &dx = op.results[0];
  Recipe recipe;
  recipe.arguments = {{DNNL_ARG_DIFF_DST, dy, Cut::slice}, {DNNL_ARG_DIFF_SRC, dx, Cut::slice}};
  if (op.has(1)) recipe.arguments.push_back({DNNL_ARG_WORKSPACE, op.operand(1), Cut::slice});
  recipe.describe = [dy = dy.buffer, dx = dx.buffer, with_argmax = op.has(1),
                     w = window(op, dx, dy)](const Descriptions& d) -> dnnl::primitive_desc_base {
    const auto hint = forward(prop_kind::forward_training, d[dx], d[dy], w, d);
    if (!hint || (with_argmax && !is_workspace(hint, d[dy + 1]))) return {};
    const dnnl::pooling_backward::desc desc(w.kind, d[dx], d[dy], w.stride, w.kernel, w.before, w.after);
    return dnnl::pooling_backward::primitive_desc(desc, primitive_attributes({}, d), cpu_engine(), hint,
                                                  true);
  };
  recipe.choices = same_layouts(op.operands.size() + 1, 4, offered);
  recipe.flops = static_cast<double>(element_count(dx.type.shape));
  return recipe;
}

}  // namespace

Recipes pooling_recipes(const OpView& op, std::span<const Layout> offered) {
  const bool backward = op.op == OpKind::max_pool2d_backward || op.op == OpKind::avg_pool2d_backward;
  const Port &first = op.operand(0), &result = op.results[0];
  if (!has_primitive(op, backward ? result : first, backward ? first : result)) return {};
  return {backward ? backward_recipe(op, offered) : forward_recipe(op, offered)};
}

}  // namespace sinter::onednn
