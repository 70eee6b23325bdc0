#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>

#include "cli/check_case.h"
#include "cli/commands.h"
#include "cli/standard_output.h"
#include "cli/table.h"
#include "ir/error.h"
#include "ir/printable.h"

namespace sinter::cli {
namespace {

constexpr const char* examples =
    "Examples, with ONNX's backend tests:\n"
    "  sinter check onnx/backend/test/data/node/test_relu\n"
    "  sinter check onnx/backend/test/data/node --backend reference";

struct Options {
  std::vector<std::string> folders;
  Tolerance tolerance;
};

struct Count {
  int passed = 0, failed = 0, skipped = 0;

  void add(CaseOutcome::Kind kind) {
    ++(kind == CaseOutcome::Kind::passed ? passed : kind == CaseOutcome::Kind::failed ? failed : skipped);
  }
};

// The folder itself where it is a case, else all cases below it, in order. Throws InputError where there are
// none.
std::vector<std::filesystem::path> cases_in(const std::filesystem::path& folder) {
  if (!std::filesystem::is_directory(folder))
    fail_input("{}: no folder; expected one with model.onnx, or with such folders in it", folder.string());
  if (std::filesystem::exists(folder / "model.onnx")) return {folder};
  std::vector<std::filesystem::path> cases;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder))
    if (entry.path().filename() == "model.onnx") cases.push_back(entry.path().parent_path());
  if (cases.empty()) fail_input("{}: no model.onnx in it or below it", folder.string());
  std::ranges::sort(cases);
  return cases;
}

std::string one_line(const std::string& text) { return printable(text.substr(0, text.find('\n'))); }

std::string summary(const std::map<std::string, Count>& by_op, const Count& all) {
  Table table({{"op"},
               {"passed", Column::Align::right},
               {"failed", Column::Align::right},
               {"skipped", Column::Align::right}});
  for (const auto& [op, count] : by_op)
    table.row(
        {op, std::to_string(count.passed), std::to_string(count.failed), std::to_string(count.skipped)});
  return fmt::format("\n{}\n{} passed, {} failed, {} skipped\n", table.text(), all.passed, all.failed,
                     all.skipped);
}

struct Cases {
  std::vector<std::filesystem::path> found;
  std::vector<std::string> missing;  ///< folders without any, by what is to be said of them
};

Cases cases_in(const std::vector<std::string>& folders) {
  Cases cases;
  for (const std::string& folder : folders) {
    try {
      const auto found = cases_in(std::filesystem::path(folder));
      cases.found.insert(cases.found.end(), found.begin(), found.end());
    } catch (const InputError& error) {
      cases.missing.push_back(error.message());
    }
  }
  if (cases.found.empty()) fail_input("{}", cases.missing.front());
  return cases;
}

void check(const Options& options, const GlobalOptions& global) {
  const auto [cases, missing] = cases_in(options.folders);
  const auto pool = global.make_pool();
  std::map<std::string, Count> by_op;
  Count all;
  for (const std::string& folder : missing) {
    all.add(CaseOutcome::Kind::skipped);
    write_result(fmt::format("skipped {}\n", one_line(folder)));
  }
  for (const auto& folder : cases) {
    const CaseOutcome outcome = run_case(folder, options.tolerance, global, pool);
    all.add(outcome.kind);
    for (const std::string& op : outcome.ops) by_op[op].add(outcome.kind);
    if (outcome.kind != CaseOutcome::Kind::passed)
      write_result(fmt::format("{} {}: {}\n",
                               outcome.kind == CaseOutcome::Kind::failed ? "failed" : "skipped",
                               folder.string(), one_line(outcome.reason)));
  }
  write_result(summary(by_op, all));
  if (all.failed > 0) fail("{} of {} test cases failed", all.failed, cases.size());
}

}  // namespace

void add_check(CLI::App& app, const GlobalOptions& global) {
  CLI::App* command = app.add_subcommand("check", "runs ONNX test cases and compares the numbers");
  command->footer(examples);
  auto options = std::make_shared<Options>();
  command
      ->add_option("DIR", options->folders, "a test case (model.onnx, test_data_set_*), or a folder of such")
      ->required();
  command->add_option("--rtol", options->tolerance.relative, "how far off a number may be, relative to it")
      ->check(number_in(0, 1))
      ->capture_default_str();
  command->add_option("--atol", options->tolerance.absolute, "how far off it may be beyond that")
      ->check(number_in(0, 1e6))
      ->capture_default_str();
  command->callback([options, &global] { check(*options, global); });
}

}  // namespace sinter::cli
