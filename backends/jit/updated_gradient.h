#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ir/graph.h"

namespace sinter::jit {

/// A body that makes gradients of a convolution's weights, and perhaps of its bias, and updates parameters
/// by them, each perhaps times a number.
struct UpdatedGradient {
  struct Update {
    NodeId node;          ///< of the body
    ValueId gradient;     ///< of the body: the gradient as the update reads it, before any learning rate
    size_t first_result;  ///< of the body: its results are the update's, one after the other
  };
  Graph gradients;              ///< the body without its updates: its results are what they read
  std::vector<size_t> inputs;   ///< by input of `gradients`: which of the body it is
  std::vector<Update> updates;  ///< by result of `gradients`
};

/// Why a body is not of that form; with `form` what it is.
std::optional<std::string> refuses_updated_gradient(const Graph& body, UpdatedGradient* form);

}  // namespace sinter::jit
