#include "frontends/onnx/node_order.h"

#include <queue>
#include <unordered_map>

namespace sinter::onnx {
namespace {

using Producers = std::unordered_map<std::string, size_t>;

Producers producers_of(const Model& model) {
  Producers producers;
  for (size_t i = 0; i < model.nodes.size(); ++i)
    for (const std::string& output : model.nodes[i].outputs)
      if (!output.empty() && !producers.emplace(output, i).second)
        fail_input("{}: output \"{}\" is also made by {}", describe(model.nodes[i]), output,
                   describe(model.nodes[producers[output]]));
  return producers;
}

}  // namespace

std::vector<const ModelNode*> ordered_nodes(const Model& model) {
  const Producers producers = producers_of(model);
  std::set<std::string, std::less<>> there;
  for (const ModelValue& input : model.inputs) there.insert(input.name);
  std::vector<std::vector<size_t>> readers(model.nodes.size());
  std::vector<size_t> missing(model.nodes.size());
  std::priority_queue<size_t, std::vector<size_t>, std::greater<>> ready;
  for (size_t i = 0; i < model.nodes.size(); ++i) {
    for (const std::string& input : model.nodes[i].inputs) {
      if (input.empty() || there.contains(input) || model.initializers.contains(input)) continue;
      const auto producer = producers.find(input);
      if (producer == producers.end())
        fail_input("{}: input \"{}\" is no input of the model, no initializer and no output of a node",
                   describe(model.nodes[i]), input);
      readers[producer->second].push_back(i);
      ++missing[i];
    }
    if (missing[i] == 0) ready.push(i);
  }
  std::vector<const ModelNode*> order;
  for (; !ready.empty();) {
    const size_t next = ready.top();
    ready.pop();
    order.push_back(&model.nodes[next]);
    for (const size_t reader : readers[next])
      if (--missing[reader] == 0) ready.push(reader);
  }
  for (size_t i = 0; i < model.nodes.size(); ++i)
    if (missing[i] > 0) fail_input("{}: reads what depends on its own output", describe(model.nodes[i]));
  return order;
}

}  // namespace sinter::onnx
