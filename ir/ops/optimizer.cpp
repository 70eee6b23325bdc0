#include "ir/ops/optimizer.h"

#include <algorithm>
#include <cmath>

#include "ir/ops/elementwise.h"

namespace sinter::ops {
namespace {

// The parameter's type for the parameter and for each state that is there; the gradient and the states must
// have its shape.
std::vector<Type> infer_update(const Inference& in, std::span<const size_t> states) {
  const auto& operands = op_def(in.kind()).operands;
  const Type type{in[0].dtype, in[0].shape, {}};
  if (in[1].shape != type.shape) in.reject("gradient and parameter have different shapes");
  std::vector<Type> results = {type};
  for (const size_t state : states) {
    if (!in.has(state)) continue;
    if (in[state].shape != type.shape)
      in.reject(fmt::format("{} and parameter have different shapes", operands[state].name));
    results.push_back(type);
  }
  return results;
}

TensorView optional(const Evaluation& e, size_t i) {
  return i < e.operands.size() ? e.operands[i] : TensorView{};
}

bool is_applied(const Evaluation& e, size_t apply) {
  const TensorView flag = optional(e, apply);
  return !flag.present() || *flag.as<bool>();
}

// Calls f(i) for the elements of the units.
template <typename F>
void for_elements(const Evaluation& e, int64_t begin, int64_t end, F f) {
  const int64_t last = std::min(e.results[0].count, end * elements_per_unit);
  for (int64_t i = begin * elements_per_unit; i < last; ++i) f(i);
}

// Reads an operand, and writes the result that replaces it.
template <typename T>
struct State {
  const T* old = nullptr;  ///< null: not kept
  T* next = nullptr;

  State(const Evaluation& e, size_t operand, size_t result) : old(optional(e, operand).as<T>()) {
    if (old) next = e.results[result].as<T>();
  }
  explicit operator bool() const { return old != nullptr; }
};

}  // namespace

std::vector<Type> infer_sgd_update(const Inference& in) {
  if (!in.has(3) && in.attributes().real("momentum") != 0) in.reject("momentum needs a velocity");
  return infer_update(in, std::array<size_t, 1>{3});
}

std::vector<Type> infer_adam_update(const Inference& in) {
  return infer_update(in, std::array<size_t, 2>{3, 4});
}

std::vector<Type> infer_rmsprop_update(const Inference& in) {
  if (!in.has(4) && in.attributes().real("momentum") != 0) in.reject("momentum needs a velocity");
  return infer_update(in, std::array<size_t, 3>{3, 4, 5});
}

// PyTorch's SGD with dampening 0: d = gradient + weight_decay * parameter; velocity = momentum * velocity +
// d; with Nesterov the step is d + momentum * velocity. Velocities start at zero.
void evaluate_sgd_update(const Evaluation& e, int64_t begin, int64_t end) {
  const bool applied = is_applied(e, 4), nesterov = e.attributes.boolean("nesterov");
  dispatch_floating(e.operands[0].dtype, [&]<typename T>() {
    const T momentum = static_cast<T>(e.attributes.real("momentum"));
    const T decay = static_cast<T>(e.attributes.real("weight_decay"));
    const T rate = *e.operands[2].as<T>();
    const T* gradient = e.operands[1].as<T>();
    const State<T> p(e, 0, 0), v(e, 3, 1);
    for_elements(e, begin, end, [&](int64_t i) {
      const T d = gradient[i] + decay * p.old[i];
      const T moved = v ? momentum * v.old[i] + d : d;
      const T step = nesterov ? d + momentum * moved : moved;
      if (v) v.next[i] = applied ? moved : v.old[i];
      p.next[i] = applied ? p.old[i] - rate * step : p.old[i];
    });
  });
}

// As PyTorch's Adam and AdamW without amsgrad: eps is added after the correction of the square root.
void evaluate_adam_update(const Evaluation& e, int64_t begin, int64_t end) {
  const bool applied = is_applied(e, 7), decoupled = e.attributes.boolean("decoupled");
  dispatch_floating(e.operands[0].dtype, [&]<typename T>() {
    const double beta1 = e.attributes.real("beta1"), beta2 = e.attributes.real("beta2");
    const T keep1 = static_cast<T>(beta1), take1 = static_cast<T>(1 - beta1);
    const T keep2 = static_cast<T>(beta2), take2 = static_cast<T>(1 - beta2);
    const T eps = static_cast<T>(e.attributes.real("eps"));
    const T decay = static_cast<T>(e.attributes.real("weight_decay")), rate = *e.operands[2].as<T>();
    const T penalty = decoupled ? 0 : decay, kept = decoupled ? 1 - rate * decay : 1;
    const T step = rate / *e.operands[5].as<T>(), root2 = std::sqrt(*e.operands[6].as<T>());
    const T* gradient = e.operands[1].as<T>();
    const State<T> p(e, 0, 0), mean(e, 3, 1), square(e, 4, 2);
    for_elements(e, begin, end, [&](int64_t i) {
      const T d = gradient[i] + penalty * p.old[i];
      const T m = keep1 * mean.old[i] + take1 * d, s = keep2 * square.old[i] + take2 * d * d;
      mean.next[i] = applied ? m : mean.old[i];
      square.next[i] = applied ? s : square.old[i];
      p.next[i] = applied ? kept * p.old[i] - step * m / (std::sqrt(s) / root2 + eps) : p.old[i];
    });
  });
}

// As PyTorch's RMSprop: eps is added to the root. PyTorch takes the root of a difference of squares that
// rounding may have made negative, and has NaN then.
void evaluate_rmsprop_update(const Evaluation& e, int64_t begin, int64_t end) {
  const bool applied = is_applied(e, 6);
  dispatch_floating(e.operands[0].dtype, [&]<typename T>() {
    const double alpha = e.attributes.real("alpha");
    const T keep = static_cast<T>(alpha), take = static_cast<T>(1 - alpha);
    const T eps = static_cast<T>(e.attributes.real("eps"));
    const T momentum = static_cast<T>(e.attributes.real("momentum"));
    const T decay = static_cast<T>(e.attributes.real("weight_decay")), rate = *e.operands[2].as<T>();
    const T* gradient = e.operands[1].as<T>();
    const State<T> p(e, 0, 0), square(e, 3, 1), v(e, 4, 2), mean(e, 5, v ? 3 : 2);
    for_elements(e, begin, end, [&](int64_t i) {
      const T d = gradient[i] + decay * p.old[i];
      const T s = keep * square.old[i] + take * d * d;
      const T m = mean ? keep * mean.old[i] + take * d : 0;
      const T spread = s - m * m;
      const T step = d / (std::sqrt(spread < 0 ? 0 : spread) + eps);
      const T moved = v ? momentum * v.old[i] + step : step;
      if (v) v.next[i] = applied ? moved : v.old[i];
      if (mean) mean.next[i] = applied ? m : mean.old[i];
      square.next[i] = applied ? s : square.old[i];
      p.next[i] = applied ? p.old[i] - rate * moved : p.old[i];
    });
  });
}

double sgd_flops(const Attributes&, std::span<const std::optional<Type>>, std::span<const Type> results) {
  return 6 * per_sample_count(results[0].shape);
}

double adam_flops(const Attributes&, std::span<const std::optional<Type>>, std::span<const Type> results) {
  return 15 * per_sample_count(results[0].shape);
}

double rmsprop_flops(const Attributes&, std::span<const std::optional<Type>>, std::span<const Type> results) {
  return 18 * per_sample_count(results[0].shape);
}

}  // namespace sinter::ops
