#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>

#include "cli/model_option.h"
#include "runtime/checkpoint.h"

namespace sinter::cli {

/// The weights before the first step: --init and --weights.
struct FirstWeights {
  std::string init;  ///< empty: not given, which is "default"
  std::string file;

  void add(CLI::App& command);
  /// Those of `resumed`; else of the file, else those in the model's file, else random ones.
  NamedTensors of(const LoadedModel& loaded, uint64_t seed, const std::optional<Checkpoint>& resumed) const;
  /// What a checkpoint keeps of them, to be compared with what is given when the training goes on. Then only
  /// what is given is added: the beginning is past, and what is left out contradicts nothing.
  void add_to(Recipe& recipe, bool resumes) const;
};

}  // namespace sinter::cli
