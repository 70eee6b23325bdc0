#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>

#include "cli/model_option.h"
#include "runtime/checkpoint.h"

namespace sinter::cli {

/// The weights before the first step: --init and --weights, which exclude each other.
struct FirstWeights {
  std::string init;  ///< empty: not given, which is "default" where the model has no weights of its own
  std::string file;

  void add(CLI::App& command);
  /// Those of `resumed`; else of the file, else random ones where `init` is given or the model's file has
  /// none, else those. Where parameters of the model are none of `part`, which is what is trained, these
  /// frozen ones and all states stay as they are in the model's file.
  NamedTensors of(const LoadedModel& model, const Graph& part, uint64_t seed,
                  const std::optional<Checkpoint>& resumed) const;
  /// What a checkpoint keeps of them, to be compared with what is given when the training goes on. Then only
  /// what is given is added: the beginning is past, and what is left out contradicts nothing.
  void add_to(Recipe& recipe, const LoadedModel& model, bool resumes) const;
};

}  // namespace sinter::cli
