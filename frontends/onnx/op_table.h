#pragma once

#include <span>

#include "frontends/onnx/node_import.h"
#include "ir/op_table.h"

namespace sinter::onnx {

inline constexpr std::string_view preview_training = "ai.onnx.preview.training";

/// An ONNX op: everything the importer knows of it.
struct Op {
  std::string_view name;
  FixedList<int, 8> versions;  ///< the opsets that changed what it means, as far as they are known here
  void (*lower)(NodeImport&);  ///< makes its outputs
  FixedList<int, 4> parameters = {};  ///< inputs that are trained where they are initializers
  FixedList<int, 2> states = {};      ///< inputs that training keeps from step to step, as running means
  std::string_view domain = "";
  bool steps = false;  ///< its results are truth values, integers or steps: nothing is learnt through it
};

/// Opsets of ONNX's own domain that a model may ask for. A newer one may have changed any op; of the oldest
/// there are rows for ops that have not changed since. 22 to 25 gave the ops that have rows more element
/// types and no other meaning.
inline constexpr int64_t oldest_opset = 1, newest_opset = 25;

/// The rows of a family: the functions are in ops/, a file each.
std::span<const Op> activation_ops();
std::span<const Op> constant_ops();
std::span<const Op> convolution_ops();
std::span<const Op> elementwise_ops();
std::span<const Op> indexing_ops();
std::span<const Op> loss_ops();
std::span<const Op> matrix_ops();
std::span<const Op> normalization_ops();
std::span<const Op> optimizer_ops();
std::span<const Op> pooling_ops();
std::span<const Op> reduction_ops();
std::span<const Op> resize_ops();
std::span<const Op> shape_ops();
std::span<const Op> softmax_ops();
std::span<const Op> trigonometry_ops();

/// Null: no such op.
const Op* find_op(std::string_view domain, std::string_view name);

/// The rows as a page in Markdown, by name.
std::string op_coverage();
/// Why there is no row for a node's op.
std::string unknown_op(const ModelNode& node);

/// Computes a node that reads a shape with symbols, where that can be done; else says false.
bool shape_arithmetic(NodeImport& in);

}  // namespace sinter::onnx
