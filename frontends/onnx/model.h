#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "ir/attributes.h"
#include "ir/tensor.h"

/// What an ONNX file says, as plain values: protobuf stays behind read_model.cpp, whose header is large.
namespace sinter::onnx {

using Reals = std::vector<double>;
using Words = std::vector<std::string>;

/// An attribute that no op here takes: a graph, a sparse tensor, a list of tensors.
struct OtherAttribute {
  std::string kind;
};
using ModelAttribute = std::variant<int64_t, double, std::string, Ints, Reals, Words, Tensor, OtherAttribute>;

struct ModelNode {
  std::string op;
  std::string domain;                                  ///< "" is ONNX's own
  std::string name;                                    ///< of its first output where the file gives none
  int number = 0;                                      ///< from 1, in the file's order
  std::vector<std::string> inputs = {}, outputs = {};  ///< "" where left out
  std::map<std::string, ModelAttribute, std::less<>> attributes = {};
  /// In models that Sinter wrote: the layer that the node is a part of, where it has another name; two nodes
  /// must not have one. It is the node's doc_string.
  std::string layer = {};
};

struct ModelValue {
  std::string name;
  std::optional<Type> type;    ///< none where the file leaves it out
  int element_number = 0;      ///< of its element type, in the file
  std::string no_tensor = {};  ///< what it is, and what is expected, where it is no tensor of numbers
};

struct Model {
  std::string file;
  std::string name;                                         ///< of the graph
  std::map<std::string, int64_t, std::less<>> opsets = {};  ///< version by domain
  std::set<std::string, std::less<>> functions = {};        ///< ops that the file itself defines
  std::vector<ModelNode> nodes = {};
  std::vector<ModelValue> inputs = {}, outputs = {};
  std::vector<ModelValue> values = {};  ///< between nodes, of which the file need not say anything
  std::map<std::string, Tensor, std::less<>> initializers = {};
  std::map<std::string, std::string, std::less<>> metadata = {};  ///< what programs note for themselves
};

/// What Sinter notes in models that it writes: which initializers are parameters, which states, in their
/// order, names separated by line ends. Without, the ops that read them say so.
inline constexpr std::string_view parameters_note = "sinter.parameters", states_note = "sinter.states";

/// `node "conv1" (Conv, node 3)`
std::string describe(const ModelNode& node);

}  // namespace sinter::onnx
