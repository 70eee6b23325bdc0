#include <cstdlib>

#include "ir/op_table.h"
#include "tests/cli/program.h"
#include "tests/source_path.h"

namespace sinter {
namespace {

TEST(Ops, PrintsTheWholeReference) {
  const Outcome outcome = run_program({"ops"});
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_EQ(outcome.out, op_reference());
  EXPECT_EQ(outcome.err, "");
}

TEST(Ops, TheSectionsOfAllOpsMakeUpTheReference) {
  const std::string reference = op_reference();
  std::string sections = reference.substr(0, reference.find("\n## "));
  for (const OpDef& op : op_table()) sections += "\n" + run_program({"ops", std::string(op.name)}).out;
  EXPECT_EQ(sections, reference);
}

TEST(Ops, ThePageOfOnnxOpsIsThatOfDocs) {
  EXPECT_EQ(run_program({"ops", "--onnx"}).out, content_of(source_path("docs/onnx_ops.md")));
}

TEST(Ops, AFullDiskIsAnError) {
  const TemporaryFolder folder;
  const std::string err = folder / "err";
  const int status = std::system(("\"" SINTER_PROGRAM "\" ops > /dev/full 2> " + err).c_str());
  EXPECT_EQ(WEXITSTATUS(status), 1);
  EXPECT_EQ(content_of(err), "sinter: cannot write to standard output: No space left on device\n");
}

TEST(Ops, AReaderThatHasGoneAwayIsNot) {
  const TemporaryFolder folder;
  const std::string err = folder / "err";
  const std::string script = "(sleep 0.2; exec \"" SINTER_PROGRAM "\" ops 2> " + err + ") | true";
  EXPECT_EQ(std::system(script.c_str()), 0);
  EXPECT_EQ(content_of(err), "");
}

TEST(Ops, UnknownNameListsThoseThereAre) {
  const Outcome outcome = run_program({"ops", "conv3d"});
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_EQ(outcome.err.find("sinter: no op is named \"conv3d\"; there are conv2d conv2d_backward_data "), 0U)
      << outcome.err;
}

}  // namespace
}  // namespace sinter
