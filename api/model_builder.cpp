#include <sinter/model_builder.hpp>

#include "api/builder_network.h"
#include "api/model_state.h"
#include "passes/remove_dead_nodes.h"

namespace sinter {

ModelBuilder::ModelBuilder(std::string name) : network_(std::make_shared<SymbolicTensor::Network>()) {
  network_->graph.name = std::move(name);
}

SymbolicTensor ModelBuilder::input(std::string name, Shape shape, DType dtype) {
  if (shape.size() > max_rank)
    fail_input("input \"{}\" has {} dimensions; at most {} are supported", name, shape.size(), max_rank);
  for (const Dim& dim : shape)
    if (!dim.is_symbol() && dim.size < 1)
      fail_input("input \"{}\" has a dimension of {}; expected 1 or more, or a symbol", name, dim.size);
  const Value value = network_->graph.input(std::move(name), {dtype, std::move(shape), {}});
  return {network_, value.id().index};
}

Model ModelBuilder::build(const std::vector<std::pair<std::string, SymbolicTensor>>& outputs) const {
  if (outputs.empty()) fail_input("model \"{}\" was built without an output", network_->graph.name);
  Graph graph = network_->graph;
  for (const auto& [name, tensor] : outputs) {
    if (tensor.network_ != network_) fail_input("output \"{}\" is a tensor of another ModelBuilder", name);
    if (graph.find_result(name)) fail_input("two outputs are named \"{}\"", name);
    graph.add_result(graph.value({tensor.value_}), name);
  }
  graph.at({});
  remove_dead_nodes(graph, {});
  return ModelAccess::make(std::move(graph));
}

DType SymbolicTensor::dtype() const { return BuilderAccess::value(*this).dtype(); }
Shape SymbolicTensor::shape() const { return BuilderAccess::value(*this).shape(); }

}  // namespace sinter
