#include <algorithm>
#include <sinter/inference_session.hpp>

#include "api/copy_elements.h"
#include "api/execution.h"
#include "api/model_state.h"
#include "passes/bind_symbols.h"
#include "runtime/session.h"

namespace sinter {
namespace {

bool has_symbol(const Graph& model, const std::string& symbol) {
  return std::ranges::any_of(model.inputs(), [&](ValueId id) {
    return std::ranges::find(model.type(id).shape, symbol, &Dim::symbol) != model.type(id).shape.end();
  });
}

std::map<std::string, int64_t> symbols_of(const Graph& model, const InferenceOptions& options) {
  check_option("batch_size", static_cast<double>(options.batch_size), 1, largest_batch);
  for (const auto& [symbol, size] : options.symbols) {
    if (!has_symbol(model, symbol))
      fail_input("model \"{}\" has no symbol \"{}\" in its inputs", model.name, symbol);
    if (size < 1) fail_input("symbol {} is to be {}; expected a size of 1 or more", symbol, size);
  }
  auto symbols = options.symbols;
  const auto open = batch_symbols(model);
  for (const std::string& symbol : open) symbols.emplace(symbol, options.batch_size);
  if (open.empty() && options.batch_size != 1)
    fail_input(
        "batch_size is {}; model \"{}\" has a batch of its own: no input's first dimension is a symbol",
        options.batch_size, model.name);
  return symbols;
}

std::string list(const std::vector<TensorInfo>& infos) {
  std::string text;
  for (const TensorInfo& info : infos) text += (text.empty() ? "" : ", ") + to_string(info);
  return text;
}

}  // namespace

struct InferenceSession::State {
  Session session;
  std::vector<Tensor> tensors;  ///< the inputs, copied
  std::vector<TensorInfo> inputs, outputs;
};

InferenceSession::InferenceSession(const Model& model, const InferenceOptions& options) {
  ModelAccess::State& shared = *ModelAccess::state(model);
  PassOptions pass_options;
  pass_options.symbols = symbols_of(shared.graph, options);
  const auto executable = compile(shared.graph, {.backend = options.execution.backend,
                                                 .passes = inference_passes(),
                                                 .pass_options = pass_options,
                                                 .backend_options = backend_options(options.execution)});
  const Graph& graph = executable->graph;
  state_ =
      std::make_unique<State>(State{.session = {executable, make_pool(options.execution), shared.weights()},
                                    .tensors = {},
                                    .inputs = infos_of(graph, graph.inputs()),
                                    .outputs = result_infos_of(graph)});
  for (const TensorInfo& input : state_->inputs)
    state_->tensors.emplace_back(input.dtype, sizes(input.shape));
}

InferenceSession::InferenceSession(InferenceSession&&) noexcept = default;
InferenceSession& InferenceSession::operator=(InferenceSession&&) noexcept = default;
InferenceSession::~InferenceSession() = default;

const std::vector<TensorInfo>& InferenceSession::inputs() const { return state_->inputs; }
const std::vector<TensorInfo>& InferenceSession::outputs() const { return state_->outputs; }

void InferenceSession::run(const InputView* inputs, size_t input_count, const OutputView* outputs,
                           size_t output_count) {
  State& state = *state_;
  if (input_count != state.inputs.size())
    fail_input("{} inputs were given; the model takes {}", input_count, list(state.inputs));
  if (output_count != state.outputs.size())
    fail_input("places for {} outputs were given; the model gives {}", output_count, list(state.outputs));
  for (size_t i = 0; i < output_count; ++i)  // before anything is computed
    check_elements(outputs[i].dtype(), outputs[i].count(), state.session.result(i),
                   {"output", state.outputs[i].name});
  for (size_t i = 0; i < input_count; ++i)
    copy_elements(inputs[i], state.tensors[i], {"input", state.inputs[i].name});
  state.session.run(state.tensors);
  for (size_t i = 0; i < output_count; ++i)
    copy_elements(state.session.result(i), outputs[i], {"output", state.outputs[i].name});
}

int64_t InferenceSession::activation_bytes() const { return state_->session.activation_bytes(); }

}  // namespace sinter
