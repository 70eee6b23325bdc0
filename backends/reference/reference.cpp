#include "backends/reference/reference.h"

#include "ir/cost.h"

namespace sinter {
namespace {

// What one core's plain loops do, for estimates: FLOP/s and bytes/s.
constexpr double flops_per_second = 2e9;
constexpr double bytes_per_second = 4e9;

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

  void run(void* const* buffers, void*, int64_t begin, int64_t end) const noexcept override {
    Views views;
    op_.evaluate(evaluation(views, buffers), begin, end);
  }

 private:
  // Views live on the stack: run() allocates nothing. Fusions may have more operands than rows of the table.
  static constexpr size_t most_views = 64;
  using Views = std::array<TensorView, most_views>;

  static BufferType buffer_type(const Graph& graph, ValueId id) {
    if (!id.valid()) return {DType::f32, {}, 0};
    const Type& type = graph.type(id);
    return {type.dtype, sizes(type.shape), element_count(type.shape)};
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

  friend class ReferenceBackend;
};

class ReferenceBackend final : public Backend {
 public:
  std::string_view name() const noexcept override { return "reference"; }
  std::string description() const override { return "plain loops, the oracle for all others"; }

  std::vector<Implementation> implementations(const Graph& graph, NodeId id) const override {
    const Node& node = graph.node(id);
    for (const std::vector<ValueId>* ids : {&node.operands, &node.results})
      for (const ValueId value : *ids)
        if (value.valid() && !has_reference_arithmetic(graph.type(value).dtype)) return {};
    const Cost least = cost(graph, node);
    const double seconds = std::max(least.flops / flops_per_second, least.bytes / bytes_per_second);
    return {{std::vector<Layout>(node.operands.size()), std::vector<Layout>(node.results.size()), seconds}};
  }

  // A fusion runs by interpreting its body.
  std::optional<std::string> refuses_fusion(const Graph&) const override { return std::nullopt; }

  std::unique_ptr<Kernel> compile(const Graph& graph, NodeId id) const override {
    const Node& node = graph.node(id);
    if (implementations(graph, id).empty())
      fail_input("reference has no arithmetic for node {} ({}{})", id, to_string(node.op),
                 node.source.empty() ? "" : ", \"" + node.source + "\"");
    require(node.operands.size() + node.results.size() <= ReferenceKernel::most_views,
            "a node with at most 64 values");
    return std::make_unique<ReferenceKernel>(graph, node);
  }
};

}  // namespace

std::unique_ptr<Backend> make_reference_backend() { return std::make_unique<ReferenceBackend>(); }

}  // namespace sinter
