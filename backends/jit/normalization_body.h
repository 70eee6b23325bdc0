#pragma once

#include <optional>
#include <string>

#include "backends/jit/body.h"

namespace sinter::jit {

/// A batch norm or its gradient, with elementwise ops behind the one and before the other.
struct NormalizationBody {
  NodeBody own;
  Node norm;  ///< of the body

  /// A value as large as the pictures that are normalised.
  bool is_picture(ValueId id) const;
  /// The pictures that are normalised: an input of the body.
  ValueId x() const;
  bool has(size_t operand) const;
};

/// Why a body is none; nothing: it is one.
std::optional<std::string> refuses_normalization(const Graph& body);

/// Needs: refuses_normalization() of the node's body does not refuse.
NormalizationBody normalization_body(const Graph& graph, const Node& node);

}  // namespace sinter::jit
