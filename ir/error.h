#pragma once

#include <fmt/format.h>

#include <source_location>
#include <stdexcept>
#include <string>
#include <string_view>

namespace sinter {

/// Where an error belongs: a place in a file the user wrote, a node of a graph, or both.
struct Location {
  std::string file = {};
  int line = 0;                  ///< 1-based; 0: none
  int column = 0;                ///< 1-based, in bytes; 0: none
  std::string source_line = {};  ///< the text of that line, shown with a caret
  std::string node = {};         ///< the layer or node, such as "features.0"

  bool operator==(const Location&) const = default;
};

/// The work failed. what() is `file:line:column: message`, the source line with a caret, then notes.
class Error : public std::runtime_error {
 public:
  Error(Location location, std::string_view message, std::string_view notes = {});
  explicit Error(std::string_view message) : Error(Location{}, message) {}
  const Location& location() const noexcept { return location_; }
  /// The message without place and notes.
  const std::string& message() const noexcept { return message_; }
  const std::string& notes() const noexcept { return notes_; }

 private:
  Location location_;
  std::string message_;
  std::string notes_;
};

/// The input is wrong: a model, a data file, an option. The user can mend it.
class InputError : public Error {
 public:
  using Error::Error;
};

/// A bug in Sinter. what() names the place in our source.
class InternalError : public std::logic_error {
 public:
  InternalError(std::string_view message, const std::source_location& place);
};

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
