#include "tests/backends/random_network.h"

#include "ir/build.h"
#include "tests/backends/run_graph.h"

namespace sinter {
namespace {

Value activation(Value x, RandomEngine& random) {
  const OpKind kinds[] = {OpKind::relu, OpKind::sigmoid, OpKind::tanh};
  return apply(kinds[random_integer(random, 0, 2)], {x});
}

}  // namespace

Graph random_network(int64_t batch, RandomEngine& random) {
  Graph graph;
  int64_t channels = random_integer(random, 1, 5);
  Value x = graph.input("x", {DType::f32, {batch, channels, 24, 24}, {}});
  const int64_t blocks = random_integer(random, 1, 2);
  for (int64_t block = 0; block < blocks; ++block) {
    const int64_t next = random_integer(random, 5, 33), kernel = chance(random, 0.5) ? 3 : 5;
    const Value weight =
        graph.parameter(fmt::format("{}.weight", block), {DType::f32, {next, channels, kernel, kernel}, {}});
    const Value bias = graph.parameter(fmt::format("{}.bias", block), {DType::f32, {next}, {}});
    const int64_t padding = random_integer(random, 0, 2);
    x = activation(conv2d(x, weight, bias, {.padding = {padding, 0, padding, 1}}), random);
    x = chance(random, 0.7) ? max_pool2d(x, {.kernel_size = {2, 2}}) : avg_pool2d(x, {.kernel_size = {2, 2}});
    channels = next;
  }
  x = flatten(x);
  const Value weight = graph.parameter("weight", {DType::f32, {7, x.shape()[1]}, {}});
  graph.add_result(linear(x, weight, graph.parameter("bias", {DType::f32, {7}, {}})));
  return graph;
}

Bindings step_bindings(const Graph& step, RandomEngine& random) {
  Bindings bindings = random_bindings(step, random);
  for (size_t i = 0; i < bindings.inputs.size(); ++i) {
    const Type& type = step.type(step.inputs()[i]);
    if (type.dtype == DType::i64) bindings.inputs[i] = random_tensor(type, Domain::class_index, 7, random);
  }
  for (Tensor& parameter : bindings.parameters)
    for (int64_t i = 0; i < parameter.count(); ++i) parameter.set(i, 0.05 * parameter.at(i));
  return bindings;
}

}  // namespace sinter
