#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>
#include <vector>

#include "tests/runtime/temporary_folder.h"

namespace sinter {

/// How the program ended and what it wrote.
struct Outcome {
  int exit_code;  ///< 128 + the signal that ended it, as a shell has it
  std::string out, err;
};

struct ProgramOptions {
  std::string input = {};  ///< standard input
  std::filesystem::path program = SINTER_PROGRAM;
  std::filesystem::path data_folder = "/nowhere/sinter-data";  ///< SINTER_DATA; HOME is an empty folder
};

/// The built `sinter` program as a child process. Killed where the test ends before it.
class Program {
 public:
  explicit Program(const std::vector<std::string>& arguments, const ProgramOptions& options = {});
  ~Program();
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  void send(int signal) const;
  /// What it wrote until now.
  std::string out() const { return content_of(folder_ / "out"); }
  std::string err() const { return content_of(folder_ / "err"); }
  /// Waits for its end; after `seconds` the test fails and the program is killed.
  Outcome wait(double seconds = 120);

 private:
  void start(std::vector<std::string> arguments, const ProgramOptions& options);

  TemporaryFolder folder_;
  pid_t child_ = -1;
};

/// Runs the program to its end.
Outcome run_program(const std::vector<std::string>& arguments, const ProgramOptions& options = {});

/// The options' text must not be taken: ends with 2, says nothing on standard output, and `message` on
/// standard error.
void expect_usage_error(const std::vector<std::string>& arguments, const std::string& message);
/// As expect_usage_error, for what the command itself finds wrong.
void expect_input_error(const std::vector<std::string>& arguments, const std::string& message);
/// What is said of a MODEL that is no embedded one's name.
std::string no_such_model(std::string_view name);

}  // namespace sinter
