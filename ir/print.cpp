#include <algorithm>
#include <cctype>

#include "ir/text.h"
#include "ir/text_attributes.h"

namespace sinter {
namespace {

constexpr int64_t most_inline_elements = 16;

bool is_bare_name(std::string_view name) {
  const bool digits = std::ranges::all_of(name, [](unsigned char c) { return std::isdigit(c); });
  return !digits && std::ranges::all_of(name, [](unsigned char c) {
    return std::isalnum(c) || c == '_' || c == '.' || c == '/' || c == '-' || c == '$';
  });
}

// Graphs and results have no % before their name: it must be one word, and no element type.
bool is_bare_word(std::string_view name) {
  return !name.empty() && !std::isdigit(static_cast<unsigned char>(name[0])) && !parse_dtype(name) &&
         std::ranges::all_of(name, [](unsigned char c) { return std::isalnum(c) || c == '_'; });
}

std::string quoted(std::string_view text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    if (static_cast<unsigned char>(c) < 0x20)
      result += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    else
      result += c;
  }
  return result + '"';
}

std::string name_or_quoted(std::string_view name) {
  return is_bare_name(name) ? std::string(name) : quoted(name);
}

std::string word_or_quoted(std::string_view name) {
  return is_bare_word(name) ? std::string(name) : quoted(name);
}

std::string print_element(const Tensor& tensor, int64_t i) {
  return dispatch_numeric(tensor.dtype(), [&]<typename T>() {
    if constexpr (std::is_floating_point_v<T>) return fmt::format("{}", tensor.values<T>()[i]);
    if constexpr (std::is_same_v<T, bool>) return std::string(tensor.values<T>()[i] ? "true" : "false");
    return std::to_string(static_cast<int64_t>(tensor.values<T>()[i]));
  });
}

class Printer {
 public:
  explicit Printer(std::vector<std::byte>* sidecar) : sidecar_(sidecar) {}

  std::string graph(const Graph& g) {
    std::string text =
        fmt::format("graph {}({}) -> ({}) {{\n", word_or_quoted(g.name), inputs(g), results(g));
    lines(g, "  ", text);
    return text + "}\n";
  }

 private:
  // Numbers run on through bodies, so that a number means one value in the whole text.
  struct Scope {
    const Graph& graph;
    std::vector<std::string> names;
  };

  std::string inputs(const Graph& g) const {
    std::string text;
    for (const ValueId id : g.inputs())
      text += fmt::format("{}%{}: {}", text.empty() ? "" : ", ", name_or_quoted(g.info(id).name),
                          to_string(g.type(id)));
    return text;
  }

  std::string results(const Graph& g) const {
    std::string text;
    for (const GraphResult& result : g.results()) {
      if (!text.empty()) text += ", ";
      if (!result.name.empty()) text += word_or_quoted(result.name) + ": ";
      text += to_string(g.type(result.value));
    }
    return text;
  }

  std::string constant(const Tensor& tensor) {
    const bool printable = tensor.dtype() != DType::f16 && tensor.dtype() != DType::bf16;
    if (printable && tensor.count() <= most_inline_elements) {
      if (tensor.shape().empty()) return print_element(tensor, 0);
      std::string text;
      for (int64_t i = 0; i < tensor.count(); ++i) text += (i ? ", " : "") + print_element(tensor, i);
      return "[" + text + "]";
    }
    require(sidecar_ != nullptr, "a sidecar for constants of more than 16 elements");
    const size_t offset = sidecar_->size();
    const auto* bytes = static_cast<const std::byte*>(tensor.data());
    sidecar_->insert(sidecar_->end(), bytes, bytes + tensor.bytes());
    return fmt::format("sidecar({})", offset);
  }

  void lines(const Graph& g, const std::string& indent, std::string& text) {
    Scope scope{g, std::vector<std::string>(g.values().size())};
    const auto declare = [&](std::string_view word, std::span<const ValueId> ids) {
      for (const ValueId id : ids) {
        scope.names[id.index] = "%" + name_or_quoted(g.info(id).name);
        if (!word.empty())
          text += fmt::format("{}{} {}: {}\n", indent, word, scope.names[id.index], to_string(g.type(id)));
      }
    };
    declare("", g.inputs());
    declare("param", g.parameters());
    declare("state", g.states());
    for (const ValueId id : g.constants()) {
      scope.names[id.index] = fmt::format("%{}", ++last_number_);
      text += fmt::format("{}const {}: {} = {}\n", indent, scope.names[id.index], to_string(g.type(id)),
                          constant(g.info(id).constant));
    }
    for (const Node& node : g.nodes()) print_node(scope, node, indent, text);
    text += indent + "return";
    for (size_t i = 0; i < g.results().size(); ++i) {
      const GraphResult& result = g.results()[i];
      text += (i ? ", " : " ") + scope.names[result.value.index];
      if (result.stored_in.valid()) text += " into " + scope.names[result.stored_in.index];
    }
    text += "\n";
  }

  void print_node(Scope& scope, const Node& node, const std::string& indent, std::string& text) {
    std::string results, types, operands;
    for (const ValueId id : node.operands)
      operands += (operands.empty() ? "" : ", ") + (id.valid() ? scope.names[id.index] : "_");
    for (const ValueId id : node.results) {
      scope.names[id.index] = fmt::format("%{}", ++last_number_);
      results += (results.empty() ? "" : ", ") + scope.names[id.index];
      types += (types.empty() ? "" : ", ") + to_string(scope.graph.type(id));
    }
    text += fmt::format("{}{} = {}({})", indent, results, to_string(node.op), operands);
    const std::string attributes = print(node.attributes);
    if (!attributes.empty()) text += " " + attributes;
    print_bodies(node.attributes, indent, text);
    text += " : " + types;
    if (!node.source.empty()) text += "  @ " + quoted(node.source);
    text += "\n";
  }

  // `(%a: ...) { ... }`; one that may be left out stands behind its name.
  void print_bodies(const Attributes& attributes, const std::string& indent, std::string& text) {
    const auto& defs = op_def(attributes.kind()).attributes;
    for (size_t i = 0; i < defs.size(); ++i) {
      const Body* body = std::get_if<Body>(&attributes.values()[i]);
      if (body == nullptr || *body == nullptr) continue;
      text += fmt::format(" {}({}) {{\n", defs[i].fallback.empty() ? "" : std::string(defs[i].name) + " ",
                          inputs(**body));
      lines(**body, indent + "  ", text);
      text += indent + "}";
    }
  }

  std::vector<std::byte>* sidecar_;
  int last_number_ = 0;
};

}  // namespace

std::string print(const Graph& graph, std::vector<std::byte>* sidecar) {
  return Printer(sidecar).graph(graph);
}

std::string print(const Attributes& attributes) {
  const OpDef& op = op_def(attributes.kind());
  std::string text;
  for (size_t i = 0; i < op.attributes.size(); ++i) {
    const AttributeDef& def = op.attributes[i];
    const AttributeValue& value = attributes.values()[i];
    if (def.kind == AttrKind::body) continue;
    if (!def.fallback.empty() && value == parse_attribute(def, def.fallback)) continue;
    text += fmt::format("{}{} = {}", text.empty() ? "" : ", ", def.name, print_attribute(value));
  }
  return text.empty() ? "" : "{" + text + "}";
}

}  // namespace sinter
