#include "tests/cli/program.h"

/// A program that was installed, or copied without what it was built with.
namespace sinter {
namespace {

namespace fs = std::filesystem;

const fs::path module_file = fs::path(SINTER_PROGRAM).parent_path().parent_path() / "lib" / "sinter_llvm.so";

Outcome run_moved(const fs::path& folder) {
  const fs::path program = folder / "bin" / "sinter";
  fs::create_directories(program.parent_path());
  if (!fs::exists(program)) fs::copy_file(SINTER_PROGRAM, program);
  return run_program({"inspect", "lenet", "--backend", "jit", "--stage", "llvm"}, {.program = program});
}

TEST(MovedProgram, SaysWhereItLooksForTheCodeGenerator) {
  const TemporaryFolder folder;
  const Outcome outcome = run_moved(folder.path());
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_EQ(outcome.out, "");
  const std::string root = fs::canonical(folder.path()).string();
  EXPECT_EQ(outcome.err, "sinter: cannot find the code generator; looked for " + root +
                             "/lib/sinter_llvm.so and " + root + "/bin/sinter_llvm.so\n");
}

TEST(MovedProgram, TakesTheOneInEitherFolder) {
  for (const char* place : {"lib", "bin"}) {
    SCOPED_TRACE(place);
    const TemporaryFolder folder;
    fs::create_directories(folder.path() / place);
    fs::create_symlink(module_file, folder.path() / place / "sinter_llvm.so");
    const Outcome outcome = run_moved(folder.path());
    EXPECT_EQ(outcome.exit_code, 0);
    EXPECT_EQ(outcome.err, "");
    EXPECT_NE(outcome.out.find("define "), std::string::npos);
  }
}

}  // namespace
}  // namespace sinter
