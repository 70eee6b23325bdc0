#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "ir/interpreter.h"
#include "ir/text.h"
#include "ir/verify.h"
#include "tests/random/random_ops.h"

/// Every gradient of the op table against central differences in f64.
namespace sinter {
namespace {

/// The ops without a gradient. A new op is either differentiable or stands here with its reason.
const std::map<OpKind, std::string_view> not_differentiable = {
    {OpKind::max_pool2d_backward, "second derivatives are not asked for"},
    {OpKind::batch_norm_backward, "second derivatives are not asked for"},
    {OpKind::softmax_cross_entropy_backward, "second derivatives are not asked for"},
    {OpKind::sgd_update, "comes after autodiff"},
    {OpKind::adam_update, "comes after autodiff"},
    {OpKind::rmsprop_update, "comes after autodiff"},
    {OpKind::fusion, "comes after autodiff, which refuses it"},
    {OpKind::slab_loop, "comes after autodiff, which refuses it"},
};

using Operands = std::vector<std::optional<Tensor>>;

class GradientCheck {
 public:
  GradientCheck(const OpInstance& instance, RandomEngine& random)
      : instance_(instance), operands_(random_operands(instance, random)) {
    for (const Type& type : instance.results)
      weights_.push_back(random_tensor({DType::f64, type.shape, {}}, Domain::non_zero, 1, random));
  }

  void run() {
    const auto gradients = by_graph();
    for (size_t i = 0; i < operands_.size(); ++i) {
      if (!operands_[i]) continue;
      const bool floating = is_floating(operands_[i]->dtype());
      EXPECT_TRUE(floating || !gradients[i]) << "a gradient of operand " << i << ", which is not floating";
      if (floating) check_operand(i, gradients[i]);
    }
  }

 private:
  // The loss is the weighted sum of the floating results. Where the gradient is said to be zero, of all:
  // steps and integers must not move either.
  bool counts(const Tensor& result) const {
    return is_floating(result.dtype()) || op_def(instance_.op).gradient == zero_gradient;
  }

  double loss(const Operands& operands) const {
    const auto results = evaluate(instance_.op, instance_.attributes, operands);
    double total = 0;
    for (size_t r = 0; r < results.size(); ++r)
      for (int64_t i = 0; counts(results[r]) && i < results[r].count(); ++i)
        total += results[r].at(i) * weights_[r].at(i);
    return total;
  }

  std::vector<std::optional<Tensor>> by_graph() const {
    Graph graph;
    Bindings bindings;
    std::vector<std::optional<Value>> operands, dy;
    const auto input = [&](const Tensor& tensor) {
      bindings.inputs.push_back(tensor);
      return graph.input(fmt::format("x{}", graph.inputs().size()), tensor.type());
    };
    for (const auto& operand : operands_)
      operands.push_back(operand ? std::optional(input(*operand)) : std::nullopt);
    const auto results = graph.append(instance_.op, operands, instance_.attributes);
    bool reached = false;
    for (size_t r = 0; r < results.size(); ++r) {
      const DType type = results[r].dtype();
      dy.push_back(is_floating(type) ? std::optional(input(weights_[r].cast(type))) : std::nullopt);
      reached = reached || dy.back().has_value();
    }
    std::vector<std::optional<Tensor>> gradients(operands_.size());
    if (!reached) return gradients;  // as autodiff: no gradient reaches this node
    const auto built = op_def(instance_.op).gradient({graph, instance_.attributes, operands, results, dy});
    for (const auto& value : built)
      if (value) graph.add_result(*value);
    for (const Diagnostic& found : verify(graph)) ADD_FAILURE() << found.node << ": " << found.message;
    const auto values = interpret(graph, bindings);
    size_t next = 0;
    for (size_t i = 0; i < built.size(); ++i)
      if (built[i]) gradients.at(i) = values[next++];
    return gradients;
  }

  void check_operand(size_t i, const std::optional<Tensor>& gradient) const {
    if (gradient) {
      ASSERT_EQ(gradient->type(), operands_[i]->type()) << "type of the gradient by operand " << i;
    }
    // A result in f32 rounds away small differences: take larger steps and expect less.
    const bool narrow =
        std::ranges::any_of(instance_.results, [](const Type& type) { return type.dtype == DType::f32; });
    const double step = narrow ? 1e-2 : 1e-5, tolerance = narrow ? 1e-3 : 2e-7;
    Operands moved = operands_;
    moved[i] = operands_[i]->clone();
    for (int64_t k = 0; k < operands_[i]->count(); ++k) {
      const double x = operands_[i]->at(k);
      moved[i]->set(k, x + step);
      const double above = loss(moved);
      moved[i]->set(k, x - step);
      const double slope = (above - loss(moved)) / (2 * step);
      moved[i]->set(k, x);
      const double found = gradient ? gradient->at(k) : 0;
      ASSERT_NEAR(found, slope, tolerance * (1 + std::abs(slope))) << "operand " << i << ", element " << k;
    }
  }

  const OpInstance& instance_;
  Operands operands_;
  std::vector<Tensor> weights_;  // of the results in the loss
};

class Gradient : public testing::TestWithParam<OpKind> {};

TEST_P(Gradient, AgreesWithCentralDifferences) {
  const OpDef& op = op_def(GetParam());
  const OpDef& trained = op_def(op.train_as);
  if (trained.gradient == nullptr) {
    EXPECT_TRUE(not_differentiable.contains(op.kind))
        << op.name << " has no gradient, and no reason is given";
    return;
  }
  EXPECT_FALSE(not_differentiable.contains(op.kind));
  for (int seed = 0; seed < 40; ++seed) {
    RandomEngine random(seed);
    const auto instance = random_instance(
        trained, random, {.floating = DType::f64, .integers = seed % 4 == 0, .largest_size = 5});
    ASSERT_TRUE(instance);
    SCOPED_TRACE(fmt::format("seed {}: {}", seed, to_string(*instance)));
    GradientCheck(*instance, random).run();
    if (HasFailure()) return;
  }
}

TEST_P(Gradient, OpOfTrainingHasTheSameFirstResult) {
  const OpDef& op = op_def(GetParam());
  if (op.train_as == op.kind) return;
  for (int seed = 0; seed < 20; ++seed) {
    RandomEngine random(seed);
    const auto instance = random_instance(op, random);
    ASSERT_TRUE(instance);
    SCOPED_TRACE(fmt::format("seed {}: {}", seed, to_string(*instance)));
    const auto operands = random_operands(*instance, random);
    const Attributes same(op.train_as, instance->attributes.named());
    ASSERT_EQ(evaluate(op.train_as, same, operands)[0], evaluate(op.kind, instance->attributes, operands)[0]);
  }
}

std::vector<OpKind> all_ops() {
  std::vector<OpKind> kinds;
  for (const OpDef& op : op_table()) kinds.push_back(op.kind);
  return kinds;
}

INSTANTIATE_TEST_SUITE_P(EveryOp, Gradient, testing::ValuesIn(all_ops()),
                         [](const auto& info) { return std::string(to_string(info.param)); });

}  // namespace
}  // namespace sinter
