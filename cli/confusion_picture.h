#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "cli/svg_picture.h"
#include "runtime/confusion_matrix.h"

namespace sinter::cli {

/// A confusion matrix as a picture: a row for each true class, a column for each predicted one, each cell as
/// dark as its share of the row, with its count where there is room. `classes`: their names.
SvgPicture confusion_picture(const ConfusionMatrix& matrix, const std::vector<std::string>& classes,
                             const std::string& title);

/// The matrix as aligned text, with each class's recall and precision.
std::string confusion_table(const ConfusionMatrix& matrix, const std::vector<std::string>& classes);

/// The counts, an array for each true class.
nlohmann::ordered_json confusion_rows(const ConfusionMatrix& matrix);

/// As JSON: {"classes": [...], "matrix": [[...], ...]}, a row for each true class.
std::string confusion_json(const ConfusionMatrix& matrix, const std::vector<std::string>& classes);

}  // namespace sinter::cli
