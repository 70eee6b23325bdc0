#pragma once

#include <memory>
#include <sinter/execution.hpp>
#include <sinter/model.hpp>
#include <sinter/views.hpp>

namespace sinter {

struct InferenceOptions {
  int64_t batch_size = 1;                       ///< samples a run, where the model leaves it open
  std::map<std::string, int64_t> symbols = {};  ///< sizes for other symbols of the model's inputs
  ExecutionOptions execution = {};
};

/// A model compiled for inference at one batch size.
///
/// Errors: InputError where the model cannot run so, or what run() is given does not fit, with the tensor,
/// what was found and what was expected; Error where memory is too small.
/// Cost: construction compiles, which takes 10 ms to some seconds; run() allocates nothing.
/// Thread safety: one thread at a time; sessions run side by side, those of one model too.
class SINTER_API InferenceSession {
 public:
  explicit InferenceSession(const Model& model, const InferenceOptions& options = {});
  InferenceSession(InferenceSession&&) noexcept;
  InferenceSession& operator=(InferenceSession&&) noexcept;
  ~InferenceSession();

  /// With all sizes known.
  const std::vector<TensorInfo>& inputs() const;
  const std::vector<TensorInfo>& outputs() const;

  /// Runs a model of one input and one output. The input is copied first, the output last: the two may
  /// overlap.
  template <ElementRange In, ElementRange Out>
  void run(const In& input, Out&& output) {
    const InputView in(input);
    const OutputView out(output);
    run(&in, 1, &out, 1);
  }
  /// Runs any model; both in the order of inputs() and outputs().
  void run(const std::vector<InputView>& inputs, const std::vector<OutputView>& outputs) {
    run(inputs.data(), inputs.size(), outputs.data(), outputs.size());
  }

  /// Memory for intermediate values, in bytes.
  int64_t activation_bytes() const;

 private:
  struct SINTER_HIDDEN State;
  void run(const InputView* inputs, size_t input_count, const OutputView* outputs, size_t output_count);

  std::unique_ptr<State> state_;
};

}  // namespace sinter
