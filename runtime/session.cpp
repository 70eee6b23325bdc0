#include "runtime/session.h"

#include <algorithm>
#include <cstring>

namespace sinter {

Session::Session(std::shared_ptr<const Executable> executable, std::shared_ptr<ThreadPool> pool,
                 NamedTensors& weights)
    : executable_(std::move(executable)), pool_(std::move(pool)), bound_(executable_->graph.values().size()) {
  bind_weights(weights);
  arena_ = allocate_aligned(executable_->plan.arena_bytes);
  workspace_ = allocate_aligned(executable_->workspace_bytes * pool_->threads());
  collect_buffers();
  const Graph& graph = executable_->graph;
  for (const StoreCopy& copy : executable_->plan.copies)
    staged_.emplace_back(graph.type(copy.to).dtype, sizes(graph.type(copy.to).shape));
  for (const GraphResult& result : graph.results()) {
    const Type& type = graph.type(result.value);
    results_.push_back(result.stored_in.valid() ? bound_[result.stored_in.index]
                                                : Tensor(type.dtype, sizes(type.shape)));
  }
}

void Session::bind_weights(NamedTensors& weights) {
  const Graph& graph = executable_->graph;
  for (const ValueId id : graph.constants()) bound_[id.index] = graph.info(id).constant;
  for (const ValueId id : graph.states()) {
    const ValueInfo& info = graph.info(id);
    if (!weights.contains(info.name))
      weights.emplace(info.name, Tensor(info.type.dtype, sizes(info.type.shape)));
  }
  for (const auto ids : {graph.parameters(), graph.states()})
    for (const ValueId id : ids) {
      const ValueInfo& info = graph.info(id);
      const auto found = weights.find(info.name);
      if (found == weights.end()) fail_input("no weights for %{}: {}", info.name, to_string(info.type));
      const Type given = found->second.type();
      if (given.dtype != info.type.dtype || given.shape != info.type.shape)
        fail_input("weights for %{} are {}; the model has {}", info.name, to_string(given),
                   to_string(info.type));
      bound_[id.index] = found->second;
    }
}

void* Session::memory_of(ValueId id) const {
  if (!id.valid()) return nullptr;
  const Place& place = executable_->plan.places[id.index];
  if (place.kind == Place::Kind::arena) return arena_.get() + place.offset;
  return const_cast<void*>(bound_[place.owner.index].data());
}

void Session::collect_buffers() {
  const Graph& graph = executable_->graph;
  for (const Node& node : graph.nodes()) {
    first_buffer_.push_back(buffers_.size());
    for (const std::vector<ValueId>* ids : {&node.operands, &node.results})
      for (const ValueId id : *ids) {
        if (id.valid() && graph.info(id).kind == ValueKind::input)
          patches_.push_back({buffers_.size(), static_cast<size_t>(std::ranges::find(graph.inputs(), id) -
                                                                   graph.inputs().begin())});
        buffers_.push_back(memory_of(id));
      }
  }
}

void Session::check_inputs(std::span<const Tensor> inputs) const {
  const Graph& graph = executable_->graph;
  if (inputs.size() != graph.inputs().size())
    fail_input("graph \"{}\" has {} inputs; {} were given", graph.name, graph.inputs().size(), inputs.size());
  for (size_t i = 0; i < inputs.size(); ++i) {
    const ValueInfo& info = graph.info(graph.inputs()[i]);
    const auto same = [](const Dim& dim, int64_t size) { return dim.size == size; };
    if (inputs[i].dtype() != info.type.dtype || !std::ranges::equal(info.type.shape, inputs[i].shape(), same))
      fail_input("input %{} is {}; {} was given", info.name, to_string(info.type),
                 to_string(inputs[i].type()));
  }
}

void Session::run(std::span<const Tensor> inputs) {
  check_inputs(inputs);
  const Graph& graph = executable_->graph;
  for (const Patch& patch : patches_) buffers_[patch.buffer] = const_cast<void*>(inputs[patch.input].data());
  for (size_t node = 0; node < executable_->kernels.size(); ++node) {
    const Kernel& kernel = *executable_->kernels[node];
    void* const* buffers = buffers_.data() + first_buffer_[node];
    if (kernel.self_parallel()) {
      kernel.run(buffers, workspace_.get(), 0, kernel.units());
      continue;
    }
    pool_->parallel_for(kernel.units(), [&](int thread, int64_t begin, int64_t end) {
      kernel.run(buffers, workspace_.get() + thread * executable_->workspace_bytes, begin, end);
    });
  }
  const auto source = [&](ValueId id) -> const void* {
    if (graph.info(id).kind != ValueKind::input) return memory_of(id);
    return inputs[std::ranges::find(graph.inputs(), id) - graph.inputs().begin()].data();
  };
  for (size_t i = 0; i < results_.size(); ++i)
    if (!graph.results()[i].stored_in.valid())
      std::memcpy(results_[i].data(), source(graph.results()[i].value), results_[i].bytes());
  // Staged, since what one copy overwrites another may still have to read: two parameters can change places.
  const auto& copies = executable_->plan.copies;
  for (size_t i = 0; i < copies.size(); ++i)
    std::memcpy(staged_[i].data(), source(copies[i].from), staged_[i].bytes());
  for (size_t i = 0; i < copies.size(); ++i)
    std::memcpy(memory_of(copies[i].to), staged_[i].data(), staged_[i].bytes());
}

}  // namespace sinter
