#pragma once

#include <sinter/fit.hpp>

#include "ir/graph.h"
#include "runtime/data/batch_loader.h"
#include "runtime/data/data_set.h"

namespace sinter {

/// The caller's data as the trainer has them; floats stay where they are. Throws InputError where the model
/// is no classifier of pictures, or the data do not fit it.
DataSet data_set_of(const Graph& model, const LabelledData& train, const LabelledData& validation);

Normalization normalization_of(const FitOptions& options);

}  // namespace sinter
