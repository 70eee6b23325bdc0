#pragma once

#include <string>
#include <vector>

#include "cli/global_options.h"
#include "runtime/fallbacks.h"
#include "runtime/files/safetensors.h"

/// On standard error; nothing where the log level is quiet.
namespace sinter::cli {

/// One line that names the ops the backend declines, where they have more than 1 % of the FLOPs. All of them
/// at log level debug.
void warn_of_fallbacks(std::string_view model, std::string_view backend,
                       const std::vector<Fallback>& fallbacks, const GlobalOptions& global);

/// One line for each op and each reason of the backend to decline it, however few FLOPs it has.
void warn_of_each_fallback(std::string_view model, std::string_view backend,
                           const std::vector<Fallback>& fallbacks, const GlobalOptions& global);

/// `"features.0": conv2d (12.3 % of the FLOPs) runs on reference: <why>`.
std::string describe_fallback(const Fallback& fallback);

/// What inference takes for what it is in inference, though the file was written to be trained.
void warn_of_training_mode(std::string_view model, const std::vector<std::string>& nodes,
                           const GlobalOptions& global);

/// What one should know of the learning rate; nothing where `remark` is empty.
void warn_of_schedule(std::string_view remark, const GlobalOptions& global);

/// Names the first tensor of a weights file that holds NaN or infinity: a backend may lose them on the way,
/// and results then look sound.
void warn_of_weights(const std::string& path, const NamedTensors& weights, const GlobalOptions& global);

}  // namespace sinter::cli
