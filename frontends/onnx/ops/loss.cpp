#include <array>

#include "frontends/onnx/expressions.h"
#include "frontends/onnx/op_table.h"

namespace sinter::onnx {
namespace {

// Picks, for each label, the element of its class along dimension 1; 0 where the label is no class.
class Picker {
 public:
  Picker(const NodeImport& in, Value labels, const Shape& x) : labels_(labels), rank_(x.size()) {
    if (rank_ < 2 || x[1].is_symbol() || labels.shape().size() + 1 != rank_)
      in.reject(fmt::format("labels are {}; expected the shape of x, {}, without its dimension 1",
                            to_string(labels.type()), to_string(x)));
    const Value classes = counting(labels.graph(), labels.dtype(), x[1].size, 1, rank_);
    is_label_ = compare(insert_axis(labels, 1), classes, "eq");
  }

  Value operator()(Value x) const { return sum(select(*is_label_, x, like(x, 0)), {.axes = {1}}); }

  // A number for each class, for each label.
  Value of_class(Value numbers) const {
    Shape shape(rank_, Dim(1));
    shape[1] = Dim(-1);
    return (*this)(reshape_to(numbers, shape));
  }

 private:
  Value labels_;
  size_t rank_;
  OptionalValue is_label_;
};

// -log p of each label's class, weighted; the mean is by weight. Labels that are ignored weigh nothing.
Value negative_log_likelihood(NodeImport& in, Value log_p, const std::string& reduction) {
  const Value labels = in.value(1);
  const Picker pick(in, labels, log_p.shape());
  Value loss = like(log_p, -1) * pick(log_p);
  OptionalValue weight;
  if (in.has(2)) weight = pick.of_class(in.value(2));
  if (in.has_attribute("ignore_index")) {
    const Value counts = compare(labels, like(labels, static_cast<double>(in.integer("ignore_index"))), "ne");
    weight = select(counts, weight.value_or(like(log_p, 1)), like(log_p, 0));
  }
  if (weight) loss = loss * *weight;
  if (reduction == "none") return loss;
  if (reduction == "sum") return sum(loss);
  return weight ? sum(loss) / sum(*weight) : mean(loss);
}

std::string reduction_of(const NodeImport& in) {
  const std::string reduction = in.word("reduction", "mean");
  if (reduction != "none" && reduction != "sum" && reduction != "mean")
    in.reject(fmt::format("reduction \"{}\"; expected none, sum or mean", reduction));
  return reduction;
}

void nll_loss(NodeImport& in) { in.result(0, negative_log_likelihood(in, in.value(0), reduction_of(in))); }

// As the one op of the IR where it is no more than that, which trains faster.
void softmax_cross_entropy_loss(NodeImport& in) {
  const Value logits = in.value(0);
  const std::string reduction = reduction_of(in);
  const bool plain =
      logits.shape().size() == 2 && !in.has(2) && !in.has_attribute("ignore_index") && !in.wants(1);
  if (plain) return in.result(0, softmax_cross_entropy(logits, in.value(1), {.reduction = reduction}));
  const Value log_p = log_softmax(logits, {.axis = 1});
  in.result(0, negative_log_likelihood(in, log_p, reduction));
  in.result(1, log_p);
}

constexpr std::array<Op, 2> rows = {{
    {"NegativeLogLikelihoodLoss", {12, 13}, nll_loss},
    {"SoftmaxCrossEntropyLoss", {12, 13}, softmax_cross_entropy_loss},
}};

}  // namespace

std::span<const Op> loss_ops() { return rows; }

}  // namespace sinter::onnx
