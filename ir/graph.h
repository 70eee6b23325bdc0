#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ir/attributes.h"
#include "ir/op_table.h"
#include "ir/tensor.h"
#include "ir/value.h"

namespace sinter {

/// A node's place in Graph::nodes().
using NodeId = int32_t;

enum class ValueKind : uint8_t {
  input,
  parameter,  ///< trained; lives as long as the session
  state,      ///< kept from step to step beside the parameters (momentum, running statistics); starts at zero
  constant,
  result,  ///< of a node
};

struct ValueInfo {
  ValueKind kind;
  Type type;
  std::string name = {};  ///< of inputs, parameters and states
  Tensor constant = {};   ///< of constants
  NodeId node = -1;       ///< of results: the node, and which of its results
  int result_index = 0;
};

struct Node {
  OpKind op;
  Attributes attributes;
  std::vector<ValueId> operands;  ///< invalid where an optional operand is left out
  std::vector<ValueId> results;
  std::string source = {};  ///< the layer it came from, such as "features.0"
};

/// What a graph returns. With `stored_in`, the value replaces that parameter's or state's.
struct GraphResult {
  ValueId value;
  std::string name = {};
  ValueId stored_in = {};
};

/// A computation in SSA form: nodes stand after what they read. A plain value: copy, compare, print it.
/// Rewrites copy forward into a new graph, so handles into the old one stay good as long as it does.
class Graph {
 public:
  std::string name = "main";

  /// Names are unique over inputs, parameters and states; InputError otherwise.
  Value input(std::string name, Type type);
  Value parameter(std::string name, Type type);
  Value state(std::string name, Type type);
  /// The same scalar twice is one constant.
  Value constant(Tensor value);
  Value scalar(DType dtype, double value);

  /// Appends a node with inferred result types. Operands may be absent where the op allows. Throws InputError
  /// (at the current location) when types do not fit.
  std::vector<Value> append(OpKind op, std::span<const std::optional<Value>> operands,
                            const Attributes& attributes);
  /// Appends a node whose result types are known, layouts included: for passes that copy. Nothing is checked
  /// here; verify() does.
  std::vector<Value> append_typed(Node node, std::span<const Type> result_types);
  void add_result(Value value, std::string name = {}, std::optional<Value> stored_in = {});

  /// The place new nodes come from: its node becomes their source, errors carry all of it.
  void at(Location location) { location_ = std::move(location); }
  const Location& location() const { return location_; }
  /// Throws `error` again with the current location, unless it has one already.
  [[noreturn]] void rethrow_here(const InputError& error) const;

  std::span<const Node> nodes() const { return nodes_; }
  const Node& node(NodeId id) const { return nodes_.at(id); }
  std::span<const ValueInfo> values() const { return values_; }
  const ValueInfo& info(ValueId id) const { return values_.at(id.index); }
  const Type& type(ValueId id) const { return info(id).type; }
  std::span<const ValueId> inputs() const { return inputs_; }
  std::span<const ValueId> parameters() const { return parameters_; }
  std::span<const ValueId> states() const { return states_; }
  std::span<const ValueId> constants() const { return constants_; }
  std::span<const GraphResult> results() const { return results_; }
  /// A handle that knows this graph; not const, since expressions append to it.
  Value value(ValueId id);
  /// The input, parameter or state of that name.
  std::optional<ValueId> find(std::string_view name) const;
  /// The index among results() of the one of that name.
  std::optional<size_t> find_result(std::string_view name) const;

  /// Same names, types, constants, nodes and results; how values are numbered does not count.
  bool operator==(const Graph& other) const;

 private:
  Value add(ValueKind kind, std::string name, Type type, std::vector<ValueId>& list);

  std::vector<ValueInfo> values_;
  std::vector<Node> nodes_;
  std::vector<ValueId> inputs_, parameters_, states_, constants_;
  std::vector<GraphResult> results_;
  std::map<std::string, ValueId, std::less<>> names_;  ///< of inputs, parameters and states
  Location location_;
};

inline const Type& Value::type() const { return graph_->type(id_); }

}  // namespace sinter
