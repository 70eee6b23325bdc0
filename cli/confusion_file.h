#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "runtime/evaluation.h"

namespace sinter::cli {

/// Throws InputError unless a confusion matrix can be written as what the file's name ends in: .svg, .png,
/// .txt or .json, and a file can be made there. What is there stays as it is.
void check_confusion_file(const std::filesystem::path& file);

/// Writes the confusion matrix of a test atomically: a picture, a table, or JSON. `subject` says what was
/// tested, `classes` are their names.
void write_confusion(const TestScore& test, const std::vector<std::string>& classes,
                     const std::string& subject, const std::filesystem::path& file);

}  // namespace sinter::cli
