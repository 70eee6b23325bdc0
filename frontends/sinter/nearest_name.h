#pragma once

#include <span>
#include <string>
#include <string_view>

namespace sinter::language {

/// `; did you mean conv2d?` for the name most like `name`, or nothing where none is close: at most a third of
/// its letters would have to change, case aside, or one name begins with the other.
std::string did_you_mean(std::string_view name, std::span<const std::string_view> names);

}  // namespace sinter::language
