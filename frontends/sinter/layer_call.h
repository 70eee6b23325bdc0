#pragma once

#include <span>

#include "frontends/sinter/layers.h"

namespace sinter::language {

/// An argument by keyword.
struct GivenArgument {
  std::string_view name;
  Datum value;
};

/// Appends a layer of the table to `graph`, as a call in a model's text would. `values` are its first
/// arguments, of a layer that joins all that it joins; `given` must be all others, with no default left to
/// the table: so a caller that does not know of an argument is found out when it first calls, by an
/// InternalError, as is one of a layer that there is not. `path` begins the names of parameters and is what
/// errors call the layer. Throws InputError where what is given does not fit.
Value call_layer(std::string_view layer, std::string_view path, Graph& graph, std::vector<Value> values,
                 std::span<const GivenArgument> given);

}  // namespace sinter::language
