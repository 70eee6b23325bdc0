#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "ir/graph.h"
#include "tests/random/random_tensor.h"

/// Random instances of any row of the op table, for tests that walk it: a new row is covered without a change
/// here. Everything follows from the engine's seed.
namespace sinter {

/// An op with attributes and operand types that infer_types accepts.
struct OpInstance {
  OpKind op;
  Attributes attributes;
  std::vector<std::optional<Type>> operands;
  std::vector<Type> results;
  /// For each operand the index among the available types it was taken from; absent: a type of its own.
  std::vector<std::optional<size_t>> taken;
};

struct InstanceOptions {
  DType floating = DType::f32;  ///< the type of floating operands
  bool integers = true;         ///< whether operands that take any numeric type may be integers or bools
  int64_t smallest_size = 1;    ///< of a dimension; 0 asks for empty tensors too
  int64_t largest_size = 6;
};

/// Draws operands and attributes until they fit; operands are taken from `available` where one fits, more
/// often than not. Absent: no fit was found in many draws.
std::optional<OpInstance> random_instance(const OpDef& op, RandomEngine& random,
                                          const InstanceOptions& options = {},
                                          std::span<const Type> available = {});

/// The bound of class indices: dimension 1 of the first operand.
int64_t class_count(const OpInstance& instance);
Domain operand_domain(OpKind op, size_t operand);
/// A tensor for each operand, from the row's domains.
std::vector<std::optional<Tensor>> random_operands(const OpInstance& instance, RandomEngine& random);

/// A graph of the one op, its operands as inputs.
Graph graph_of(const OpInstance& instance);

/// `conv2d(f32[1, 2, 4, 4], f32[3, 2, 1, 1], _) {stride = [2, 2]}`
std::string to_string(const OpInstance& instance);

}  // namespace sinter
