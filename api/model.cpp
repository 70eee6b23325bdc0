#include <sinter/model.hpp>

#include "api/copy_elements.h"
#include "api/model_state.h"
#include "runtime/initialize.h"
#include "runtime/load_weights.h"

namespace sinter {
namespace {

std::string_view name_of(Initialization scheme) {
  switch (scheme) {
    case Initialization::standard:
      return "default";
    case Initialization::xavier_uniform:
      return "xavier_uniform";
    case Initialization::kaiming_uniform:
      return "kaiming_uniform";
    case Initialization::kaiming_normal:
      return "kaiming_normal";
  }
  fail_input("no initialisation has the number {}", static_cast<int>(scheme));
}

// The parameter or state of that name.
const ValueInfo& find_weight(const Graph& graph, std::string_view name) {
  const auto id = graph.find(name);
  if (!id || graph.info(*id).kind == ValueKind::input)
    fail_input("model \"{}\" has no parameter or state \"{}\"", graph.name, name);
  return graph.info(*id);
}

}  // namespace

Weights Model::State::weights() {
  const std::scoped_lock lock(mutex_);
  if (!has_weights_) {
    weights_ = Weights(sinter::initialize(graph, name_of(Initialization::standard), 0));
    has_weights_ = true;
  }
  return weights_;
}

// Sessions hold on to the weights that there are.
void Model::State::set_weights(NamedTensors tensors) {
  const std::scoped_lock lock(mutex_);
  if (has_weights_)
    for (const auto& [name, tensor] : tensors) weights_.set(name, tensor);
  else
    weights_ = Weights(std::move(tensors));
  has_weights_ = true;
}

Model ModelAccess::make(Graph graph, NamedTensors weights) {
  auto state = std::make_shared<State>();
  state->graph = std::move(graph);
  if (!weights.empty()) state->set_weights(std::move(weights));
  return Model(std::move(state));
}

Model::Model(std::shared_ptr<State> state) : state_(std::move(state)) {}
Model::Model(Model&&) noexcept = default;
Model& Model::operator=(Model&&) noexcept = default;
Model::~Model() = default;

Model Model::clone() const {
  NamedTensors weights = weights_of(state_->graph, state_->weights());
  for (auto& [_, tensor] : weights) tensor = tensor.clone();
  return ModelAccess::make(state_->graph, std::move(weights));
}

std::string Model::name() const { return state_->graph.name; }

std::vector<TensorInfo> Model::inputs() const { return infos_of(state_->graph, state_->graph.inputs()); }
std::vector<TensorInfo> Model::outputs() const { return result_infos_of(state_->graph); }
std::vector<TensorInfo> Model::parameters() const {
  return infos_of(state_->graph, state_->graph.parameters());
}
std::vector<TensorInfo> Model::states() const { return infos_of(state_->graph, state_->graph.states()); }

void Model::initialize(Initialization scheme, uint64_t seed) {
  state_->set_weights(sinter::initialize(state_->graph, name_of(scheme), seed));
}

void Model::read(std::string_view name, OutputView elements) const {
  const ValueInfo& weight = find_weight(state_->graph, name);
  copy_elements(state_->weights().at(weight.name), elements, {"parameter", name});
}

void Model::write(std::string_view name, InputView elements) {
  const ValueInfo& weight = find_weight(state_->graph, name);
  Tensor tensor(weight.type.dtype, sizes(weight.type.shape));
  copy_elements(elements, tensor, {"parameter", name});
  state_->weights().set(weight.name, tensor);
}

void Model::load_weights(const std::filesystem::path& path) {
  state_->set_weights(sinter::load_weights(path.string(), state_->graph));
}

void Model::save_weights(const std::filesystem::path& path) const {
  write_safetensors(path, weights_of(state_->graph, state_->weights()));
}

}  // namespace sinter
