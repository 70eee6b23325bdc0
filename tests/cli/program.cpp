#include "tests/cli/program.h"

#include <fcntl.h>
#include <fmt/ranges.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <thread>

#include "frontends/sinter/embedded_models.h"

namespace sinter {
namespace {

void redirect(int descriptor, const std::filesystem::path& file, int flags) {
  const int opened = open(file.c_str(), flags | O_CREAT, 0600);
  if (opened < 0 || dup2(opened, descriptor) < 0) _exit(127);
}

}  // namespace

Program::Program(const std::vector<std::string>& arguments, const ProgramOptions& options) {
  std::vector<std::string> words = {options.program};
  words.insert(words.end(), arguments.begin(), arguments.end());
  folder_.file("in", options.input);
  std::filesystem::create_directory(folder_ / "home");
  start(std::move(words), options);
}

void Program::start(std::vector<std::string> words, const ProgramOptions& options) {
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  child_ = fork();
  ASSERT_GE(child_, 0);
  if (child_ > 0) return;
  redirect(STDIN_FILENO, folder_ / "in", O_RDONLY);
  redirect(STDOUT_FILENO, folder_ / "out", O_WRONLY);
  redirect(STDERR_FILENO, folder_ / "err", O_WRONLY);
  setenv("SINTER_DATA", options.data_folder.c_str(), 1);
  unsetenv("XDG_CACHE_HOME");
  setenv("HOME", (folder_ / "home").c_str(), 1);
  execv(pointers[0], pointers.data());
  _exit(127);
}

Program::~Program() {
  if (child_ < 0) return;
  send(SIGKILL);
  waitpid(child_, nullptr, 0);
}

void Program::send(int signal) const { kill(child_, signal); }

Outcome Program::wait(double seconds) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  int status = 0;
  while (waitpid(child_, &status, WNOHANG) == 0) {
    if (std::chrono::steady_clock::now() > deadline) {
      ADD_FAILURE() << "sinter did not end within " << seconds << " s";
      send(SIGKILL);
      waitpid(child_, &status, 0);
      break;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  child_ = -1;
  return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), out(), err()};
}

Outcome run_program(const std::vector<std::string>& arguments, const ProgramOptions& options) {
  return Program(arguments, options).wait();
}

void expect_input_error(const std::vector<std::string>& arguments, const std::string& message) {
  const Outcome outcome = run_program(arguments);
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_EQ(outcome.out, "");
  EXPECT_EQ(outcome.err, "sinter: " + message + "\n");
}

std::string no_such_model(std::string_view name) {
  return fmt::format(
      "no embedded model is named \"{0}\"; there are {1}. A file needs its extension: {0}.sinter", name,
      fmt::join(embedded_model_names(), ", "));
}

void expect_usage_error(const std::vector<std::string>& arguments, const std::string& message) {
  expect_input_error(arguments, message + "\nRun `sinter --help` or `sinter COMMAND --help` for more.");
}

}  // namespace sinter
