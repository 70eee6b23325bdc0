#include "bench/kernels/node_contestant.h"

#include "backends/backend_table.h"
#include "ir/copy.h"
#include "ir/relayout.h"
#include "passes/run_passes.h"

namespace sinter::bench {
namespace {

// Not part of the work: a forward pass has made it.
bool is_setup(const Node& node) { return node.op == OpKind::max_pool2d_argmax; }

// That backend alone: no reference behind it, which takes nodes so small that no kernel is worth a call.
std::unique_ptr<Backend> make_backend(const std::string& name) {
  for (const BackendEntry& entry : backend_table())
    if (entry.name == name) return entry.make({});
  fail_input("this build has no backend {}", name);
}

// The same nodes, and nobody who wants their results in a layout of his own.
Graph without_results(const Graph& graph) {
  GraphCopy copy(graph);
  for (const Node& node : graph.nodes()) copy.node(node);
  return copy.take();
}

// What nobody reads is what the work is for.
void add_unread_results(Graph& graph) {
  std::vector<bool> read(graph.values().size());
  for (const Node& node : graph.nodes())
    for (const ValueId operand : node.operands)
      if (operand.valid()) read[operand.index] = true;
  std::vector<ValueId> unread;
  for (const Node& node : graph.nodes())
    for (const ValueId result : node.results)
      if (!read[result.index] && !is_setup(node)) unread.push_back(result);
  for (const ValueId result : unread) graph.add_result(graph.value(result));
}

Graph planned(Graph graph, bool fused, const Backend& backend) {
  const PassOptions options{.target = &backend};
  if (fused) run_passes(graph, {"fuse_epilogues", "fuse_conv_activation_pool"}, options);
  graph = without_results(graph);
  run_passes(graph, {"assign_layouts"}, options);
  add_unread_results(graph);
  return graph;
}

}  // namespace

NodeContestant::NodeContestant(const std::string& backend, bool fused, Graph graph,
                               const NamedTensors& inputs, ThreadPool& pool)
    : pool_(pool), backend_(make_backend(backend)), graph_(planned(std::move(graph), fused, *backend_)) {
  std::vector<ValueId> kept;  // from before the first step to the last
  for (const Node& node : graph_.nodes())
    if (is_setup(node)) kept.insert(kept.end(), node.results.begin(), node.results.end());
  try {
    program_ = compile_nodes(graph_, *backend_, kept);
  } catch (const InputError& error) {
    throw NoKernel(error.message());
  }
  allocate();
  fill(inputs);
  for (NodeId id = 0; id < static_cast<NodeId>(graph_.nodes().size()); ++id)
    if (is_setup(graph_.node(id))) run(id);
}

void NodeContestant::allocate() {
  own_.resize(graph_.values().size());
  for (int32_t i = 0; i < static_cast<int32_t>(own_.size()); ++i) {
    const Place& place = program_.plan.places[i];
    const ValueInfo& info = graph_.info(ValueId{i});
    if (place.kind == Place::Kind::bound && place.owner == ValueId{i} && info.kind != ValueKind::constant)
      own_[i] = allocate_aligned(info.type.bytes());
  }
  arena_ = allocate_aligned(program_.plan.arena_bytes);
  workspace_ = allocate_aligned(program_.workspace_bytes * pool_.threads());
}

void* NodeContestant::memory_of(ValueId id) const {
  if (!id.valid()) return nullptr;
  const Place& place = program_.plan.places[id.index];
  if (place.kind == Place::Kind::arena) return arena_.get() + place.offset;
  if (own_[place.owner.index]) return own_[place.owner.index].get();
  return const_cast<void*>(graph_.info(place.owner).constant.data());
}

void NodeContestant::fill(const NamedTensors& inputs) {
  for (const ValueId id : graph_.parameters()) {
    const Tensor& input = inputs.find(graph_.info(id).name)->second;
    relayout(input.type(), input.data(), graph_.type(id), memory_of(id));
  }
}

void NodeContestant::run(NodeId id) {
  std::vector<void*> buffers;
  for (const std::vector<ValueId>* ids : {&graph_.node(id).operands, &graph_.node(id).results})
    for (const ValueId value : *ids) buffers.push_back(memory_of(value));
  buffers.push_back(arena_.get() + program_.plan.scratch[id]);
  for (const auto& kernel : program_.nodes[id].kernels) {
    const auto part = [&](int thread, int64_t begin, int64_t end) {
      if (!kernel->run(buffers.data(), workspace_.get() + thread * program_.workspace_bytes, begin, end))
        fail("{} could not compute {}", program_.nodes[id].backend, ops_of(graph_.node(id)));
    };
    if (kernel->self_parallel())
      part(0, 0, kernel->units());
    else
      pool_.parallel_for(kernel->units(), part);
  }
}

void NodeContestant::step() {
  for (NodeId id = 0; id < static_cast<NodeId>(graph_.nodes().size()); ++id)
    if (!is_setup(graph_.node(id))) run(id);
}

std::vector<Tensor> NodeContestant::results() const {
  std::vector<Tensor> results;
  for (const GraphResult& result : graph_.results()) {
    const Type& type = graph_.type(result.value);
    Tensor plain(type.dtype, sizes(type.shape));
    relayout(type, memory_of(result.value), plain.type(), plain.data());
    results.push_back(std::move(plain));
  }
  return results;
}

std::vector<std::span<std::byte>> NodeContestant::memory() {
  std::vector<std::span<std::byte>> all = {
      {arena_.get(), static_cast<size_t>(program_.plan.arena_bytes)},
      {workspace_.get(), static_cast<size_t>(program_.workspace_bytes * pool_.threads())}};
  for (size_t i = 0; i < own_.size(); ++i)
    if (own_[i])
      all.emplace_back(own_[i].get(),
                       static_cast<size_t>(graph_.type(ValueId{static_cast<int32_t>(i)}).bytes()));
  return all;
}

std::string NodeContestant::label() const {
  std::string label;
  for (const Node& node : graph_.nodes()) {
    if (is_setup(node)) continue;
    const std::string& layout = graph_.type(node.results[0]).layout.tag();
    label += fmt::format("{}[{}]{}", label.empty() ? "" : ", ", ops_of(node),
                         layout.empty() ? "" : "{" + layout + "}");
  }
  return label;
}

}  // namespace sinter::bench
