#include "runtime/executable.h"
#include "tests/cli/program.h"

namespace sinter {
namespace {

const std::vector<std::string> commands = {"train", "eval",  "run", "summary", "inspect",
                                           "bench", "check", "opt", "ops",     "data"};

TEST(Usage, HelpOfEveryCommandShowsExamples) {
  for (const std::string& command : commands) {
    const Outcome outcome = run_program({command, "--help"});
    EXPECT_EQ(outcome.exit_code, 0) << command;
    EXPECT_NE(outcome.out.find("Examples"), std::string::npos) << command;
    EXPECT_NE(outcome.out.find("  sinter " + command), std::string::npos) << command;
    EXPECT_EQ(outcome.err, "");
  }
}

TEST(Usage, HelpListsTheCommands) {
  const Outcome outcome = run_program({"--help"});
  EXPECT_EQ(outcome.exit_code, 0);
  for (const std::string& command : commands)
    EXPECT_NE(outcome.out.find("\n  " + command + " "), std::string::npos) << command;
}

TEST(Usage, VersionNamesBackendsAndInstructionSet) {
  const Outcome outcome = run_program({"--version"});
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_EQ(outcome.out.find("sinter "), 0U);
  EXPECT_NE(outcome.out.find("backend reference: "), std::string::npos);
  EXPECT_NE(outcome.out.find("instruction set: x86-64"), std::string::npos);
}

TEST(Usage, WrongCommandsAndOptions) {
  expect_usage_error({}, "A subcommand is required");
  expect_usage_error({"bake"}, "The following argument was not expected: bake");
  expect_usage_error({"ops", "--colour"}, "The following argument was not expected: --colour");
  expect_usage_error({"summary"}, "MODEL is required");
  expect_usage_error({"--threads", "0", "ops"}, "--threads: Value 0 not in range 1 to 1024");
  expect_usage_error({"--backend", "foo", "ops"},
                     fmt::format("--backend: foo not in {{auto,{}}}", fmt::join(backend_names(), ",")));
  expect_usage_error({"--seed", "x", "ops"}, "--seed: x is no integer from 0 to 18446744073709551615");
  expect_usage_error({"--seed", "-1", "ops"}, "--seed: -1 is no integer from 0 to 18446744073709551615");
  expect_usage_error({"summary", "lenet", "--batch-size", "0"},
                     "--batch-size: 0 is no number from 1 to 1048576");
  expect_usage_error({"summary", "lenet", "--batch-size", "1.5"}, "Could not convert: --batch-size = 1.5");
  expect_usage_error({"opt", "-", "--verify=maybe"}, "--verify: maybe not in {structure,execute}");
  expect_usage_error({"opt", "-", "--momentum", "nan"}, "--momentum: nan is no number from 0 to 1");
  expect_usage_error({"inspect", "lenet", "--stage", "shrunk"},
                     "--stage: shrunk not in {parsed,autodiff,fused,layout,scheduled,kernel,llvm,asm}");
  expect_usage_error({"data", "synthetic", "--count", "3"}, "--count requires --export");
}

TEST(Usage, BytesThatNoTerminalShowsAreQuestionMarks) {
  expect_usage_error({"\x1b[31m\xff"}, "The following argument was not expected: ?[31m?");
  expect_usage_error({"bench", "lenet", "--repeat", "\x1b\xc2\x9b"},
                     "--repeat: ??? is no number from 1 to 1000000000");
  expect_input_error({"summary", "a\x07\xff.sinter"}, "cannot read a??.sinter: No such file or directory");
}

}  // namespace
}  // namespace sinter
