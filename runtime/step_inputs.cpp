#include "runtime/step_inputs.h"

#include <algorithm>
#include <cmath>

#include "ir/philox.h"
#include "passes/bind_symbols.h"
#include "passes/enter_training.h"

namespace sinter {
namespace {

// Small: thousands of steps on one batch are not to end in infinity, nor in denormal gradients.
constexpr double learning_rate = 1e-3;

// What the inputs that training adds to a model's own are to hold.
struct TrainingInputs {
  int64_t classes = 0;
  double lr = 0;
};

// Tensors keep elements of the half types without converting them: these are made of bits, of either sign and
// a magnitude in 0.5..1.
void fill_half(Tensor& tensor, Random& random) {
  const bool brain = tensor.dtype() == DType::bf16;
  auto* elements = static_cast<uint16_t*>(tensor.data());
  for (int64_t i = 0; i < tensor.count(); ++i) {
    const uint32_t word = random.word();
    const uint32_t magnitude = brain ? 0x3F00 | (word & 0x7F) : 0x3800 | (word & 0x3FF);
    elements[i] = static_cast<uint16_t>((word >> 16 & 0x8000) | magnitude);
  }
}

Tensor random_input(const ValueInfo& input, uint64_t seed) {
  Tensor tensor(input.type.dtype, sizes(input.type.shape));
  Random random(seed, stream_id(input.name));
  if (!has_reference_arithmetic(tensor.dtype())) {
    fill_half(tensor, random);
    return tensor;
  }
  const bool floating = is_floating(tensor.dtype());
  for (int64_t i = 0; i < tensor.count(); ++i) {
    const double uniform = random.uniform_double();
    // Integers may be indices: 0 and 1 are good for any two classes.
    tensor.set(i, floating ? 2 * uniform - 1 : std::floor(2 * uniform));
  }
  return tensor;
}

// Each sample has a number of its own.
Tensor counted_from(const ValueInfo& input, uint64_t first) {
  Tensor tensor(input.type.dtype, sizes(input.type.shape));
  for (int64_t& number : tensor.values<int64_t>()) number = static_cast<int64_t>(first++);
  return tensor;
}

Tensor training_input(const ValueInfo& input, const TrainingInputs& values, uint64_t seed) {
  if (input.name == "lr") return Tensor::scalar(input.type.dtype, values.lr);
  if (input.name == dropout_seed_input || input.name == dropout_sample_input)
    return counted_from(input, seed);
  if (input.name != "labels") return random_input(input, seed);
  Tensor labels(input.type.dtype, sizes(input.type.shape));
  Random random(seed, stream_id(input.name));
  for (int64_t i = 0; i < labels.count(); ++i)
    labels.set(i, static_cast<double>(random.uniform_int(static_cast<uint64_t>(values.classes))));
  return labels;
}

TrainingInputs training_inputs(Graph model, const BenchmarkOptions& options) {
  if (!options.train) return {};
  bind_symbols(model, options.pass_options);
  const Shape& scores = model.type(model.results()[0].value).shape;
  const bool mean = options.pass_options.loss_reduction == "mean";
  const auto images = static_cast<double>(std::max<int64_t>(1, batch_size_of(model)));
  return {.classes = scores.size() == 2 ? scores[1].size : 0,
          .lr = mean ? learning_rate : learning_rate / images};
}

}  // namespace

int64_t batch_size_of(const Graph& graph) {
  if (graph.inputs().empty() || graph.type(graph.inputs()[0]).shape.empty()) return 1;
  return graph.type(graph.inputs()[0]).shape[0].size;
}

std::vector<Tensor> step_inputs(const Graph& model, const Graph& step, const BenchmarkOptions& options) {
  const TrainingInputs values = training_inputs(model, options);
  std::vector<Tensor> inputs;
  for (const ValueId id : step.inputs()) {
    const ValueInfo& input = step.info(id);
    inputs.push_back(model.find(input.name) ? random_input(input, options.seed)
                                            : training_input(input, values, options.seed));
  }
  return inputs;
}

}  // namespace sinter
