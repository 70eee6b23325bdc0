#pragma once

#include <fmt/format.h>

#include <sinter/error.hpp>

namespace sinter {

/// Throws Error with a formatted message.
template <typename... Args>
[[noreturn]] void fail(fmt::format_string<Args...> format, Args&&... args) {
  throw Error(fmt::format(format, std::forward<Args>(args)...));
}

/// Throws InputError with a formatted message.
template <typename... Args>
[[noreturn]] void fail_input(fmt::format_string<Args...> format, Args&&... args) {
  throw InputError(fmt::format(format, std::forward<Args>(args)...));
}

/// Throws InputError with a place and a formatted message.
template <typename... Args>
[[noreturn]] void fail_input_at(const Location& location, fmt::format_string<Args...> format,
                                Args&&... args) {
  throw InputError(location, fmt::format(format, std::forward<Args>(args)...));
}

/// Throws InternalError unless `condition` holds. Always on.
void require(bool condition, std::string_view message,
             const std::source_location& place = std::source_location::current());

}  // namespace sinter
