#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "runtime/data/augmentation.h"

namespace sinter::cli {

/// --augment.
struct AugmentOption {
  std::string text;  ///< crop:PADDING, flip, or both, with a comma

  void add(CLI::App& command);
  /// Throws InputError for anything else.
  Augmentation augmentation() const;
};

}  // namespace sinter::cli
