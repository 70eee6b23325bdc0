#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/trainer.h"

namespace sinter {

/// What decides, beside the weights, what a training comes to: options, model and data, each as a name and a
/// value to be shown. The number of epochs and of threads are not in it.
using Recipe = std::vector<std::pair<std::string, std::string>>;

Recipe recipe_of(const Graph& model, const DataSet& data, const TrainOptions& options);

/// The value of an item; "not known" where there is none.
std::string_view recipe_item(const Recipe& recipe, std::string_view name);

/// What a user sets an item with, such as "--batch-size"; empty: nothing.
using ItemOption = std::function<std::string(std::string_view item)>;

/// Throws InputError that names the first item in which a checkpoint's recipe differs from this run's, with
/// both values; the items stand in the order in which they matter, the model first. An item that the
/// checkpoint lacks, written before there was such an item, contradicts nothing.
void check_recipe(const std::string& path, const Recipe& checkpoint, const Recipe& run,
                  const ItemOption& option = {});

/// What a trainer's steps were compiled to, and for which instruction sets: the same text, the same plan and,
/// on the same data, the same bits.
std::string plan_of(const Trainer& trainer);

}  // namespace sinter
