#include "ir/ops/optimizer.h"

#include <algorithm>

#include "ir/ops/elementwise.h"

namespace sinter::ops {

std::vector<Type> infer_sgd_update(const Inference& in) {
  const Shape& parameter = in[0].shape;
  if (in[1].shape != parameter) in.reject("gradient and parameter have different shapes");
  if (!in.has(3) && in.attributes().real("momentum") != 0) in.reject("momentum needs a velocity");
  std::vector<Type> results = {{in[0].dtype, parameter, {}}};
  if (in.has(3)) {
    if (in[3].shape != parameter) in.reject("velocity and parameter have different shapes");
    results.push_back({in[0].dtype, parameter, {}});
  }
  return results;
}

// PyTorch's SGD with dampening 0: d = gradient + weight_decay * parameter; velocity = momentum * velocity +
// d; with Nesterov the step is d + momentum * velocity. Velocities start at zero.
void evaluate_sgd_update(const Evaluation& e, int64_t begin, int64_t end) {
  const auto optional = [&](size_t i) { return e.operands.size() > i ? e.operands[i] : TensorView{}; };
  const TensorView velocity = optional(3), apply = optional(4);
  const int64_t first = begin * elements_per_unit,
                last = std::min(e.results[0].count, end * elements_per_unit);
  const bool applied = !apply.present() || *apply.as<bool>();
  const bool nesterov = e.attributes.boolean("nesterov");
  dispatch_floating(e.operands[0].dtype, [&]<typename T>() {
    const T momentum = static_cast<T>(e.attributes.real("momentum"));
    const T decay = static_cast<T>(e.attributes.real("weight_decay"));
    const T rate = *e.operands[2].as<T>();
    const T *p = e.operands[0].as<T>(), *g = e.operands[1].as<T>(), *v = velocity.as<T>();
    T* new_p = e.results[0].as<T>();
    T* new_v = velocity.present() ? e.results[1].as<T>() : nullptr;
    for (int64_t i = first; i < last; ++i) {
      const T d = g[i] + decay * p[i];
      const T moved = new_v ? momentum * v[i] + d : d;
      const T step = nesterov ? d + momentum * moved : moved;
      const T old_v = new_v ? v[i] : T(0);
      new_p[i] = applied ? p[i] - rate * step : p[i];
      if (new_v) new_v[i] = applied ? moved : old_v;
    }
  });
}

double sgd_flops(const Attributes&, std::span<const std::optional<Type>>, std::span<const Type> results) {
  return 6 * per_sample_count(results[0].shape);
}

}  // namespace sinter::ops
