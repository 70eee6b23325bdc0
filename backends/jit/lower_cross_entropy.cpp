#include <limits>
#include <optional>

#include "backends/jit/batch_lanes.h"
#include "backends/jit/softmax_row.h"
#include "backends/jit/sum.h"
#include "ir/op_table.h"

// Lanes are rows: samples.
namespace sinter::jit {
namespace {

constexpr double element_work = 20, vector_seconds = 9e-9;

bool is_backward(const Node& node) { return node.op == OpKind::softmax_cross_entropy_backward; }
bool is_each(const Node& node) { return node.attributes.word("reduction") == "none"; }

const View per_row = {{1}, {0}}, one_for_all = {{0}, {0}};

// The gradient leads where it is written: its blocks are filled up.
Nest nest_of(const Type& logits, const Type& lead) {
  return {sizes(logits.shape),
          {view_of(lead), view_of(logits), per_row, one_for_all},
          {false, true},
          Nest::LaneChoice::kept};
}

std::vector<Implementation> implementations(const Graph& graph, const Node& node, std::span<const Layout>) {
  Type logits = graph.type(node.operands[0]);
  const DType labels = graph.type(node.operands[1]).dtype;
  if (logits.dtype != DType::f32 || (labels != DType::u8 && labels != DType::i32 && labels != DType::i64))
    return {};
  const Layout blocked = batch_blocked(2);
  std::vector<Implementation> ways;
  for (const Layout& from : {Layout{}, blocked})
    for (const Layout& to : {Layout{}, blocked}) {
      if (!is_backward(node) && to != Layout{}) continue;
      Type lead = logits;
      logits.layout = from;
      lead.layout = is_backward(node) ? to : from;
      std::vector<Layout> operands(node.operands.size());
      operands[0] = from;
      const double bytes = static_cast<double>(logits.bytes()) * (is_backward(node) ? 2 : 1);
      ways.push_back({operands, {to}, nest_seconds(nest_of(logits, lead), bytes, vector_seconds)});
    }
  return ways;
}

// Bytes hold no class above 255: compared with such they must not wrap around.
Expr labels_at(KernelBuilder& k, const Nest& nest, BufferId labels) {
  const Expr label = nest.load(k, labels, 2);
  return k.let("label", label.dtype() == DType::u8 ? k.cast(label, DType::i32) : label);
}

Expr is_label(KernelBuilder& k, const Nest& nest, Expr label) {
  return k.apply(Op::equal, {label, k.index(label.dtype(), nest.position(1))});
}

// What the probability of a class should be: that of the label, and of the others.
struct Wanted {
  double own, other;

  Wanted(const Node& node, int64_t classes)
      : other(node.attributes.real("label_smoothing") / static_cast<double>(classes)) {
    own = 1 - node.attributes.real("label_smoothing") + other;
  }
};

// A row's loss is log(sum of exponentials) - the shifted logits as they are wanted, the label's alone without
// smoothing; with no such class it is NaN.
void write_losses(KernelBuilder& k, Nest& nest, SoftmaxRow& row, BufferId logits, BufferId labels,
                  BufferId losses, DType dtype, const Wanted& wanted) {
  nest.over_kept(k, element_work, [&] {
    row.read(logits, 1);
    const Expr label = labels_at(k, nest, labels);
    const TileHandle own = k.tile("own", DType::f32, nest.vector(), {});
    own.set({}, k.number(DType::f32, std::numeric_limits<double>::quiet_NaN(), nest.vector()));
    const auto number = [&](double value) { return k.number(DType::f32, value, nest.vector()); };
    std::optional<TileHandle> all;
    if (wanted.other != 0) all.emplace(k.tile("all", DType::f32, nest.vector(), {}));
    if (all) all->set({}, number(0));
    nest.over_reduced(k, [&] {
      own.set({}, select(is_label(k, nest, label), row.value(), own()));
      if (all) all->set({}, (*all)() + row.value());
    });
    Expr logit = own();
    if (all) logit = number(wanted.own - wanted.other) * own() + number(wanted.other) * (*all)();
    nest.store(k, losses, 2, k.cast(k.apply(Op::logarithm, {row.sum()}) - logit, dtype));
  });
}

Lowered lower_forward(const Graph& graph, const Node& node) {
  const Type &x = graph.type(node.operands[0]), &y = graph.type(node.results[0]);
  const int64_t rows = x.shape[0].size;
  KernelBuilder k{std::string(to_string(node.op))};
  const BufferId logits = k.argument("logits", x, 0),
                 labels = k.argument("labels", graph.type(node.operands[1]), 1);
  Lowered lowered;
  Nest nest = nest_of(x, x);
  SoftmaxRow row(k, nest, 1, x.shape[1].size, SoftmaxRow::Holds::shifted);
  const Wanted wanted(node, x.shape[1].size);
  if (is_each(node)) {
    write_losses(k, nest, row, logits, labels, k.argument("loss", y, 2), y.dtype, wanted);
    lowered.kernels.push_back(k.finish());
    return lowered;
  }
  write_losses(k, nest, row, logits, labels, k.scratch("losses", DType::f64, rows, 0), DType::f64, wanted);
  lowered.kernels.push_back(k.finish());
  lowered.scratch_bytes = rows * size_of(DType::f64);
  Sum sum{.name = "sum_losses", .shape = {rows}, .reduced = {true}};
  sum.operands = {{DType::f64, rows, {{1}}, Buffer::Place::scratch, 0}};
  sum.term = [](std::span<const Expr> terms) { return terms[0]; };
  sum.result = argument_of(y, {{0}}, 2);
  sum.scale = node.attributes.word("reduction") == "mean" ? 1.0 / static_cast<double>(rows) : 1;
  append_sum(lowered, sum);
  return lowered;
}

Lowered lower_backward(const Graph& graph, const Node& node) {
  const Type &x = graph.type(node.operands[0]), &y = graph.type(node.results[0]);
  const bool mean = node.attributes.word("reduction") == "mean";
  KernelBuilder k{std::string(to_string(node.op))};
  const BufferId logits = k.argument("logits", x, 0),
                 labels = k.argument("labels", graph.type(node.operands[1]), 1),
                 dloss = k.argument("dloss", graph.type(node.operands[2]), 2),
                 dlogits = k.argument("dlogits", y, 3);
  Nest nest = nest_of(x, y);
  SoftmaxRow row(k, nest, 1, x.shape[1].size, SoftmaxRow::Holds::exponentials);
  const Wanted wanted(node, x.shape[1].size);
  nest.over_kept(k, element_work, [&] {
    row.read(logits, 1);
    const bool vector = nest.vector();
    const Expr label = labels_at(k, nest, labels);
    const double share = mean ? 1.0 / static_cast<double>(x.shape[0].size) : 1;
    const Expr scale =
        k.let("scale", nest.load(k, dloss, is_each(node) ? 2 : 3) * k.number(DType::f32, share, vector));
    const Expr own = k.number(DType::f32, wanted.own, vector),
               other = k.number(DType::f32, wanted.other, vector);
    const Expr norm = k.let("norm", k.number(DType::f32, 1, vector) / row.sum());
    nest.over_reduced(k, [&] {
      const Expr hit = select(is_label(k, nest, label), own, other);
      nest.store(k, dlogits, 0, (row.value() * norm - hit) * scale);
    });
  });
  return {{k.finish()}, 0};
}

Lowered lower(const Graph& graph, const Node& node, const CpuTarget&) {
  Lowered lowered = is_backward(node) ? lower_backward(graph, node) : lower_forward(graph, node);
  for (Kernel& kernel : lowered.kernels)
    kernel.scratch_argument = static_cast<int64_t>(node.operands.size() + node.results.size());
  return lowered;
}

}  // namespace

const Lowering cross_entropy_lowering = {implementations, lower};

}  // namespace sinter::jit
