#pragma once

#include <optional>
#include <string_view>
#include <vector>

namespace sinter {

/// The text of models/<name>.sinter as it was when the program was built.
std::optional<std::string_view> embedded_model(std::string_view name);
/// The names of all, in alphabetical order.
std::vector<std::string_view> embedded_model_names();

}  // namespace sinter
