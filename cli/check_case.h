#pragma once

#include <filesystem>
#include <memory>
#include <set>
#include <string>

#include "cli/global_options.h"
#include "runtime/thread_pool.h"

namespace sinter::cli {

/// How far a number may be from the expected one: absolute + relative * |expected|. The relative one is that
/// of ONNX's own runner; the absolute one, there 1e-7, is for networks whose numbers another program computed
/// in f32: where large ones cancel, a millionth of them is left over.
struct Tolerance {
  double relative = 1e-3;
  double absolute = 1e-5;
};

struct CaseOutcome {
  enum class Kind { passed, failed, skipped } kind;
  std::string reason = {};         ///< why it failed or was skipped
  std::set<std::string> ops = {};  ///< of the model
};

/// Runs a test case in the format of ONNX's backend tests, all of its data sets. Skipped: a model that cannot
/// be imported, with the importer's words, and data that contradicts its own model. Failed: numbers that
/// differ, with the first of them, and whatever goes wrong when it runs.
CaseOutcome run_case(const std::filesystem::path& folder, const Tolerance& tolerance,
                     const GlobalOptions& global, const std::shared_ptr<ThreadPool>& pool);

}  // namespace sinter::cli
