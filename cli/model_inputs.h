#pragma once

#include <map>
#include <string>
#include <vector>

#include "cli/training_options.h"
#include "ir/graph.h"

namespace sinter::cli {

/// What a model is run on.
struct ModelInputs {
  std::vector<Tensor> tensors;             ///< in the model's order
  std::map<std::string, int64_t> symbols;  ///< the sizes that they give the model's symbols
};

/// Reads one file for each input of the model from NAME=FILE arguments. A .npy or .pb (an ONNX tensor) is
/// taken as it is; a .png or .jpg is one picture, read grey or in colour as the input's channels want, its
/// pixels p / 255 and then normalised as in training. Throws InputError for names the model does not have or
/// that are missing, with those it has, and for files whose element type or sizes do not fit, with both.
ModelInputs read_inputs(const std::vector<std::string>& arguments, const Graph& model,
                        const NormalizeOption& normalize);

}  // namespace sinter::cli
