#include "backends/jit/optimizer_updates.h"

namespace sinter::jit {
namespace {

using Operands = std::span<const std::optional<Expr>>;

Expr number_like(Expr x, double value) { return x.builder().number(x.dtype(), value, x.is_vector()); }
Expr root(Expr x) { return x.builder().apply(Op::square_root, {x}); }
bool has(Operands x, size_t i) { return i < x.size() && x[i].has_value(); }

// What is computed again and again in an expression is given a name.
Expr named(const char* name, Expr x) { return x.builder().let(name, x); }

// The gradient, with weight decay as the gradient of an L2 penalty.
Expr decayed_gradient(Operands x, double decay) {
  return decay == 0 ? *x[1] : named("d", multiply_add(number_like(*x[0], decay), *x[0], *x[1]));
}

// The running average `share` * old + (1 - share) * value.
Expr average(Expr old, double share, Expr value) {
  return multiply_add(number_like(old, share), old, number_like(old, 1 - share) * value);
}

// A result where the update applies, and else what it replaces.
Expr applied(Operands x, size_t apply, Expr updated, Expr old) {
  return has(x, apply) ? select(*x[apply], updated, old) : updated;
}

}  // namespace

std::vector<Expr> sgd_update(const Attributes& attributes, Operands x) {
  constexpr size_t velocity = 3, apply = 4;
  const Expr parameter = *x[0], momentum = number_like(parameter, attributes.real("momentum"));
  const Expr d = decayed_gradient(x, attributes.real("weight_decay"));
  const Expr moved = has(x, velocity) ? named("moved", multiply_add(momentum, *x[velocity], d)) : d;
  const Expr step = attributes.boolean("nesterov") ? multiply_add(momentum, moved, d) : moved;
  std::vector<Expr> results = {applied(x, apply, parameter - *x[2] * step, parameter)};
  if (has(x, velocity)) results.push_back(applied(x, apply, moved, *x[velocity]));
  return results;
}

std::vector<Expr> adam_update(const Attributes& attributes, Operands x) {
  constexpr size_t apply = 7;
  const Expr parameter = *x[0], lr = *x[2];
  const double decay = attributes.real("weight_decay");
  const bool decoupled = attributes.boolean("decoupled");
  const Expr d = decayed_gradient(x, decoupled ? 0 : decay);
  const Expr mean = named("mean", average(*x[3], attributes.real("beta1"), d));
  const Expr square = named("square", average(*x[4], attributes.real("beta2"), d * d));
  const Expr from =
      decoupled && decay != 0
          ? parameter * (number_like(parameter, 1) - named("decay", lr * number_like(parameter, decay)))
          : parameter;
  const Expr scale =
      named("scale", root(square) / root(*x[6]) + number_like(parameter, attributes.real("eps")));
  const Expr updated = from - lr / *x[5] * mean / scale;
  return {applied(x, apply, updated, parameter), applied(x, apply, mean, *x[3]),
          applied(x, apply, square, *x[4])};
}

std::vector<Expr> rmsprop_update(const Attributes& attributes, Operands x) {
  constexpr size_t velocity = 4, centre = 5, apply = 6;
  const Expr parameter = *x[0];
  const double alpha = attributes.real("alpha");
  const Expr d = decayed_gradient(x, attributes.real("weight_decay"));
  const Expr square = named("square", average(*x[3], alpha, d * d));
  std::optional<Expr> mean;
  Expr spread = square;
  if (has(x, centre)) {
    mean = named("mean", average(*x[centre], alpha, d));
    const Expr difference = named("difference", square - *mean * *mean), zero = number_like(parameter, 0);
    spread = select(parameter.builder().apply(Op::less, {difference, zero}), zero, difference);
  }
  Expr step = named("step", d / (root(spread) + number_like(parameter, attributes.real("eps"))));
  if (has(x, velocity))
    step =
        named("moved", multiply_add(number_like(parameter, attributes.real("momentum")), *x[velocity], step));
  std::vector<Expr> results = {applied(x, apply, parameter - *x[2] * step, parameter),
                               applied(x, apply, square, *x[3])};
  if (has(x, velocity)) results.push_back(applied(x, apply, step, *x[velocity]));
  if (mean) results.push_back(applied(x, apply, *mean, *x[centre]));
  return results;
}

}  // namespace sinter::jit
