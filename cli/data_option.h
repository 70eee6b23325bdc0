#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "cli/global_options.h"
#include "ir/graph.h"
#include "runtime/data/data_set.h"

namespace sinter::cli {

/// What `--data` and `sinter data` take, in one line.
inline constexpr const char* data_set_usage =
    "fashion-mnist[:DIR], mnist[:DIR], cifar10[:DIR], images:DIR, npy:X.npy,Y.npy or synthetic";

/// Height and width from HxW, as 224x224. Throws InputError that begins with `option`.
PictureSize picture_size(const std::string& option, const std::string& text);

/// What is done to a data set's pictures and files as they are read: --resize, --test-share, --skip-bad.
struct DataReadingOptions {
  std::string resize;
  double test_share = 0;
  bool skip_bad = false;
  bool needs_test = false;  ///< not an option: a set without a test split is an error

  void add(CLI::App& command);
  /// Loads a data set and prints its notes to standard error, unless quiet. `model`, where there is one, is
  /// what the pictures are for.
  DataSet load(const std::string& spec, const GlobalOptions& global, const Graph* model = nullptr) const;
};

/// --data, and how it is read.
struct DataOption {
  std::string spec;
  DataReadingOptions reading;

  void add(CLI::App& command);
  DataSet load(const GlobalOptions& global, const Graph& model) const;
};

}  // namespace sinter::cli
