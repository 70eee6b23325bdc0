#pragma once

#include <set>

#include "frontends/onnx/model.h"
#include "frontends/onnx/names.h"
#include "ir/build.h"

namespace sinter::onnx {

using ReadNames = std::set<std::string, std::less<>>;

/// One node of the model while it becomes nodes of the graph: what a row of the op table is given. Every
/// function throws InputError, without the place, which the importer adds.
class NodeImport {
 public:
  /// `read`: the names that nodes and the model's results read.
  NodeImport(const ModelNode& node, int version, Graph& graph, Names& names, const ReadNames& read)
      : node_(node), version_(version), graph_(graph), names_(names), read_names_(read) {}

  const ModelNode& node() const { return node_; }
  /// The opset that the op's meaning is of: the last of its row's that the model knows.
  int version() const { return version_; }
  Graph& graph() const { return graph_; }

  size_t input_count() const { return node_.inputs.size(); }
  bool has(size_t i) const { return i < node_.inputs.size() && !node_.inputs[i].empty(); }
  /// Input i in the graph.
  Value value(size_t i);
  OptionalValue optional_value(size_t i) { return has(i) ? OptionalValue(value(i)) : std::nullopt; }
  /// All inputs; at least one.
  std::vector<Value> values();
  /// The elements of input i where they do not depend on inputs.
  std::optional<Tensor> fixed(size_t i) const;
  /// The elements of input i, which the op needs now; those of a test case's input too. `what` says what it
  /// is.
  Tensor constant(size_t i, std::string_view what) const;
  Ints integers(size_t i, std::string_view what) const;
  /// As integers, symbols included.
  Dims dims(size_t i, std::string_view what) const;
  const Named& named(size_t i) const;

  bool has_attribute(std::string_view name) const { return node_.attributes.contains(name); }
  int64_t integer(std::string_view name, std::optional<int64_t> fallback = {}) const;
  bool flag(std::string_view name, bool fallback) const { return integer(name, fallback) != 0; }
  double real(std::string_view name, std::optional<double> fallback = {}) const;
  std::string word(std::string_view name, std::optional<std::string> fallback = {}) const;
  Ints ints(std::string_view name, std::optional<Ints> fallback = {}) const;
  /// Any of them; null where the node has none of that name.
  const ModelAttribute* attribute(std::string_view name) const;
  /// The first attribute that no function above was asked for: one that the row does not know.
  std::optional<std::string> unread_attribute() const;
  /// An axis from 0, of a value of `rank` dimensions; from 0 to `rank` where `end_too`.
  size_t axis(int64_t given, size_t rank, bool end_too = false) const;
  /// Axes from 0 in the order given, none of them twice.
  Ints axes(Ints given, size_t rank) const;

  /// Whether output i has a name that something reads.
  bool wants(size_t i) const;
  /// The first output that the row has not made, though it is read, or that it does not know of.
  std::optional<std::string> missing_output() const;
  void result(size_t i, Value value);
  void result(size_t i, Tensor constant);
  void result(size_t i, Dims dims);

  /// The node was written to be trained: it is read as what it is in inference, until it is trained here.
  void note_training() { for_training_ = true; }
  bool is_for_training() const { return for_training_; }

  [[noreturn]] void reject(std::string_view message, std::string_view rule = {}) const;

 private:
  template <typename T>
  T get(std::string_view name, const std::optional<T>& fallback) const;
  void define(size_t i, Named named);

  const ModelNode& node_;
  int version_;
  Graph& graph_;
  Names& names_;
  const ReadNames& read_names_;
  mutable std::set<std::string, std::less<>> read_;  ///< attributes asked for
  mutable size_t known_outputs_ = 0;                 ///< as far as asked for or made
  bool for_training_ = false;
};

}  // namespace sinter::onnx
