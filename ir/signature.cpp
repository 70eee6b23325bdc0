#include "ir/signature.h"

#include "ir/text.h"

namespace sinter {
namespace {

// Numbers the values of one graph in the order in which it meets them, and gives their types then.
class Writer {
 public:
  explicit Writer(const Graph& graph) : graph_(graph) {}

  void value(ValueId id) {
    if (!id.valid()) {
      text_ += " _";
      return;
    }
    const auto [found, first] = numbers_.try_emplace(id, numbers_.size());
    text_ += fmt::format(" {}", found->second);
    if (first) text_ += ":" + to_string(graph_.type(id));
  }

  void constant(ValueId id) {
    value(id);
    const Tensor& tensor = graph_.info(id).constant;
    const auto* bytes = static_cast<const uint8_t*>(tensor.data());
    text_ += "=";
    for (int64_t i = 0; i < tensor.bytes(); ++i) text_ += fmt::format("{:02x}", bytes[i]);
  }

  void node(const Node& node) {
    text_ += fmt::format("; {} {}", to_string(node.op), print(node.attributes));
    for (const AttributeValue& attribute : node.attributes.values())
      if (const Body* body = std::get_if<Body>(&attribute))
        text_ += *body ? "(" + signature(**body) + ")" : "()";  // a remainder may be left out
    for (const ValueId id : node.operands) value(id);
    text_ += " ->";
    for (const ValueId id : node.results) value(id);
  }

  std::string take() { return std::move(text_); }

 private:
  const Graph& graph_;
  std::map<ValueId, size_t> numbers_;
  std::string text_;
};

}  // namespace

std::string signature(const Graph& graph, const Node& node) {
  Writer writer(graph);
  writer.node(node);
  return writer.take();
}

std::string signature(const Graph& body) {
  Writer writer(body);
  for (const auto ids : {body.inputs(), body.parameters(), body.states()})
    for (const ValueId id : ids) writer.value(id);
  for (const ValueId id : body.constants()) writer.constant(id);
  for (const Node& node : body.nodes()) writer.node(node);
  for (const GraphResult& result : body.results()) writer.value(result.value);
  return writer.take();
}

}  // namespace sinter
