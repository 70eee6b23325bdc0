#pragma once

#include <string>
#include <string_view>

#include "ir/op_table.h"

namespace sinter {

/// Reads one attribute's value in text form: `2`, `0.01`, `true`, `mean`, `[1, 2]`, `f32`. Bodies have no
/// text of their own (the parser reads them). Throws InputError.
AttributeValue parse_attribute(const AttributeDef& def, std::string_view text);

/// The value as parse_attribute reads it.
std::string print_attribute(const AttributeValue& value);

}  // namespace sinter
