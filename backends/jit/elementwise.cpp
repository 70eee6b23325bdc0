#include "backends/jit/elementwise.h"

#include <limits>

#include "backends/jit/optimizer_updates.h"
#include "ir/op_table.h"
#include "ir/ops/activation.h"

namespace sinter::jit {
namespace {

using Operands = std::span<const std::optional<Expr>>;

Expr number_like(Expr x, double value) { return x.builder().number(x.dtype(), value, x.is_vector()); }
Expr apply(Op op, Expr a) { return a.builder().apply(op, {a}); }
Expr apply(Op op, Expr a, Expr b) { return a.builder().apply(op, {a, b}); }

template <Op op>
std::vector<Expr> unary(const Attributes&, Operands x) {
  return {apply(op, *x[0])};
}

template <Op op>
std::vector<Expr> binary(const Attributes&, Operands x) {
  return {apply(op, *x[0], *x[1])};
}

// Of booleans a sum is "or" and a product "and": what a number that is not 0 becomes.
template <Op op, Op of_booleans>
std::vector<Expr> arithmetic(const Attributes&, Operands x) {
  return {apply(x[0]->dtype() == DType::boolean ? of_booleans : op, *x[0], *x[1])};
}

std::vector<Expr> relu(const Attributes&, Operands x) {
  const Expr zero = number_like(*x[0], 0);
  return {select(apply(Op::less_equal, *x[0], zero), zero, *x[0])};  // NaN stays NaN
}

std::vector<Expr> leaky_relu(const Attributes& attributes, Operands x) {
  const Expr scaled = *x[0] * number_like(*x[0], attributes.real("alpha"));
  return {select(apply(Op::greater, *x[0], number_like(*x[0], 0)), *x[0], scaled)};
}

Expr above_zero(Expr x) { return apply(Op::greater, x, number_like(x, 0)); }

// e^x - 1 to the rounding of 1, which is where its results are added to.
Expr exponential_line(Expr x, double alpha) {
  const Expr scale = number_like(x, alpha);
  return select(above_zero(x), x, scale * apply(Op::exponential, x) - scale);
}

std::vector<Expr> elu(const Attributes& attributes, Operands x) {
  return {exponential_line(*x[0], attributes.real("alpha"))};
}

std::vector<Expr> selu(const Attributes&, Operands x) {
  return {number_like(*x[0], ops::selu_scale) * exponential_line(*x[0], ops::selu_alpha)};
}

// Abramowitz and Stegun, Handbook of Mathematical Functions, 7.1.26: within 1.5e-7.
Expr error_function(Expr x) {
  constexpr double coefficients[] = {1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592};
  const Expr one = number_like(x, 1), size = apply(Op::absolute, x);
  const Expr t = apply(Op::div, one, multiply_add(number_like(x, 0.3275911), size, one));
  Expr sum = number_like(x, coefficients[0]);
  for (size_t i = 1; i < 5; ++i) sum = multiply_add(sum, t, number_like(x, coefficients[i]));
  const Expr tail = sum * t * apply(Op::exponential, number_like(x, 0) - x * x);
  const Expr y = one - tail;
  const Expr line = x * number_like(x, 1.1283791670955126);  // as far as it goes: 0 must stay 0
  const Expr far = select(apply(Op::less, x, number_like(x, 0)), number_like(x, 0) - y, y);
  return select(apply(Op::less, size, number_like(x, 1e-3)), line, far);
}

std::vector<Expr> erf(const Attributes&, Operands x) { return {error_function(*x[0])}; }

std::vector<Expr> gelu(const Attributes& attributes, Operands x) {
  const Expr v = *x[0], half = number_like(v, 0.5) * v;
  if (attributes.word("approximate") == "none")
    return {multiply_add(half, error_function(v * number_like(v, 0.7071067811865476)), half)};
  const Expr inner = v * multiply_add(number_like(v, 0.7978845608028654 * 0.044715), v * v,
                                      number_like(v, 0.7978845608028654));
  return {multiply_add(half, apply(Op::hyperbolic_tangent, inner), half)};
}

std::vector<Expr> silu(const Attributes&, Operands x) { return {*x[0] * apply(Op::logistic, *x[0])}; }

// NaN stays NaN: no comparison with it holds.
Expr clipped(Expr x, double low, double high) {
  const Expr least = number_like(x, low), most = number_like(x, high);
  return select(apply(Op::less, x, least), least, select(apply(Op::greater, x, most), most, x));
}

std::vector<Expr> clip(const Attributes& attributes, Operands x) {
  return {clipped(*x[0], attributes.real("min"), attributes.real("max"))};
}

Expr hard_sigmoid_of(Expr x) {
  return apply(Op::div, clipped(x + number_like(x, 3), 0, 6), number_like(x, 6));
}

std::vector<Expr> hard_sigmoid(const Attributes&, Operands x) { return {hard_sigmoid_of(*x[0])}; }
std::vector<Expr> hard_swish(const Attributes&, Operands x) { return {*x[0] * hard_sigmoid_of(*x[0])}; }

// log(1 + e^z) by e^-|z|, which cannot overflow.
std::vector<Expr> softplus(const Attributes& attributes, Operands x) {
  const Expr v = *x[0], zero = number_like(v, 0), beta = number_like(v, attributes.real("beta"));
  const Expr z = v * beta;
  const Expr rest =
      apply(Op::logarithm, number_like(v, 1) + apply(Op::exponential, zero - apply(Op::absolute, z)));
  const Expr smooth = apply(Op::div, select(above_zero(z), z, zero) + rest, beta);
  return {select(apply(Op::greater, z, number_like(v, attributes.real("threshold"))), v, smooth)};
}

std::vector<Expr> compare(const Attributes& attributes, Operands x) {
  static constexpr std::pair<std::string_view, Op> predicates[] = {
      {"eq", Op::equal},      {"ne", Op::not_equal}, {"lt", Op::less},
      {"le", Op::less_equal}, {"gt", Op::greater},   {"ge", Op::greater_equal}};
  const std::string& word = attributes.word("predicate");
  for (const auto& [name, op] : predicates)
    if (name == word) return {apply(op, *x[0], *x[1])};
  require(false, "a predicate of the op table");
  return {};
}

std::vector<Expr> choose(const Attributes&, Operands x) { return {select(*x[0], *x[1], *x[2])}; }

std::vector<Expr> cast(const Attributes& attributes, Operands x) {
  return {x[0]->builder().cast(*x[0], attributes.dtype("dtype"))};
}

std::vector<Expr> is_finite(const Attributes&, Operands x) {
  const double infinity = std::numeric_limits<double>::infinity();
  return {apply(Op::less, apply(Op::absolute, *x[0]), number_like(*x[0], infinity))};
}

struct Entry {
  OpKind op;
  std::vector<Expr> (*expressions)(const Attributes&, Operands);
  bool f32_only = false;
};

constexpr Entry entries[] = {
    {OpKind::relu, relu},
    {OpKind::sigmoid, unary<Op::logistic>, true},
    {OpKind::tanh, unary<Op::hyperbolic_tangent>, true},
    {OpKind::leaky_relu, leaky_relu},
    {OpKind::erf, erf, true},
    {OpKind::elu, elu, true},
    {OpKind::selu, selu, true},
    {OpKind::gelu, gelu, true},
    {OpKind::silu, silu, true},
    {OpKind::hard_sigmoid, hard_sigmoid},
    {OpKind::hard_swish, hard_swish},
    {OpKind::softplus, softplus, true},
    {OpKind::clip, clip},
    {OpKind::add, arithmetic<Op::add, Op::logical_or>},
    {OpKind::sub, arithmetic<Op::sub, Op::not_equal>},
    {OpKind::mul, arithmetic<Op::mul, Op::logical_and>},
    {OpKind::pow, binary<Op::power>, true},
    {OpKind::div, binary<Op::div>},
    {OpKind::maximum, arithmetic<Op::maximum, Op::logical_or>},
    {OpKind::minimum, arithmetic<Op::minimum, Op::logical_and>},
    {OpKind::exp, unary<Op::exponential>, true},
    {OpKind::log, unary<Op::logarithm>, true},
    {OpKind::sqrt, unary<Op::square_root>},
    {OpKind::compare, compare},
    {OpKind::select, choose},
    {OpKind::cast, cast},
    {OpKind::is_finite, is_finite},
    {OpKind::sgd_update, sgd_update},
    {OpKind::adam_update, adam_update},
    {OpKind::rmsprop_update, rmsprop_update},
};

const Entry* find_entry(OpKind op) {
  for (const Entry& entry : entries)
    if (entry.op == op) return &entry;
  return nullptr;
}

}  // namespace

std::optional<std::string> refuses_elementwise(const Graph& graph, const Node& node) {
  const Entry* entry = find_entry(node.op);
  if (entry == nullptr) return fmt::format("{} is not computed element by element", to_string(node.op));
  for (const std::vector<ValueId>* ids : {&node.operands, &node.results})
    for (const ValueId id : *ids) {
      if (!id.valid()) continue;
      const DType dtype = graph.type(id).dtype;
      if ((!has_reference_arithmetic(dtype) && node.op != OpKind::cast) ||
          (entry->f32_only && dtype != DType::f32))
        return fmt::format("no code for {} of {}", to_string(node.op), to_string(dtype));
    }
  return std::nullopt;
}

std::vector<Expr> elementwise(const Node& node, Operands operands) {
  return find_entry(node.op)->expressions(node.attributes, operands);
}

std::optional<Expr> Expressions::constant(ValueId id) {
  const Tensor& tensor = graph_.info(id).constant;
  if (tensor.count() != 1) return std::nullopt;
  return builder_.number(tensor.dtype(), tensor.at(0), vector_);
}

Expr Expressions::operator()(ValueId id) {
  std::optional<Expr>& known = known_[id.index];
  if (known) return *known;
  if (graph_.info(id).kind == ValueKind::constant) known = constant(id);
  if (!known) known = leaf_(id);
  if (known) return *known;
  require(graph_.info(id).kind == ValueKind::result, "every leaf has an expression");
  const Node& node = graph_.node(graph_.info(id).node);
  std::vector<std::optional<Expr>> operands;
  for (const ValueId operand : node.operands)
    operands.push_back(operand.valid() ? std::optional((*this)(operand)) : std::nullopt);
  const auto results = elementwise(node, operands);
  for (size_t i = 0; i < results.size(); ++i)
    known_[node.results[i].index] = builder_.let(fmt::format("v{}", node.results[i].index), results[i]);
  return *known_[id.index];
}

}  // namespace sinter::jit
