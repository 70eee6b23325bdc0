#pragma once

#include <filesystem>
#include <string>

namespace sinter::cli {

/// Throws InputError unless the file's ending is one that write_drawing knows.
void check_drawing_name(const std::filesystem::path& path);

/// Writes a drawing, atomically, in the form that the file's ending says: the text in DOT itself (.dot), or
/// what Graphviz's program `dot` draws of it (.svg, .png). Throws InputError for another ending or a place
/// where nothing can be written, and Error where `dot` is not installed or fails, with what it said.
void write_drawing(const std::string& dot, const std::filesystem::path& path);

}  // namespace sinter::cli
