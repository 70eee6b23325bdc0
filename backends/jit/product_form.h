#pragma once

#include <optional>
#include <span>
#include <string>

#include "ir/graph.h"

namespace sinter::jit {

/// A body that is one product (a convolution, a linear layer, a gradient by data) of inputs, elementwise ops
/// on its result, and perhaps a pool of theirs, or the statistics of a batch norm.
struct ProductForm {
  NodeId product = -1;
  ValueId made = {};  ///< the product's result
  std::optional<NodeId> pool = {};
  ValueId pooled_from = {};         ///< what the pool reads
  std::optional<NodeId> norm = {};  ///< batch_norm_training, of which the body gives mean and variance alone
  ValueId normalized_from = {};     ///< what the norm reads
};

/// What a family takes for its product.
struct ProductKind {
  std::span<const OpKind> ops;
  std::string_view name;  ///< for messages: "convolution"
  bool pools = false;     ///< a pool may follow, or a norm
  bool doubles = false;   ///< it may be in f64
};

/// Why a body is not of that form; with `form` what it is.
std::optional<std::string> refuses_product(const Graph& body, const ProductKind& kind, ProductForm* form);

}  // namespace sinter::jit
