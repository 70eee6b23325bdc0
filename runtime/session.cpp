#include "runtime/session.h"

#include <algorithm>
#include <cstring>

#include "runtime/memory_need.h"

namespace sinter {
namespace {

Type plain(const Type& type) { return {type.dtype, type.shape, {}}; }

}  // namespace

Session::Session(std::shared_ptr<const Executable> executable, std::shared_ptr<ThreadPool> pool,
                 Weights weights, std::optional<int64_t> available)
    : executable_(std::move(executable)),
      pool_(std::move(pool)),
      weights_(std::move(weights)),
      copies_(executable_->graph.values().size()),
      workspace_offsets_(executable_->program.workspace_offsets(pool_->threads())) {
  const MemoryNeed need = memory_need(*executable_, pool_->threads(), weights_);
  check_memory(executable_->graph.name, need, available);
  bind_weights();
  allocate(need);
  collect_buffers();
}

void Session::allocate(const MemoryNeed& need) {
  const Graph& graph = executable_->graph;
  try {
    arena_ = allocate_aligned(need.values);
    workspace_ = allocate_aligned(need.workspaces);
    // Memory that was never touched is still available to whoever asks next.
    if (need.total() > large_plan_bytes) {
      std::memset(arena_.get(), 0, need.values);
      std::memset(workspace_.get(), 0, need.workspaces);
    }
    for (const StoreCopy& copy : executable_->program.plan.copies) {
      const int64_t bytes = graph.type(copy.to).bytes();
      staged_.push_back({copy.from, copy.to, bytes, allocate_aligned(bytes)});
    }
    for (const GraphResult& result : graph.results()) {
      const Type& type = graph.type(result.value);
      results_.push_back(result.stored_in.valid() ? Tensor() : Tensor(type.dtype, sizes(type.shape)));
    }
  } catch (const Error& error) {
    refuse_plan(graph.name, need, error.message());
  }
}

void Session::bind(ValueId id) {
  const ValueInfo& info = executable_->graph.info(id);
  const Type given = weights_.at(info.name).type();
  if (given.dtype != info.type.dtype || given.shape != info.type.shape)
    fail_input("weights for %{} are {}; the model has {}", info.name, to_string(given),
               to_string(plain(info.type)));
  copies_[id.index] = &weights_.copy(info.name, info.type);
  bound_.push_back(copies_[id.index]);
}

void Session::bind_weights() {
  const Graph& graph = executable_->graph;
  for (const ValueId id : graph.states()) {
    const ValueInfo& info = graph.info(id);
    if (!weights_.contains(info.name))
      weights_.add(info.name, Tensor(info.type.dtype, sizes(info.type.shape)));
  }
  for (const ValueId id : graph.parameters()) {
    const ValueInfo& info = graph.info(id);
    if (executable_->definition(info.name)) continue;
    if (!weights_.contains(info.name))
      fail_input("no weights for %{}: {}", info.name, to_string(plain(info.type)));
    bind(id);
  }
  for (const ValueId id : graph.states()) bind(id);
  for (const ValueId id : graph.parameters()) {
    const Body definition = executable_->definition(graph.info(id).name);
    if (!definition) continue;
    copies_[id.index] = &weights_.derived(definition, graph.type(id));
    bound_.push_back(copies_[id.index]);
  }
  for (const GraphResult& result : graph.results())
    if (result.stored_in.valid()) written_.push_back(copies_[result.stored_in.index]);
}

void* Session::memory_of(ValueId id) const {
  if (!id.valid()) return nullptr;
  const Place& place = executable_->program.plan.places[id.index];
  if (place.kind == Place::Kind::arena) return arena_.get() + place.offset;
  if (copies_[place.owner.index] != nullptr) return copies_[place.owner.index]->data();
  return const_cast<void*>(executable_->graph.info(place.owner).constant.data());
}

std::optional<size_t> Session::input_index(ValueId id) const {
  const auto inputs = executable_->graph.inputs();
  const auto found = std::ranges::find(inputs, executable_->program.plan.places[id.index].owner);
  return found == inputs.end() ? std::nullopt : std::optional(found - inputs.begin());
}

void Session::collect_buffers() {
  const Graph& graph = executable_->graph;
  for (NodeId node = 0; node < static_cast<NodeId>(graph.nodes().size()); ++node) {
    first_buffer_.push_back(buffers_.size());
    for (const std::vector<ValueId>* ids : {&graph.node(node).operands, &graph.node(node).results})
      for (const ValueId id : *ids) {
        if (const auto input = id.valid() ? input_index(id) : std::nullopt)
          patches_.push_back({buffers_.size(), *input});
        buffers_.push_back(memory_of(id));
      }
    buffers_.push_back(arena_.get() + executable_->program.plan.scratch[node]);
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
  for (Weights::Copy* copy : bound_) Weights::refresh(*copy);
  for (const Patch& patch : patches_) buffers_[patch.buffer] = const_cast<void*>(inputs[patch.input].data());
  run_kernels();
  store_results(inputs);
}

void Session::fail_in(NodeId node) const {
  fail("{} could not compute {} of graph \"{}\"; there may be too little memory",
       executable_->program.nodes[node].backend, describe_node(executable_->graph, node),
       executable_->graph.name);
}

void Session::run_kernels() {
  for (size_t node = 0; node < executable_->program.nodes.size(); ++node) {
    void* const* buffers = buffers_.data() + first_buffer_[node];
    for (const auto& kernel : executable_->program.nodes[node].kernels) {
      const auto run = [&](int place, int64_t begin, int64_t end) {
        std::byte* const workspace = workspace_.get() + workspace_offsets_[place];
        if (!kernel->run(buffers, workspace, begin, end)) fail_in(static_cast<NodeId>(node));
      };
      if (kernel->self_parallel())
        run(0, 0, kernel->units());
      else
        pool_->parallel_for(kernel->units(), run);
    }
  }
}

const void* Session::source_of(ValueId id, std::span<const Tensor> inputs) const {
  const auto input = input_index(id);
  return input ? inputs[*input].data() : memory_of(id);
}

void Session::store_results(std::span<const Tensor> inputs) {
  const Graph& graph = executable_->graph;
  for (size_t i = 0; i < results_.size(); ++i)
    if (results_[i].defined())
      std::memcpy(results_[i].data(), source_of(graph.results()[i].value, inputs), results_[i].bytes());
  for (const Staged& copy : staged_) std::memcpy(copy.memory.get(), source_of(copy.from, inputs), copy.bytes);
  for (const Staged& copy : staged_) std::memcpy(memory_of(copy.to), copy.memory.get(), copy.bytes);
  for (Weights::Copy* copy : written_) Weights::written(*copy);
}

const Tensor& Session::result(size_t index) const {
  const GraphResult& result = executable_->graph.results()[index];
  if (!result.stored_in.valid()) return results_.at(index);
  return weights_.at(executable_->graph.info(result.stored_in).name);
}

}  // namespace sinter
