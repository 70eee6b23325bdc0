#pragma once

#include <span>
#include <string>
#include <utility>

#include "frontends/sinter/ast.h"
#include "frontends/sinter/source.h"
#include "ir/graph.h"

namespace sinter::language {

/// A parameter of the model and the text of its value.
using Setting = std::pair<std::string, std::string>;

/// Carries a model out: evaluates its expressions and appends each layer to a graph. Each node's source is
/// its layer's path, errors of shape inference carry the layer's place. Throws InputError at the first thing
/// that is wrong, among them recursion, more than 20000 layers, and blocks and expressions more than 400 deep
/// in each other. A block is checked where it is called.
Graph elaborate(const File& file, const Source& source, std::span<const Setting> settings);

}  // namespace sinter::language
