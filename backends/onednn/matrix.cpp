#include "backends/onednn/recipe.h"
#include "ir/shape.h"

namespace sinter::onednn {
namespace {

using dnnl::memory;

// The same memory seen as a matrix of the two last dimensions turned round.
memory::desc turned(const memory::desc& matrix) { return matrix.permute_axes({1, 0}); }

double product_flops(int64_t rows, int64_t depth, int64_t cols) {
  return 2.0 * static_cast<double>(rows) * static_cast<double>(depth) * static_cast<double>(cols);
}

// y = x weight^T by the inner product, rows of x apart: the weights may lie as oneDNN likes.
Recipe inner_product(const OpView& op, const Epilogue& epilogue) {
  const Port &x = op.operand(0), &weight = op.operand(1), &y = op.results[0];
  Recipe recipe;
  recipe.arguments = {
      {DNNL_ARG_SRC, x, Cut::slice}, {DNNL_ARG_WEIGHTS, weight, Cut::whole}, {DNNL_ARG_DST, y, Cut::slice}};
  const bool with_bias = op.has(2);
  const size_t b = with_bias ? op.operand(2).buffer : 0;
  if (with_bias) recipe.arguments.push_back({DNNL_ARG_BIAS, op.operand(2), Cut::whole});
  recipe.describe = [=, x = x.buffer, w = weight.buffer, y = y.buffer](const Descriptions& d) {
    const auto kind = dnnl::prop_kind::forward_inference;
    const auto desc = with_bias ? dnnl::inner_product_forward::desc(kind, d[x], d[w], d[b], d[y])
                                : dnnl::inner_product_forward::desc(kind, d[x], d[w], d[y]);
    return dnnl::inner_product_forward::primitive_desc(desc, primitive_attributes(epilogue, d), cpu_engine(),
                                                       true);
  };
  LayoutChoice plain(op.operands.size() + 1, Layout{});
  recipe.choices = {plain, plain};
  recipe.choices[1][weight.buffer].reset();
  return recipe;
}

// y = x weight^T as a matrix product, columns of y apart: where the weights are more than the rows, each is
// read once.
Recipe column_product(const OpView& op, const Epilogue& epilogue) {
  const Port &x = op.operand(0), &weight = op.operand(1), &y = op.results[0];
  Recipe recipe;
  recipe.arguments = {{DNNL_ARG_SRC, x, Cut::whole},
                      {DNNL_ARG_WEIGHTS, weight, Cut::slice, 0},
                      {DNNL_ARG_DST, y, Cut::slice, 1}};
  const bool with_bias = op.has(2);
  const size_t b = with_bias ? op.operand(2).buffer : 0;
  if (with_bias) recipe.arguments.push_back({DNNL_ARG_BIAS, op.operand(2), Cut::slice, 0});
  recipe.describe = [=, x = x.buffer, w = weight.buffer, y = y.buffer](const Descriptions& d) {
    const auto desc = with_bias
                          ? dnnl::matmul::desc(d[x], turned(d[w]), d[b].reshape({1, d[b].dims()[0]}), d[y])
                          : dnnl::matmul::desc(d[x], turned(d[w]), d[y]);
    return dnnl::matmul::primitive_desc(desc, primitive_attributes(epilogue, d), cpu_engine(), true);
  };
  recipe.choices = {LayoutChoice(op.operands.size() + 1, Layout{})};
  return recipe;
}

// Columns apart where that reads less: the weights are read once for each slice of rows, x for each of
// columns.
bool columns_apart(int64_t rows, int64_t cols) { return cols > 4 * rows; }

}  // namespace

Recipes linear_recipes(const OpView& op, const Epilogue& epilogue, std::span<const Layout>) {
  const auto x = sizes(op.operand(0).type.shape), weight = sizes(op.operand(1).type.shape);
  if (x.size() != 2 || epilogue.added) return {};
  Recipes recipes;
  if (columns_apart(x[0], weight[0])) recipes.push_back(column_product(op, epilogue));
  recipes.push_back(inner_product(op, epilogue));
  for (Recipe& recipe : recipes) {
    recipe.flops = product_flops(x[0], x[1], weight[0]);
    recipe.channels = {{op.results[0].buffer, 1, true}};
  }
  return recipes;
}

Recipes matmul_recipes(const OpView& op) {
  const Port &a = op.operand(0), &b = op.operand(1), &y = op.results[0];
  const auto rows = sizes(y.type.shape), left = sizes(a.type.shape);
  if (rows.size() != 2 || left.size() != 2 || b.type.shape.size() != 2) return {};
  const bool turn_a = op.attributes.boolean("transpose_a"), turn_b = op.attributes.boolean("transpose_b");
  const bool columns = columns_apart(rows[0], rows[1]);
  Recipe recipe;
  recipe.arguments = {{DNNL_ARG_SRC, a, columns ? Cut::whole : Cut::slice, turn_a ? 1 : 0},
                      {DNNL_ARG_WEIGHTS, b, columns ? Cut::slice : Cut::whole, turn_b ? 0 : 1},
                      {DNNL_ARG_DST, y, Cut::slice, columns ? 1 : 0}};
  recipe.describe = [=, a = a.buffer, b = b.buffer, y = y.buffer](const Descriptions& d) {
    const dnnl::matmul::desc desc(turn_a ? turned(d[a]) : d[a], turn_b ? turned(d[b]) : d[b], d[y]);
    return dnnl::matmul::primitive_desc(desc, primitive_attributes({}, d), cpu_engine(), true);
  };
  recipe.choices = {LayoutChoice(3, Layout{})};
  recipe.flops = product_flops(rows[0], turn_a ? left[0] : left[1], rows[1]);
  recipe.channels = {{y.buffer, 1, true}};
  return {std::move(recipe)};
}

}  // namespace sinter::onednn
