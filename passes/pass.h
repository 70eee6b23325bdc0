#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "ir/graph.h"

namespace sinter {

/// What passes may be told. Each reads what its header names.
struct PassOptions {
  std::map<std::string, int64_t> symbols = {};  ///< bind_symbols: N -> 256
  std::string loss = "cross_entropy";           ///< append_loss: cross_entropy or mse
  std::string loss_reduction = "mean";          ///< append_loss: mean or sum
  double momentum = 0;                          ///< append_update
  double weight_decay = 0;                      ///< append_update
  bool nesterov = false;                        ///< append_update
};

/// Turns a graph into another; true if it changed. Throws InputError where the graph or the options do not
/// allow it.
using PassFunction = bool (*)(Graph& graph, const PassOptions& options);

/// Whether the graph means the same before and after.
enum class Meaning : uint8_t {
  kept,      ///< same inputs, same results, same numbers
  extended,  ///< inputs and results change; a result of the same name has the same numbers
};

struct Pass {
  std::string_view name;
  PassFunction run;
  Meaning meaning;
  std::string_view summary;
};

}  // namespace sinter
