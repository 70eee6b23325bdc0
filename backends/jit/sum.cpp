#include "backends/jit/sum.h"

#include <algorithm>

namespace sinter::jit {
namespace {

constexpr int64_t few_results = 4, most_parts = 16, part_elements = 16384;

Nest nest_of(const Sum& sum) {
  std::vector<View> views;
  for (const SumOperand& operand : sum.operands) views.push_back(operand.view);
  views.push_back(sum.result.view);
  return {sum.shape, std::move(views), sum.reduced};
}

bool is_blocked(const View& view) {
  return std::ranges::any_of(view, [](const Step& step) { return step.block_stride != 0; });
}

// A fixed number for a shape, so that the order of additions is fixed too.
int64_t parts_of(const Sum& sum, const Nest& nest) {
  if (nest.kept_vectors() >= few_results || is_blocked(sum.result.view)) return 1;
  return std::max<int64_t>(
      1, std::min({most_parts, nest.elements() / part_elements, nest.outermost_reduced_steps()}));
}

// As the op table says: sums of integers are exact.
DType total_dtype(const Sum& sum) { return is_floating(sum.operands[0].dtype) ? DType::f64 : DType::i64; }

// With parts > 1 each writes results of its own, one set behind the other.
Kernel write(const Sum& sum, Nest nest, int64_t parts) {
  KernelBuilder k(sum.name);
  std::vector<BufferId> inputs;
  for (const SumOperand& operand : sum.operands)
    inputs.push_back(buffer_of(k, fmt::format("x{}", inputs.size()), operand));
  const BufferId result = buffer_of(k, "y", sum.result);
  nest.split(parts);
  nest.over_kept(k, 1, [&] {
    const DType dtype = total_dtype(sum);
    const bool is_vector = nest.vector() || nest.lanes_are_reduced();
    const TileHandle total = k.tile("total", dtype, is_vector, {});
    total.set({}, k.number(dtype, 0, is_vector));
    nest.over_reduced(k, [&] {
      std::vector<Expr> x;
      for (size_t i = 0; i < inputs.size(); ++i) x.push_back(nest.load(k, inputs[i], i));
      Expr term = sum.term(x);
      if (sum.only_present && nest.count()) term = k.first_lanes(term, *nest.count());
      total.set({}, total() + k.cast(term, dtype));
    });
    Expr value = nest.lanes_are_reduced() ? k.apply(Op::sum_lanes, {total()}) : total();
    if (sum.scale != 1) value = value * k.number(dtype, sum.scale, value.is_vector());
    nest.store(k, result, inputs.size(), k.cast(value, sum.result.dtype),
               nest.part() * (sum.result.elements / parts));
  });
  return k.finish();
}

}  // namespace

BufferId buffer_of(KernelBuilder& k, const std::string& name, const SumOperand& operand) {
  if (operand.place == Buffer::Place::scratch)
    return k.scratch(name, operand.dtype, operand.elements, operand.position);
  return k.argument(name, {operand.dtype, {operand.elements}, {}}, static_cast<size_t>(operand.position));
}

SumOperand argument_of(const Type& type, View view, size_t position) {
  return {type.dtype, type.bytes() / size_of(type.dtype), std::move(view), Buffer::Place::argument,
          static_cast<int64_t>(position)};
}

void append_sum(Lowered& lowered, const Sum& sum) {
  const Nest nest = nest_of(sum);
  const int64_t parts = parts_of(sum, nest);
  if (parts == 1) {
    lowered.kernels.push_back(write(sum, nest, 1));
    return;
  }
  Sum first = sum, second = sum;
  const int64_t results = sum.result.elements;
  first.name += "_parts";
  first.scale = 1;
  first.result = {total_dtype(sum), parts * results, sum.result.view, Buffer::Place::scratch,
                  lowered.scratch_bytes};
  second.shape = {parts, results};
  second.reduced = {true, false};
  second.operands = {first.result};
  second.operands[0].view = {{results}, {1}};
  second.term = [](std::span<const Expr> x) { return x[0]; };
  second.result.view = {{0}, {1}};
  lowered.kernels.push_back(write(first, nest, parts));
  lowered.kernels.push_back(write(second, nest_of(second), 1));
  lowered.scratch_bytes += parts * results * size_of(first.result.dtype);
}

double sum_seconds(const Sum& sum) {
  constexpr double vector_seconds = 0.8e-9;  // two additions in f64, each waiting for the one before
  double bytes = 0;
  for (const SumOperand& operand : sum.operands)
    bytes += static_cast<double>(operand.elements * size_of(operand.dtype));
  return nest_seconds(nest_of(sum), bytes, vector_seconds);
}

}  // namespace sinter::jit
