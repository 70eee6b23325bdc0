#include <gtest/gtest.h>

#include <algorithm>

#include "ir/philox.h"
#include "runtime/initialize.h"
#include "runtime/session.h"
#include "tests/runtime/small_models.h"

namespace sinter {
namespace {

// The weights after three steps on random pictures.
NamedTensors after_three_steps(const std::shared_ptr<const Executable>& step, const Graph& model,
                               int threads) {
  const Weights weights(initialize(model, "default", 3));
  Session session(step, std::make_shared<ThreadPool>(threads), weights);
  const Graph& graph = step->graph;
  for (uint64_t number = 0; number < 3; ++number) {
    std::vector<Tensor> inputs;
    for (const ValueId id : graph.inputs()) {
      Tensor tensor(graph.type(id).dtype, sizes(graph.type(id).shape));
      if (graph.info(id).name == "lr") {
        inputs.push_back(Tensor::scalar(tensor.dtype(), 0.05));
        continue;
      }
      Random random(number, stream_id(graph.info(id).name));
      for (int64_t i = 0; i < tensor.count(); ++i)
        tensor.set(i, is_floating(tensor.dtype()) ? random.uniform_double()
                                                  : static_cast<double>(random.uniform_int(10)));
      inputs.push_back(std::move(tensor));
    }
    session.run(inputs);
  }
  NamedTensors copies;
  for (const auto& [name, tensor] : weights.tensors()) copies.emplace(name, tensor.clone());
  return copies;
}

void expect_same_bits_on_any_number_of_threads(const Graph& model, const CompileOptions& options) {
  const auto step = compile(model, options);
  const NamedTensors one = after_three_steps(step, model, 1);
  EXPECT_NE(one.at("0.weight"), initialize(model, "default", 3).at("0.weight"));
  for (const int threads : {2, 3, 16})
    for (const auto& [name, tensor] : after_three_steps(step, model, threads))
      EXPECT_EQ(tensor, one.at(name)) << name << ", " << threads << " threads";
}

TEST(SameBits, ThreeStepsOfTrainingOnAnyNumberOfThreads) {
  for (const std::string& backend : backend_names())
    for (const Graph& model : {whole_lenet(false), whole_lenet(true), cifar_cnn()}) {
      SCOPED_TRACE(backend + " " + model.name);
      CompileOptions options{.backend = backend, .passes = training_passes()};
      // Many slices of work, and the last one smaller than the others.
      options.pass_options.symbols["N"] = backend == "reference" ? 3 : model.name == "cifar_cnn" ? 40 : 250;
      options.pass_options.momentum = 0.9;
      expect_same_bits_on_any_number_of_threads(model, options);
    }
}

// The loops over slabs among them.
TEST(SameBits, ThreeStepsWithTheKernelsOfEveryInstructionSet) {
  const auto backends = backend_names();
  if (std::ranges::find(backends, "jit") == backends.end()) GTEST_SKIP() << "built without jit";
  for (const InstructionSet set : {InstructionSet::baseline, InstructionSet::avx2, InstructionSet::avx512})
    for (const Graph& model : {whole_lenet(false), whole_lenet(true), cifar_cnn()}) {
      SCOPED_TRACE(fmt::format("{}, set {}", model.name, static_cast<int>(set)));
      CompileOptions options{.backend = "jit", .passes = training_passes()};
      options.backend_options.instruction_set = set;
      options.pass_options.symbols["N"] = model.name == "cifar_cnn" ? 20 : 100;
      options.pass_options.momentum = 0.9;
      try {
        find_backend("jit", options.backend_options);
      } catch (const InputError&) {
        continue;  // not on this CPU
      }
      expect_same_bits_on_any_number_of_threads(model, options);
    }
}

}  // namespace
}  // namespace sinter
