#pragma once

#include <map>
#include <string>
#include <variant>

#include "frontends/sinter/ast.h"
#include "frontends/sinter/source.h"
#include "ir/graph.h"

namespace sinter::language {

/// What an expression stands for: a number, a flag, a word or a tuple while the model is put together, or a
/// value of the graph.
using Datum = std::variant<int64_t, double, bool, std::string, Ints, Value>;

/// `integer 3`, `value f32[N, 6, 28, 28]`
std::string describe(const Datum& datum);

struct Binding {
  Datum value;
  size_t place;  ///< where it was defined or given
};
/// The names an expression can see; they are views into source texts.
using Scope = std::map<std::string_view, Binding>;

/// `a op b` for arithmetic and comparisons. Integers stay integers: / rounds down, % is what that leaves.
/// Throws InputError at the operator for operands it does not take, overflow and division by zero.
Datum operate(const Operator& op, const Datum& a, const Datum& b, const Source& source);

}  // namespace sinter::language
