#include "passes/append_update.h"

#include "ir/build.h"
#include "ir/copy.h"
#include "passes/gradient_clipping.h"
#include "passes/optimizer.h"

namespace sinter {
namespace {

constexpr std::string_view prefix = "gradient.";

class Updates {
 public:
  Updates(const Graph& graph, const PassOptions& options)
      : graph_(graph), options_(options), copy_(graph), optimizer_(optimizer_of(options)) {}

  Graph run() {
    const auto loss = graph_.find_result("loss");
    if (!loss) fail_input("graph \"{}\" has no result \"loss\"", graph_.name);
    lr_ = to().input("lr", {DType::f32, {}, {}});
    if (options_.accumulate) {
      share_ = to().input("share", {DType::f32, {}, {}});
      last_ = to().input("last", {DType::boolean, {}, {}});
    }
    declare_states();
    for (const Node& node : graph_.nodes()) copy_.node(node);
    to().at({.node = "loss"});
    apply_ = is_finite(copy_[graph_.results()[*loss].value]);
    for (const GraphResult& result : graph_.results())
      if (!result.name.starts_with(prefix)) add_result(result);
    std::vector<Value> gradients;
    for (size_t i = 0; i < graph_.parameters().size(); ++i) gradients.push_back(gradient_of(i));
    if (options_.accumulate) accumulate(gradients);
    clip_gradients(gradients, options_.clip);
    correct();
    for (size_t i = 0; i < gradients.size(); ++i) update(i, gradients[i]);
    return copy_.take();
  }

 private:
  Graph& to() { return copy_.graph(); }
  const std::string& name_of(size_t parameter) const {
    return graph_.info(graph_.parameters()[parameter]).name;
  }

  void declare_states() {
    for (size_t i = 0; i < optimizer_.corrected.size() && !graph_.parameters().empty(); ++i)
      old_corrections_.push_back(
          to().state(fmt::format("optimizer.correction{}", i + 1), {DType::f64, {}, {}}));
    for (size_t i = 0; i < graph_.parameters().size() && options_.accumulate; ++i)
      sums_.push_back(to().state(name_of(i) + ".gradient", graph_.type(graph_.parameters()[i])));
    for (size_t i = 0; i < graph_.parameters().size(); ++i)
      for (const auto& [name, kept] : optimizer_.states) {
        const Type& type = graph_.type(graph_.parameters()[i]);
        states_.push_back(kept ? OptionalValue(to().state(fmt::format("{}.{}", name_of(i), name), type))
                               : std::nullopt);
      }
  }

  // What is stored, such as running statistics, is stored only where the loss is finite.
  void add_result(const GraphResult& result) {
    const Value value = copy_[result.value];
    if (!result.stored_in.valid()) return to().add_result(value, result.name);
    const Value before = copy_[result.stored_in];
    to().at({.node = to().info(before.id()).name});
    to().add_result(select(*apply_, value, before), result.name, before);
  }

  // An average that begins at zero is too small by the weight that its zero still has. What is left of 1 is
  // the same average of ones: 1 - beta^t after t steps, without the step's number and without a difference
  // of numbers that are nearly equal.
  void correct() {
    to().at({.node = "optimizer"});
    for (size_t i = 0; i < old_corrections_.size(); ++i) {
      const Value old = old_corrections_[i];
      const double beta = optimizer_.corrected[i];
      corrections_.push_back(old * beta + (1 - beta));
      to().add_result(select(*apply_, corrections_.back(), old),
                      fmt::format("optimizer.correction{}'", i + 1), old);
    }
  }

  static Value as(Value scalar, DType dtype) {
    return scalar.dtype() == dtype ? scalar : cast(scalar, dtype);
  }

  Value gradient_of(size_t parameter) {
    const auto gradient = graph_.find_result(std::string(prefix) + name_of(parameter));
    if (!gradient)
      fail_input("graph \"{}\" has no result \"{}{}\": autodiff comes first", graph_.name, prefix,
                 name_of(parameter));
    return copy_[graph_.results()[*gradient].value];
  }

  // Adds this step's gradients, each by its share, to those of the steps before. The update sees the sums and
  // happens in the last of the steps, which leaves zeros behind.
  void accumulate(std::vector<Value>& gradients) {
    to().at({.node = "accumulation"});
    const Value finite = *apply_;
    apply_ = select(*last_, finite, *last_);
    for (size_t i = 0; i < gradients.size(); ++i) {
      const Value old = sums_[i], sum = old + gradients[i] * as(*share_, old.dtype());
      const Value kept = select(*last_, to().scalar(sum.dtype(), 0), sum);
      to().add_result(select(finite, kept, old), name_of(i) + ".gradient'", old);
      gradients[i] = sum;
    }
  }

  void update(size_t i, Value gradient) {
    const std::string& name = name_of(i);
    const Value parameter = to().value(to().find(name).value());
    const auto states = std::span(states_).subspan(i * optimizer_.states.size(), optimizer_.states.size());
    to().at({.node = name});
    std::vector<OptionalValue> operands = {parameter, gradient, as(*lr_, parameter.dtype())};
    operands.insert(operands.end(), states.begin(), states.end());
    for (const Value correction : corrections_) operands.push_back(as(correction, parameter.dtype()));
    operands.emplace_back(apply_);
    const auto results =
        to().append(optimizer_.op, operands, Attributes(optimizer_.op, optimizer_.attributes));
    to().add_result(results[0], name + "'", parameter);
    size_t next = 1;
    for (size_t k = 0; k < states.size(); ++k)
      if (states[k])
        to().add_result(results[next++], fmt::format("{}.{}'", name, optimizer_.states[k].name), states[k]);
  }

  const Graph& graph_;
  const PassOptions& options_;
  GraphCopy copy_;
  const Optimizer optimizer_;
  OptionalValue share_, last_;                        ///< f32[], bool[]: of accumulation
  OptionalValue lr_;                                  ///< f32[]
  OptionalValue apply_;                               ///< bool[]: whether the loss is finite
  std::vector<Value> old_corrections_, corrections_;  ///< f64[]
  std::vector<Value> sums_;                           ///< of gradients, by parameter
  std::vector<OptionalValue> states_;                 ///< the optimizer's, parameter by parameter
};

}  // namespace

bool append_update(Graph& graph, const PassOptions& options) {
  graph = Updates(graph, options).run();
  return true;
}

}  // namespace sinter
