#include "backends/reference/reference.h"

#include <algorithm>

#include "backends/reference/chain_kernel.h"
#include "ir/cost.h"
#include "ir/relayout.h"

namespace sinter {
namespace {

// What one core's plain loops do, for estimates: FLOP/s and bytes/s.
constexpr double flops_per_second = 2e9;
constexpr double bytes_per_second = 4e9;
constexpr double call_seconds = 1e-6;  // it looks at types and attributes anew in each

struct BufferType {
  DType dtype;
  std::vector<int64_t> shape;
  int64_t count;
};

class ReferenceKernel final : public Kernel {
 public:
  ReferenceKernel(const Graph& graph, const Node& node) : op_(op_def(node.op)), attributes_(node.attributes) {
    for (const ValueId id : node.operands) operands_.push_back(buffer_type(graph, id));
    for (const ValueId id : node.results) results_.push_back(buffer_type(graph, id));
    Views views;
    units_ = op_.units(evaluation(views, nullptr));
  }

  int64_t units() const noexcept override { return units_; }

  bool run(void* const* buffers, void*, int64_t begin, int64_t end) const noexcept override {
    Views views;
    op_.evaluate(evaluation(views, buffers), begin, end);
    return true;
  }

  // Views live on the stack: run() allocates nothing. Fusions may have more operands than rows of the table.
  static constexpr size_t most_views = 64;

 private:
  using Views = std::array<TensorView, most_views>;

  // What is not plain is seen as rows of elements, padding included: only ops that work in any layout, and
  // sums of such rows, meet it.
  static BufferType buffer_type(const Graph& graph, ValueId id) {
    if (!id.valid()) return {DType::f32, {}, 0};
    const Type& type = graph.type(id);
    if (type.layout.is_plain()) return {type.dtype, sizes(type.shape), element_count(type.shape)};
    const int64_t count = type.bytes() / size_of(type.dtype);
    const int64_t rows = type.layout.cuts_into(1) ? type.shape[0].size : 1;
    return {type.dtype, {rows, rows == 0 ? 0 : count / rows}, count};
  }

  Evaluation evaluation(Views& views, void* const* buffers) const {
    const size_t all = operands_.size() + results_.size();
    for (size_t i = 0; i < all; ++i) {
      const BufferType& type = i < operands_.size() ? operands_[i] : results_[i - operands_.size()];
      views[i] = {type.dtype, type.shape, type.count, buffers ? buffers[i] : nullptr};
    }
    return {attributes_, std::span(views).first(operands_.size()),
            std::span(views).subspan(operands_.size(), results_.size())};
  }

  const OpDef& op_;
  Attributes attributes_;
  std::vector<BufferType> operands_, results_;
  int64_t units_ = 0;
};

class ReorderKernel final : public Kernel {
 public:
  ReorderKernel(const Type& from, const Type& to) : relayout_(from, to) {}
  int64_t units() const noexcept override { return relayout_.units(); }
  bool run(void* const* buffers, void*, int64_t begin, int64_t end) const noexcept override {
    relayout_.run(buffers[0], buffers[1], begin, end);
    return true;
  }

 private:
  Relayout relayout_;
};

// The element type of the node's values in which the reference does not compute; nothing: it computes.
std::optional<DType> without_arithmetic(const Graph& graph, const Node& node) {
  for (const std::vector<ValueId>* ids : {&node.operands, &node.results})
    for (const ValueId id : *ids)
      if (id.valid() && !has_reference_arithmetic(graph.type(id).dtype)) return graph.type(id).dtype;
  return std::nullopt;
}

// Whether a value has the result's elements one by one; scalars of pattern [] are beside them.
bool is_full(const Graph& graph, const Node& node, size_t operand) {
  return graph.type(node.operands[operand]).shape == graph.type(node.results[0]).shape;
}

// Whether zeros that fill up blocks stay zeros, so that any layout will do if all have the same.
bool runs_in_any_layout(const Graph& graph, const Node& node) {
  const OpDef& op = op_def(node.op);
  if (op.elementwise != Elementwise::keeps_zeros) return false;
  for (size_t i = 0; i < node.operands.size(); ++i)
    if (node.operands[i].valid() && !is_full(graph, node, i) && op.operands[i].pattern != "[]") return false;
  return true;
}

// A sum over the outermost dimension adds up tensors that lie one after the other, in any layout.
bool sums_tensors(const Node& node) {
  return node.op == OpKind::sum && node.attributes.ints("axes") == Ints{0} &&
         !node.attributes.boolean("keepdims");
}

class ReferenceBackend final : public Backend {
 public:
  std::string_view name() const noexcept override { return "reference"; }
  std::string description() const override { return "plain loops, the oracle for all others"; }

  using Target::implementations;
  std::vector<Implementation> implementations(const Graph& graph, NodeId id,
                                              std::span<const Layout> offered) const override {
    const Node& node = graph.node(id);
    if (without_arithmetic(graph, node)) return {};
    if (node.op == OpKind::reorder) return reorders(graph, node, offered);
    const Cost least = cost(graph, node);
    const double seconds =
        std::max(least.flops / flops_per_second, least.bytes / bytes_per_second) + call_seconds;
    std::vector<Implementation> ways = {
        {std::vector<Layout>(node.operands.size()), std::vector<Layout>(node.results.size()), seconds}};
    if (sums_tensors(node)) {
      for (const Layout& layout : offered)
        if (!layout.is_plain() && fits(layout, graph.type(node.results[0])))
          ways.push_back({{layout.stacked()}, {layout}, seconds});
      return ways;
    }
    if (!runs_in_any_layout(graph, node)) return ways;
    for (const Layout& layout : offered) {
      if (layout.is_plain() || !fits(layout, graph.type(node.results[0]))) continue;
      Implementation way{{}, std::vector<Layout>(node.results.size(), layout), seconds};
      for (size_t i = 0; i < node.operands.size(); ++i)
        way.operands.push_back(node.operands[i].valid() && is_full(graph, node, i) ? layout : Layout{});
      ways.push_back(std::move(way));
    }
    return ways;
  }

  double reorder_seconds(const Type& type, const Layout& to) const override {
    return static_cast<double>(type.bytes() + to.bytes(sizes(type.shape), size_of(type.dtype))) /
           bytes_per_second;
  }

  std::optional<std::string> refuses_fusion(const Graph& body) const override { return refuses_chain(body); }

  CompiledNode compile(const Graph& graph, NodeId id) const override {
    const Node& node = graph.node(id);
    const auto ways = implementations(graph, id, layouts_of(graph, node));
    if (const auto type = without_arithmetic(graph, node))
      fail_input("{} is in {}, in which nothing computes yet; expected f32 or f64", describe_node(graph, id),
                 to_string(*type));
    if (find_implementation(ways, graph, node) == nullptr)
      fail_input("reference runs {} in plain layouts only", describe_node(graph, id));
    CompiledNode compiled{name(), {}, 0};
    compiled.kernels.push_back(make_kernel(graph, node));
    return compiled;
  }

 private:
  static bool fits(const Layout& layout, const Type& type) {
    return !layout.is_opaque() && layout.order().size() == type.shape.size();
  }

  std::vector<Implementation> reorders(const Graph& graph, const Node& node,
                                       std::span<const Layout> offered) const {
    const Type& type = graph.type(node.operands[0]);
    std::vector<Layout> layouts = {Layout{}};
    for (const Layout& layout : offered)
      if (fits(layout, type) && std::ranges::find(layouts, layout) == layouts.end())
        layouts.push_back(layout);
    std::vector<Implementation> ways;
    for (const Layout& from : layouts)
      for (const Layout& to : layouts)
        ways.push_back({{from}, {to}, reorder_seconds({type.dtype, type.shape, from}, to)});
    return ways;
  }

  static std::unique_ptr<Kernel> make_kernel(const Graph& graph, const Node& node) {
    if (node.op == OpKind::reorder)
      return std::make_unique<ReorderKernel>(graph.type(node.operands[0]), graph.type(node.results[0]));
    if (node.op == OpKind::fusion && !refuses_chain(node.attributes.body()))
      return make_chain_kernel(node.attributes.body());
    require(node.operands.size() + node.results.size() <= ReferenceKernel::most_views,
            "a node with at most 64 values");
    return std::make_unique<ReferenceKernel>(graph, node);
  }
};

}  // namespace

std::unique_ptr<Backend> make_reference_backend() { return std::make_unique<ReferenceBackend>(); }

}  // namespace sinter
