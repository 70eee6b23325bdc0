#include "frontends/onnx/import.h"

#include <algorithm>
#include <sstream>

#include "frontends/onnx/cleaned.h"
#include "frontends/onnx/node_order.h"
#include "frontends/onnx/op_table.h"
#include "ir/interpreter.h"

namespace sinter::onnx {
namespace {

// Bytes that are made of constants when a model is read, beside four times what the file holds; more is taken
// for a mistake or an attack.
constexpr int64_t most_computed = int64_t{1} << 29;

class Importer {
 public:
  Importer(const Model& model, const ImportOptions& options) : model_(model), options_(options) {
    imported_.graph.name = model.name.empty() ? "model" : model.name;
    for (const ModelNode& node : model.nodes) read_.insert(node.inputs.begin(), node.inputs.end());
    for (const ModelValue& output : model.outputs) read_.insert(output.name);
    for (const auto& [_, tensor] : model.initializers) may_compute_ += 4 * tensor.type().bytes();
  }

  ImportedModel run() {
    if (model_.outputs.empty()) fail_input("no outputs; expected at least one");
    const auto order = ordered_nodes(model_);
    for (const ModelNode* node : order) check(*node);
    name_inputs();
    name_initializers(order);
    for (const ModelNode* node : order) add(*node);
    check_values();
    add_results();
    imported_.graph = cleaned(imported_.graph);
    return std::move(imported_);
  }

 private:
  void name_inputs() {
    for (const ModelValue& input : model_.inputs) {
      if (!input.type)
        fail_input("input \"{}\" has no type and shape; expected those of a tensor", input.name);
      Type type = *input.type;
      for (Dim& dim : type.shape)
        if (const auto found = options_.symbols.find(dim.symbol);
            dim.is_symbol() && found != options_.symbols.end())
          dim = Dim(found->second);
      if (type.shape.size() > max_rank)
        fail_input("input \"{}\" has {} dimensions; at most {} are supported", input.name, type.shape.size(),
                   max_rank);
      Named named{.value = imported_.graph.input(input.name, type).id(), .origin = "input"};
      if (const auto given = options_.inputs.find(input.name); given != options_.inputs.end()) {
        named.constant = given->second;
        named.given = true;
      }
      names_.emplace(input.name, std::move(named));
    }
    for (const auto& [symbol, _] : options_.symbols)
      if (!has_symbol(symbol)) fail_input("no input has the symbol \"{}\"", symbol);
  }

  bool has_symbol(const std::string& symbol) const {
    return std::ranges::any_of(model_.inputs, [&](const ModelValue& input) {
      return std::ranges::find(input.type->shape, symbol, &Dim::symbol) != input.type->shape.end();
    });
  }

  // Those that a node's row says are weights become parameters or states, the others constants.
  void name_initializers(const std::vector<const ModelNode*>& nodes) {
    for (const auto& [name, tensor] : model_.initializers)
      names_.emplace(name, Named{.constant = tensor, .origin = "initializer"});
    if (!options_.trainable || name_noted_weights()) return;
    for (const ModelNode* node : nodes) {
      const Op& op = *find_op(node->domain, node->op);
      for (const int i : op.parameters) make_weight(*node, i, ValueKind::parameter);
      for (const int i : op.states) make_weight(*node, i, ValueKind::state);
    }
  }

  // What Sinter noted when it wrote the model, unless another program has changed it since.
  bool name_noted_weights() {
    const auto parameters = noted(parameters_note), states = noted(states_note);
    const auto is_weight = [&](const std::string& name) {
      const auto found = model_.initializers.find(name);
      return found != model_.initializers.end() && is_floating(found->second.dtype());
    };
    const bool valid = std::ranges::all_of(parameters, is_weight) && std::ranges::all_of(states, is_weight);
    if (!valid || !model_.metadata.contains(parameters_note)) return false;
    for (const std::string& name : parameters) make_weight(*names_.find(name), ValueKind::parameter);
    for (const std::string& name : states) make_weight(*names_.find(name), ValueKind::state);
    return true;
  }

  std::vector<std::string> noted(std::string_view note) const {
    std::vector<std::string> names;
    const auto found = model_.metadata.find(note);
    if (found == model_.metadata.end()) return names;
    std::istringstream lines(found->second);
    for (std::string name; std::getline(lines, name);) names.push_back(std::move(name));
    return names;
  }

  void make_weight(const ModelNode& node, size_t i, ValueKind kind) {
    if (i >= node.inputs.size()) return;
    const auto found = names_.find(node.inputs[i]);
    if (found == names_.end() || !found->second.is_fixed()) return;
    const Tensor& tensor = *found->second.constant;
    if (is_floating(tensor.dtype()) && !tensor.shape().empty()) make_weight(*found, kind);
  }

  void make_weight(Names::value_type& named, ValueKind kind) {
    auto& [name, value] = named;
    if (value.parameter) return;
    const Tensor& tensor = *value.constant;
    Graph& graph = imported_.graph;
    value.value =
        (kind == ValueKind::state ? graph.state(name, tensor.type()) : graph.parameter(name, tensor.type()))
            .id();
    value.parameter = true;
    imported_.weights.emplace(name, tensor);
  }

  // That the op is known, in an opset that is.
  void check(const ModelNode& node) const {
    const auto opset = model_.opsets.find(node.domain);
    if (opset == model_.opsets.end() && !node.domain.empty())
      fail_input("{}: the model imports no opset of domain \"{}\"", describe(node), node.domain);
    if (model_.functions.contains(node.op))
      fail_input("{}: \"{}\" is a function of the model; functions are not supported", describe(node),
                 node.op);
    const Op* op = find_op(node.domain, node.op);
    if (!op) fail_input("{}: {}", describe(node), unknown_op(node));
    if (version_of(node) < op->versions[0])
      fail_input("{}: {} is known from opset {} on; the model is of opset {}", describe(node), node.op,
                 op->versions[0], version_of(node));
  }

  int64_t version_of(const ModelNode& node) const {
    const auto opset = model_.opsets.find(node.domain);
    return opset == model_.opsets.end() ? 1 : opset->second;
  }

  int meaning_of(const ModelNode& node, const Op& op) const {
    int version = op.versions[0];
    for (const int each : op.versions)
      if (each <= version_of(node)) version = each;
    return version;
  }

  void add(const ModelNode& node) {
    const Op& op = *find_op(node.domain, node.op);
    try {
      if (all_fixed(node))
        fold(node, op);
      else
        lower(node, op, imported_.graph, names_);
    } catch (const InputError& error) {
      fail_in(node, error);
    }
  }

  bool all_fixed(const ModelNode& node) const {
    return std::ranges::all_of(node.inputs, [&](const std::string& input) {
      return input.empty() || names_.find(input)->second.is_fixed();
    });
  }

  void lower(const ModelNode& node, const Op& op, Graph& graph, Names& names) {
    graph.at({.node = node.layer.empty() ? node.name : node.layer});
    NodeImport in(node, meaning_of(node, op), graph, names, read_);
    const bool symbols = std::ranges::any_of(node.inputs, [&](const std::string& input) {
      return !input.empty() && names.find(input)->second.dims;
    });
    if (symbols && shape_arithmetic(in)) return;
    op.lower(in);
    if (const auto attribute = in.unread_attribute())
      fail_input("attribute {} is not one of {} in opset {}", *attribute, node.op, version_of(node));
    if (const auto output = in.missing_output()) fail_input("output \"{}\" is not supported", *output);
    if (in.is_for_training()) imported_.for_training.push_back(describe(node));
  }

  // A node of constants: what it becomes is run at once, in a graph of its own.
  void fold(const ModelNode& node, const Op& op) {
    Graph graph;
    Names names;
    for (const std::string& input : node.inputs)
      if (!input.empty()) names.emplace(input, Named{.constant = names_.find(input)->second.constant});
    lower(node, op, graph, names);
    std::vector<std::string> computed;
    for (const std::string& output : node.outputs) {
      const auto found = names.find(output);
      if (found == names.end()) continue;
      Named named = found->second;
      if (named.constant) spend(named.constant->type());
      if (named.value && !named.constant) {
        graph.add_result(graph.value(*named.value));
        computed.push_back(output);
      }
      define(output, std::move(named));
    }
    for (const ValueInfo& info : graph.values())
      if (info.kind != ValueKind::constant) spend(info.type);
    const auto results = interpret(graph, {});
    for (size_t i = 0; i < results.size(); ++i) {
      Named& named = names_.find(computed[i])->second;
      named.constant = results[i];
      named.value.reset();
    }
  }

  void define(const std::string& name, Named named) {
    named.value.reset();
    if (!names_.emplace(name, std::move(named)).second)
      fail_input("output \"{}\" has a name that stands before", name);
  }

  void spend(const Type& type) {
    const int64_t bytes = type.bytes();
    if (bytes > may_compute_)
      fail_input("a constant of {}, {} bytes; {} more may be computed when a model is read", to_string(type),
                 bytes, may_compute_);
    may_compute_ -= bytes;
  }

  void add_results() {
    imported_.graph.at({});
    for (const ModelValue& output : model_.outputs) {
      const auto found = names_.find(output.name);
      if (found == names_.end())
        fail_input("output \"{}\" is no input, no initializer and no output of a node", output.name);
      Named& named = found->second;
      if (!named.value && !named.constant)
        fail_input("output \"{}\" is a shape, {}, which has no numbers before its symbols have", output.name,
                   to_string(named.dims->values));
      if (!named.value) named.value = imported_.graph.constant(*named.constant).id();
      check_declared(output, imported_.graph.type(*named.value));
      imported_.graph.add_result(imported_.graph.value(*named.value), output.name);
    }
  }

  static bool contradicts(const std::optional<Type>& declared, const Type& found) {
    if (!declared) return false;
    bool fits = declared->dtype == found.dtype && declared->shape.size() == found.shape.size();
    for (size_t i = 0; fits && i < found.shape.size(); ++i) {
      const Dim &said = declared->shape[i], &made = found.shape[i];
      fits = said.is_symbol() || made.is_symbol() || said == made;
    }
    return !fits;
  }

  static void check_declared(const ModelValue& output, const Type& type) {
    if (contradicts(output.type, type))
      fail_input("output \"{}\" is declared as {}; its nodes make {}", output.name, to_string(*output.type),
                 to_string(type));
  }

  // What the file says of values between nodes. With sizes that were given on demand it need not hold.
  void check_values() const {
    if (!options_.symbols.empty()) return;
    for (const ModelValue& value : model_.values) {
      const auto found = names_.find(value.name);
      if (found == names_.end()) continue;
      const Named& named = found->second;
      if (!named.value && !named.constant) continue;
      const Type type = named.value ? imported_.graph.type(*named.value) : named.constant->type();
      if (contradicts(value.type, type))
        fail_input("value \"{}\" of {} is declared as {}; it is {}", value.name, named.origin,
                   to_string(*value.type), to_string(type));
    }
  }

  [[noreturn]] void fail_in(const ModelNode& node, const InputError& error) const {
    std::string notes;
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      const auto found = names_.find(node.inputs[i]);
      if (node.inputs[i].empty() || found == names_.end()) continue;
      notes += fmt::format("  {:<9} \"{}\": {}, {}\n", fmt::format("input {}", i), node.inputs[i],
                           describe_type(found->second), found->second.origin);
    }
    for (size_t begin = 0; begin < error.notes().size();) {  // of the graph's own notes, the rule
      const size_t end = std::min(error.notes().find('\n', begin), error.notes().size());
      const std::string line = error.notes().substr(begin, end - begin);
      if (line.starts_with("  rule")) notes += line + "\n";
      begin = end + 1;
    }
    if (!notes.empty()) notes.pop_back();
    throw InputError(Location{}, fmt::format("{}: {}", describe(node), error.message()), notes);
  }

  std::string describe_type(const Named& named) const {
    if (named.value) return to_string(imported_.graph.type(*named.value));
    return named.constant ? to_string(named.constant->type()) : "shape " + to_string(named.dims->values);
  }

  const Model& model_;
  const ImportOptions& options_;
  ImportedModel imported_;
  Names names_;
  ReadNames read_;
  int64_t may_compute_ = most_computed;
};

void check_opset(const Model& model) {
  const auto opset = model.opsets.find("");
  if (opset == model.opsets.end()) {
    const bool needed =
        std::ranges::any_of(model.nodes, [](const ModelNode& node) { return node.domain.empty(); });
    if (needed)
      fail_input("no opset_import of ONNX's own domain; expected one of {} to {}", oldest_opset,
                 newest_opset);
    return;
  }
  if (opset->second < oldest_opset || opset->second > newest_opset)
    fail_input("opset {}; expected {} to {}", opset->second, oldest_opset, newest_opset);
}

}  // namespace

void check_tensors(const Model& model) {
  for (const auto* values : {&model.inputs, &model.outputs})
    for (const ModelValue& value : *values)
      if (!value.no_tensor.empty()) fail_input("{}", value.no_tensor);
}

ImportedModel import_model(const Model& model, const ImportOptions& options) {
  try {
    check_opset(model);
    check_tensors(model);
    return Importer(model, options).run();
  } catch (const InputError& error) {
    throw InputError({.file = model.file}, error.message(), error.notes());
  }
}

}  // namespace sinter::onnx
