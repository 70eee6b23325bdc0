#include <cmath>
#include <sinter/training_session.hpp>

#include "api/copy_elements.h"
#include "api/execution.h"
#include "api/labels.h"
#include "api/training_plan.h"
#include "runtime/classifier.h"
#include "runtime/non_finite.h"

namespace sinter {
namespace {

ClassifierOptions program_options(const TrainingOptions& options) {
  return {.backend = options.execution.backend,
          .passes = training_passes(),
          .pass_options = training_pass_options(options),
          .backend_options = backend_options(options.execution)};
}

std::vector<int64_t> with_batch(int64_t count, const Shape& shape) {
  std::vector<int64_t> result = sizes({shape.begin() + 1, shape.end()});
  result.insert(result.begin(), count);
  return result;
}

}  // namespace

struct TrainingSession::State {
  State(Model& model, const TrainingOptions& options)
      : weights(ModelAccess::state(model)),
        program(weights.graph(), weights.weights(), make_pool(options.execution), program_options(options)),
        loss(options.loss),
        seed(options.seed),
        lr(learning_rate_of(options)) {
    program.prepare(options.batch_size);
  }

  const ValueInfo& input() const { return weights.graph().info(weights.graph().inputs()[0]); }
  const Type& output() const { return weights.graph().type(weights.graph().results()[0].value); }
  int64_t samples_in(const InputView& view) const;
  Batch& batch_of(int64_t count);
  void set_expected(const InputView& expected, Batch& batch) const;
  [[noreturn]] void explain_loss(double value, int64_t count) const;

  WeightsInTraining weights;  ///< outlives the programs on it
  Classifier program;
  std::map<int64_t, Batch> batches = {};  ///< by their size
  Loss loss;
  uint64_t seed;
  double lr;
  int64_t samples = 0;  ///< seen so far
};

int64_t TrainingSession::State::samples_in(const InputView& view) const {
  const Shape& shape = input().type.shape;
  const int64_t elements = element_count({shape.begin() + 1, shape.end()});
  const int64_t count = elements > 0 ? view.count() / elements : 0;
  if (count < 1 || count * elements != view.count())
    fail_input("input \"{}\": found {} elements; expected a multiple of {}, one sample of {}", input().name,
               view.count(), elements, to_string(input().type));
  check_option("samples of a step", static_cast<double>(count), 1, largest_batch);
  return count;
}

Batch& TrainingSession::State::batch_of(int64_t count) {
  const auto found = batches.find(count);
  if (found != batches.end()) return found->second;
  program.prepare(count);
  Batch batch{.images = Tensor(input().type.dtype, with_batch(count, input().type.shape)),
              .labels = Tensor(DType::i64, {count}),
              .count = count};
  return batches.emplace(count, std::move(batch)).first->second;
}

void TrainingSession::State::set_expected(const InputView& expected, Batch& batch) const {
  if (loss == Loss::cross_entropy || is_integer(expected.dtype())) {
    read_labels(expected, output().shape.back().size, batch.labels.values<int64_t>());
    batch.target = {};
    return;
  }
  Tensor target(output().dtype, with_batch(batch.count, output().shape));
  copy_elements(expected, target, {"target of output", result_infos_of(weights.graph())[0].name});
  batch.target = std::move(target);
}

void TrainingSession::State::explain_loss(double value, int64_t count) const {
  fail("the loss is {}: {}; the weights are those before this step", std::isnan(value) ? "nan" : "infinite",
       first_non_finite_node(program.executable(count).graph, program.inputs(count), weights.weights()));
}

TrainingSession::TrainingSession(Model& model, const TrainingOptions& options)
    : state_(std::make_unique<State>(model, options)) {}
TrainingSession::TrainingSession(TrainingSession&&) noexcept = default;
TrainingSession& TrainingSession::operator=(TrainingSession&&) noexcept = default;
TrainingSession::~TrainingSession() = default;

StepResult TrainingSession::step(InputView input, InputView expected) {
  State& state = *state_;
  const int64_t count = state.samples_in(input);
  Batch& batch = state.batch_of(count);
  copy_elements(input, batch.images, {"input", state.input().name});
  state.set_expected(expected, batch);
  const BatchResult result =
      state.program.run(batch, {.lr = state.lr, .seed = state.seed, .first_sample = state.samples});
  if (!std::isfinite(result.loss)) state.explain_loss(result.loss, count);
  state.samples += count;
  return {result.loss, result.correct};
}

double TrainingSession::learning_rate() const { return state_->lr; }

void TrainingSession::set_learning_rate(double lr) {
  check_option("lr", lr, 0, 1e6);
  state_->lr = lr;
}

}  // namespace sinter
