#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace sinter::cli {

/// A program that turns its standard input into its standard output.
struct FilterProgram {
  std::string name;
  std::vector<std::string> arguments;
  std::string remedy;  ///< where it is not installed: "install the package graphviz, or ..."
  /// Ctrl-C on the terminal is not for it: who started it ends cleanly. For what takes a moment only.
  bool outlives_interrupt = false;
};

/// What the program makes of `input`, to draw `path`. Throws Error, which names the path, where the program
/// is not installed, fails or writes nothing, with what it said.
std::string filtered(const FilterProgram& program, std::string_view input, const std::filesystem::path& path);

}  // namespace sinter::cli
