#pragma once

#include <set>

#include "frontends/onnx/model.h"
#include "ir/graph.h"

namespace sinter::onnx {

/// The model that is being written, and the names that are taken in it.
struct ModelExport {
  Model model = {};
  std::set<std::string, std::less<>> taken = {};
  std::vector<std::string> names = {};                  ///< of the graph's values, by index
  std::set<std::string, std::less<>> taken_nodes = {};  ///< names of nodes, which are apart

  /// `wanted`, or with a number behind it where that is taken.
  std::string unique(const std::string& wanted);
  /// An initializer under a name like `wanted`.
  std::string constant(const std::string& wanted, Tensor value);
};

using NamedAttributes = std::vector<std::pair<std::string, ModelAttribute>>;

/// One node of the graph while it becomes nodes of a model: what a row of the export table is given.
class NodeExport {
 public:
  NodeExport(const Graph& graph, const Node& node, ModelExport& to) : graph_(graph), node_(node), to_(to) {}

  const Attributes& attributes() const { return node_.attributes; }
  size_t operand_count() const { return node_.operands.size(); }
  bool has(size_t i) const { return i < node_.operands.size() && node_.operands[i].valid(); }
  const Type& type(size_t i) const { return graph_.type(node_.operands[i]); }
  const Shape& shape(size_t i) const { return type(i).shape; }
  const Type& result_type(size_t i = 0) const { return graph_.type(node_.results[i]); }
  /// ONNX's number of result i's element type.
  int64_t result_number(size_t i) const;
  /// Operand i's elements, where it is a constant.
  const Tensor* constant_operand(size_t i) const;
  bool same_operands(size_t i, size_t k) const { return node_.operands[i] == node_.operands[k]; }

  /// Operand i's name; "" where it is left out.
  std::string in(size_t i) const;
  std::vector<std::string> inputs() const;
  /// Writes a node on the way to the result; its output's name.
  std::string emit(std::string_view op, std::vector<std::string> inputs, NamedAttributes attributes = {});
  /// Writes the node whose first output is result 0; the name of its second output.
  std::string emit_second(std::string_view op, std::vector<std::string> inputs, NamedAttributes attributes);
  /// Writes the node whose outputs are the results.
  void result(std::string_view op, std::vector<std::string> inputs, NamedAttributes attributes = {});
  /// Writes a node whose one output is result i.
  void result_at(size_t i, std::string_view op, std::vector<std::string> inputs,
                 NamedAttributes attributes = {});
  /// An initializer; `what` it is becomes part of its name.
  std::string tensor(std::string_view what, Tensor value) const;
  std::string integers(std::string_view what, const Ints& values) const;
  /// A scalar of operand 0's element type.
  std::string number(double value) const;
  /// `name` in another shape: symbols stay where they are, or are what is left over.
  std::string reshaped(const std::string& name, const Shape& from, const Shape& to);
  /// As reshaped, to the result.
  void reshape_result(const std::string& name, const Shape& from);

  /// The size of a dimension. Throws InputError where it is a symbol.
  int64_t known_size(const Shape& shape, size_t axis) const;
  [[noreturn]] void refuse(std::string_view why) const;

 private:
  std::string base() const;
  void append(std::string_view op, std::vector<std::string> inputs, std::vector<std::string> outputs,
              NamedAttributes attributes);
  NamedAttributes target_attributes(const Shape& to) const;
  std::string target(const Shape& from, const Shape& to) const;

  const Graph& graph_;
  const Node& node_;
  ModelExport& to_;
};

}  // namespace sinter::onnx
