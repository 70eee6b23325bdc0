#include <algorithm>
#include <optional>

#include "backends/jit/batch_lanes.h"
#include "backends/jit/body.h"
#include "backends/jit/loss_row.h"
#include "backends/jit/softmax_row.h"
#include "backends/jit/sum.h"
#include "ir/op_table.h"

// The classification loss, its gradient, or both of them in one walk. Lanes are rows: samples.
namespace sinter::jit {
namespace {

constexpr double element_work = 20, vector_seconds = 9e-9, more_of_both = 3e-9;

bool is_gradient(const Node& node) { return node.op == OpKind::softmax_cross_entropy_backward; }
bool is_each(const Node& node) { return node.attributes.word("reduction") == "none"; }
bool is_mean(const Node& node) { return node.attributes.word("reduction") == "mean"; }

std::optional<std::string> refuses(const Graph& body) {
  const auto& nodes = body.nodes();
  if (nodes.size() != 2 || nodes[0].op != OpKind::softmax_cross_entropy || !is_gradient(nodes[1]))
    return "it is no loss and its gradient";
  const auto &loss = nodes[0].operands, &gradient = nodes[1].operands;
  const auto is_input = [&](ValueId id) { return body.info(id).kind == ValueKind::input; };
  if (!is_input(loss[0]) || !is_input(loss[1])) return "the loss is of something that is computed";
  if (loss[0] != gradient[0] || loss[1] != gradient[1]) return "the gradient is of another loss";
  if (is_each(nodes[0])) return "the losses are not reduced";
  const Attributes &how = nodes[0].attributes, &other = nodes[1].attributes;
  if (how.word("reduction") != other.word("reduction") ||
      how.real("label_smoothing") != other.real("label_smoothing"))
    return "the gradient is of another loss";
  if (body.info(gradient[2]).kind != ValueKind::constant) return "the loss's own gradient is no number";
  if (body.results().size() != 2 || body.results()[0].value != nodes[0].results[0] ||
      body.results()[1].value != nodes[1].results[0])
    return "its results are not the loss and its gradient";
  return std::nullopt;
}

// The node's op or ops, and where it has their values.
class LossNode {
 public:
  LossNode(const Graph& graph, const Node& node) : graph_(graph), node_(node), own_(body_of(graph, node)) {
    for (const Node& part : own_.body.nodes()) (is_gradient(part) ? gradient_ : loss_) = &part;
  }
  LossNode(const LossNode&) = delete;

  const Node* loss() const { return loss_; }
  const Node* gradient() const { return gradient_; }
  const Node& either() const { return loss_ != nullptr ? *loss_ : *gradient_; }
  ValueId logits() const { return either().operands[0]; }
  ValueId labels() const { return either().operands[1]; }

  const Type& type(ValueId id) const { return graph_.type(value(id)); }
  size_t position(ValueId id) const { return position_of(node_, value(id)); }
  BufferId argument(KernelBuilder& k, const char* name, ValueId id) const {
    return k.argument(name, type(id), position(id));
  }
  /// The gradient of the loss, where the body knows it.
  std::optional<double> known_gradient() const {
    const ValueInfo& info = own_.body.info(gradient_->operands[2]);
    if (info.kind != ValueKind::constant) return std::nullopt;
    return info.constant.at(0);
  }

 private:
  ValueId value(ValueId of_body) const {
    const auto inputs = own_.body.inputs();
    const auto input = std::ranges::find(inputs, of_body);
    if (input != inputs.end()) return own_.operands[input - inputs.begin()];
    const auto result = std::ranges::find(own_.body.results(), of_body, &GraphResult::value);
    return own_.results[result - own_.body.results().begin()];
  }

  const Graph& graph_;
  const Node& node_;
  NodeBody own_;
  const Node *loss_ = nullptr, *gradient_ = nullptr;  ///< of the body; null: not asked for
};

const View per_row = {{1}, {0}}, one_for_all = {{0}, {0}};

// The gradient leads where it is written: its blocks are filled up.
Nest nest_of(const Type& logits, const Type& lead) {
  return {sizes(logits.shape),
          {view_of(lead), view_of(logits), per_row, one_for_all},
          {false, true},
          Nest::LaneChoice::kept};
}

std::vector<Implementation> implementations(const Graph& graph, const Node& node, std::span<const Layout>) {
  const LossNode loss(graph, node);
  Type logits = loss.type(loss.logits());
  const DType labels = loss.type(loss.labels()).dtype;
  if (logits.dtype != DType::f32 || (labels != DType::u8 && labels != DType::i32 && labels != DType::i64))
    return {};
  const bool both = loss.loss() != nullptr && loss.gradient() != nullptr;
  const Layout blocked = batch_blocked(2);
  std::vector<Implementation> ways;
  for (const Layout& from : {Layout{}, blocked})
    for (const Layout& to : {Layout{}, blocked}) {
      if (loss.gradient() == nullptr && to != Layout{}) continue;
      Type lead = logits;
      logits.layout = from;
      lead.layout = loss.gradient() != nullptr ? to : from;
      Implementation way{std::vector<Layout>(node.operands.size()), std::vector<Layout>(node.results.size()),
                         0};
      way.operands[loss.position(loss.logits())] = from;
      if (loss.gradient() != nullptr)
        way.results[loss.position(loss.gradient()->results[0]) - node.operands.size()] = to;
      const double bytes = static_cast<double>(logits.bytes()) * (loss.gradient() != nullptr ? 2 : 1);
      way.seconds = nest_seconds(nest_of(logits, lead), bytes, vector_seconds + (both ? more_of_both : 0));
      if (both) way.least_flops_share = 0.5;  // one softmax for the two
      ways.push_back(std::move(way));
    }
  return ways;
}

// The kernel of a walk over all rows, which leaves what the loss sums up in scratch memory.
class LossWriter {
 public:
  LossWriter(const LossNode& node, std::string name)
      : node_(node),
        k_(std::move(name)),
        logits_type_(node.type(node.logits())),
        logits_(node.argument(k_, "logits", node.logits())),
        labels_(node.argument(k_, "labels", node.labels())) {}

  Lowered write() {
    if (node_.gradient() != nullptr) place_gradient();
    const Type& lead = node_.gradient() != nullptr ? node_.type(node_.gradient()->results[0]) : logits_type_;
    Nest nest = nest_of(logits_type_, lead);
    const int64_t classes = logits_type_.shape[1].size;
    SoftmaxRow row(
        k_, nest, 1, classes,
        node_.gradient() != nullptr ? SoftmaxRow::Holds::exponentials : SoftmaxRow::Holds::shifted);
    if (node_.loss() != nullptr) place_losses();
    const Wanted wanted(node_.either().attributes.real("label_smoothing"), classes);
    nest.over_kept(k_, element_work, [&] { write_row(nest, row, wanted); });
    lowered_.kernels.insert(lowered_.kernels.begin(), k_.finish());
    return std::move(lowered_);
  }

 private:
  void place_gradient() {
    if (!node_.known_gradient()) dloss_ = node_.argument(k_, "dloss", node_.gradient()->operands[2]);
    dlogits_ = node_.argument(k_, "dlogits", node_.gradient()->results[0]);
  }

  void place_losses() {
    const Node& loss = *node_.loss();
    const Type& y = node_.type(loss.results[0]);
    if (is_each(loss)) {
      losses_ = node_.argument(k_, "loss", loss.results[0]);
      losses_dtype_ = y.dtype;
      return;
    }
    const int64_t rows = logits_type_.shape[0].size;
    losses_ = k_.scratch("losses", DType::f64, rows, 0);
    lowered_.scratch_bytes = rows * size_of(DType::f64);
    Sum sum{.name = "sum_losses", .shape = {rows}, .reduced = {true}};
    sum.operands = {{DType::f64, rows, {{1}}, Buffer::Place::scratch, 0}};
    sum.term = [](std::span<const Expr> terms) { return terms[0]; };
    sum.result = argument_of(y, {{0}}, node_.position(loss.results[0]));
    sum.scale = is_mean(loss) ? 1.0 / static_cast<double>(rows) : 1;
    append_sum(lowered_, sum);
  }

  // Bytes hold no class above 255: compared with such they must not wrap around.
  Expr label_at(const Nest& nest) {
    const Expr label = nest.load(k_, labels_, 2);
    return k_.let("label", label.dtype() == DType::u8 ? k_.cast(label, DType::i32) : label);
  }

  // What the loss's gradient is multiplied by.
  Expr scale_at(const Nest& nest) {
    const Node& node = *node_.gradient();
    const double rows = is_mean(node) ? static_cast<double>(logits_type_.shape[0].size) : 1;
    const Expr share = k_.number(DType::f32, node.attributes.real("scale") / rows, nest.vector());
    const Expr dloss = dloss_ ? nest.load(k_, *dloss_, is_each(node) ? 2 : 3)
                              : k_.number(DType::f32, *node_.known_gradient(), nest.vector());
    return k_.let("scale", dloss * share);
  }

  // Where the row holds exponentials, the shifted logits are made again for the loss.
  void write_row(Nest& nest, SoftmaxRow& row, const Wanted& wanted) {
    row.read(logits_, 1);
    const Expr label = label_at(nest);
    std::optional<RowLoss> loss;
    std::optional<RowGradient> gradient;
    if (losses_) loss.emplace(k_, nest.vector(), wanted);
    if (dlogits_) gradient.emplace(k_, row.sum(), scale_at(nest), wanted);
    nest.over_reduced(k_, [&] {
      const Expr hit = k_.apply(Op::equal, {label, k_.index(label.dtype(), nest.position(1))});
      if (loss) loss->add(hit, gradient ? nest.load(k_, logits_, 1) - row.shift() : row.value());
      if (gradient) nest.store(k_, *dlogits_, 0, gradient->at(hit, row.value()));
    });
    if (loss) nest.store(k_, *losses_, 2, k_.cast(loss->value(row.sum()), losses_dtype_));
  }

  const LossNode& node_;
  KernelBuilder k_;
  Type logits_type_;
  BufferId logits_, labels_;
  std::optional<BufferId> dloss_, dlogits_, losses_;
  DType losses_dtype_ = DType::f64;
  Lowered lowered_;
};

Lowered lower(const Graph& graph, const Node& node, const CpuTarget&) {
  const LossNode loss(graph, node);
  Lowered lowered = LossWriter(loss, kernel_name(node)).write();
  for (Kernel& kernel : lowered.kernels)
    kernel.scratch_argument = static_cast<int64_t>(node.operands.size() + node.results.size());
  return lowered;
}

}  // namespace

std::optional<std::string> refuses_loss_body(const Graph& body) { return refuses(body); }

const Lowering cross_entropy_lowering = {implementations, lower};

}  // namespace sinter::jit
