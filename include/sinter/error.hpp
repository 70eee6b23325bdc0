#pragma once

#include <sinter/visibility.hpp>
#include <source_location>
#include <stdexcept>
#include <string>
#include <string_view>

/// How Sinter fails: by exceptions of these three types, and std::bad_alloc where a small allocation fails.
/// It neither prints nor ends the program.
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
class SINTER_API Error : public std::runtime_error {
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
class SINTER_API InputError : public Error {
 public:
  using Error::Error;
};

/// A bug in Sinter. what() names the place in our source.
class SINTER_API InternalError : public std::logic_error {
 public:
  InternalError(std::string_view message, const std::source_location& place);
};

}  // namespace sinter
