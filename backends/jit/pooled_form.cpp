#include "backends/jit/pooled_form.h"

#include <algorithm>

#include "backends/jit/batch_lanes.h"
#include "backends/jit/elementwise.h"
#include "backends/jit/planes.h"

namespace sinter::jit {
namespace {

class Finder {
 public:
  Finder(const Graph& body, OpKind product) : body_(body), product_(product) {}

  std::optional<std::string> run(PooledForm& form) {
    form.unpool = only(OpKind::avg_pool2d_backward);
    form.product = only(product_);
    if (form.unpool < 0) return "it has no avg_pool2d_backward, or several";
    if (form.product < 0) return fmt::format("it has no {}, or several", to_string(product_));
    if (auto why = refuses_grouped_or_dilated(body_.node(form.product))) return why;
    const Node &unpool = body_.node(form.unpool), &product = body_.node(form.product);
    form.pooled = unpool.operands[0];
    form.unpooled = unpool.results[0];
    form.dy = product.operands[by_weights() ? 1 : 0];
    for (const ValueId id : {form.pooled, product.operands[by_weights() ? 0 : 1]})
      if (body_.info(id).kind != ValueKind::input || body_.type(id).dtype != DType::f32)
        return "a product or a pool reads something else than an operand in f32";
    if (auto why = find_between(form)) return why;
    for (NodeId id = 0; id < static_cast<NodeId>(body_.nodes().size()); ++id)
      if (id != form.unpool && id != form.product && !is_between(form, id))
        if (auto why = refuses_behind(id, form)) return why;
    for (const GraphResult& result : body_.results())
      if (!is_behind(form, result.value)) return "the pool's gradient is a result";
    return std::nullopt;
  }

 private:
  bool by_weights() const { return product_ == OpKind::conv2d_backward_weights; }

  NodeId only(OpKind op) const {
    NodeId found = -1;
    for (NodeId id = 0; id < static_cast<NodeId>(body_.nodes().size()); ++id)
      if (body_.node(id).op == op) {
        if (found >= 0) return -1;
        found = id;
      }
    return found;
  }

  static bool is_between(const PooledForm& form, NodeId id) {
    return std::ranges::count(form.between, id) > 0;
  }

  // Made by the product or by what follows it.
  bool is_behind(const PooledForm& form, ValueId id) const {
    const ValueInfo& info = body_.info(id);
    return info.kind == ValueKind::result && info.node != form.unpool && !is_between(form, info.node);
  }

  // Elementwise, of values of this shape and scalars that are all there.
  std::optional<std::string> refuses_node(const Node& node, const Shape& shape) const {
    if (auto why = refuses_elementwise(body_, node)) return why;
    for (const ValueId id : node.operands) {
      if (!id.valid()) continue;
      const bool scalar = element_count(body_.type(id).shape) == 1;
      if (scalar ? false : body_.type(id).shape != shape || body_.info(id).kind == ValueKind::constant)
        return fmt::format("{} has an operand of another shape", to_string(node.op));
    }
    return std::nullopt;
  }

  // All that dy is made of, back to the pool's gradient.
  std::optional<std::string> find_between(PooledForm& form) const {
    const Shape& shape = body_.type(form.unpooled).shape;
    std::vector<ValueId> left = {form.dy};
    bool reached = false;
    while (!left.empty()) {
      const ValueId id = left.back();
      left.pop_back();
      reached = reached || id == form.unpooled;
      const ValueInfo& info = body_.info(id);
      if (id == form.unpooled || info.kind != ValueKind::result || is_between(form, info.node)) continue;
      if (auto why = refuses_node(body_.node(info.node), shape)) return why;
      form.between.push_back(info.node);
      for (const ValueId operand : body_.node(info.node).operands)
        if (operand.valid()) left.push_back(operand);
    }
    if (!reached || body_.type(form.dy).shape != shape || body_.type(form.dy).dtype != DType::f32)
      return fmt::format("{} is of something else than the pool's gradient", to_string(product_));
    return std::nullopt;
  }

  std::optional<std::string> refuses_behind(NodeId id, PooledForm& form) const {
    const Node& node = body_.node(id);
    if (by_weights()) {
      const bool is_bias = node.op == OpKind::sum && node.operands[0] == form.dy &&
                           node.attributes.ints("axes") == Ints{0, 2, 3} &&
                           !node.attributes.boolean("keepdims");
      if (!is_bias || form.bias.valid())
        return fmt::format("{} is no sum of the convolution's dy", to_string(node.op));
      form.bias = node.results[0];
      return std::nullopt;
    }
    for (const ValueId operand : node.operands)
      if (operand.valid() && body_.info(operand).kind == ValueKind::result && !is_behind(form, operand))
        return "the pool's gradient has other readers";
    return refuses_node(node, body_.type(body_.node(form.product).results[0]).shape);
  }

  const Graph& body_;
  OpKind product_;
};

}  // namespace

std::optional<std::string> refuses_pooled(const Graph& body, OpKind product, PooledForm* form) {
  PooledForm found;
  if (auto why = Finder(body, product).run(found)) return why;
  const Node& node = body.node(found.product);
  const bool weights = product == OpKind::conv2d_backward_weights;
  found.convolution = convolution(body.type(weights ? node.operands[0] : node.results[0]).shape,
                                  body.type(weights ? node.results[0] : node.operands[1]).shape,
                                  body.type(found.dy).shape, node.attributes);
  found.pool_stride = pool_sizes(body, body.node(found.unpool)).stride_h;
  if (form != nullptr) *form = std::move(found);
  return std::nullopt;
}

// The operands come from memory once, and from a cache where they are computed again.
double pooled_gradient_seconds(const Graph& body, const PooledForm& form, double times) {
  constexpr double tap_seconds = 0.4e-9, op_seconds = 0.15e-9;  // of a vector
  const auto vectors = [&](ValueId id) {
    const Shape& shape = body.type(id).shape;
    return static_cast<double>(batch_blocks(shape[0].size) * shape[1].size * shape[2].size * shape[3].size);
  };
  const Ints& kernel = body.node(form.unpool).attributes.ints("kernel_size");
  const double arithmetic = vectors(form.pooled) * static_cast<double>(kernel[0] * kernel[1]) * tap_seconds +
                            vectors(form.unpooled) * static_cast<double>(form.between.size()) * op_seconds;
  double bytes = static_cast<double>(body.type(form.pooled).bytes());
  for (const ValueId id : body.inputs()) {
    const auto reads = [&](NodeId node) { return std::ranges::count(body.node(node).operands, id) > 0; };
    if (std::ranges::any_of(form.between, reads)) bytes += static_cast<double>(body.type(id).bytes());
  }
  return std::max(arithmetic * times, plane_seconds(bytes));
}

}  // namespace sinter::jit
