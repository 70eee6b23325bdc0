#pragma once

#include <string>
#include <utility>
#include <vector>

#include "runtime/trainer.h"

namespace sinter {

/// What decides, beside the weights, what a training comes to: options, model and data, each as a name and a
/// value to be shown. The number of epochs and of threads are not in it.
using Recipe = std::vector<std::pair<std::string, std::string>>;

Recipe recipe_of(const Graph& model, const DataSet& data, const TrainOptions& options);

/// Throws InputError that names the first item in which a checkpoint's recipe differs from this run's.
void check_recipe(const std::string& path, const Recipe& checkpoint, const Recipe& run);

/// What a trainer's steps were compiled to: the same text, the same plan and, on the same data, the same
/// bits.
std::string plan_of(const Trainer& trainer);

}  // namespace sinter
