#include "ir/text.h"
#include "tests/cli/program.h"

namespace sinter {
namespace {

const std::string twice = R"(graph f(%x: f32[N, 2]) -> (f32[N, 2]) {
  %1 = relu(%x) : f32[N, 2]
  %2 = relu(%x) : f32[N, 2]
  %3 = add(%1, %2) : f32[N, 2]
  return %3
}
)";
const std::string once = R"(graph f(%x: f32[N, 2]) -> (f32[N, 2]) {
  %1 = relu(%x) : f32[N, 2]
  %2 = add(%1, %1) : f32[N, 2]
  return %2
}
)";

TEST(Opt, RunsPassesOnAFile) {
  const TemporaryFolder folder;
  const auto file = folder.file("f.ir", twice);
  const Outcome outcome = run_program(
      {"opt", file, "--passes=eliminate_common_subexpressions,remove_dead_nodes", "--verify=execute"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(outcome.out, once);
  EXPECT_EQ(outcome.err, "");
}

TEST(Opt, ReadsStandardInput) {
  const Outcome outcome =
      run_program({"opt", "-", "--passes", "eliminate_common_subexpressions", "--verify"}, {.input = twice});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(outcome.out, once);
}

TEST(Opt, WithoutPassesReprints) {
  EXPECT_EQ(run_program({"opt", "-"}, {.input = "# a comment\n" + twice}).out, twice);
}

TEST(Opt, PassesAreToldTheirOptions) {
  const Outcome outcome = run_program({"opt", "-", "--passes=bind_symbols,append_loss", "--symbol", "N=4",
                                       "--loss", "mse", "--loss-reduction", "sum"},
                                      {.input = twice});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(
      outcome.out.find("graph f(%x: f32[4, 2], %target: f32[4, 2]) -> (loss: f32[], correct: i64[]) {\n"), 0U)
      << outcome.out;
  EXPECT_NE(outcome.out.find("{reduction = sum}"), std::string::npos) << outcome.out;
}

TEST(Opt, LargeConstantsGoToASidecarAndComeBack) {
  const TemporaryFolder folder;
  Graph graph;
  std::vector<float> numbers(17);
  for (size_t i = 0; i < numbers.size(); ++i) numbers[i] = static_cast<float>(i) / 3;
  graph.add_result(graph.constant(Tensor::of<float>({17}, std::span<const float>(numbers))));
  std::vector<std::byte> sidecar;
  const auto first = folder.file("a.ir", print(graph, &sidecar));
  folder.file("a.ir.bin", {reinterpret_cast<const char*>(sidecar.data()), sidecar.size()});
  const Outcome outcome = run_program({"opt", first, "-o", folder / "b.ir"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(content_of(folder / "b.ir"), content_of(first));
  EXPECT_EQ(content_of(folder / "b.ir.bin"), content_of(folder / "a.ir.bin"));
  expect_input_error(
      {"opt", first},
      "graph \"main\" has constants of more than 16 elements, which go to a file of their own: write both "
      "with --output FILE.ir");
}

TEST(Opt, WrongGraphs) {
  const TemporaryFolder folder;
  const auto broken = folder.file(
      "broken.ir", "graph f(%x: f32[2]) -> (f32[3]) {\n  %1 = relu(%x) : f32[3]\n  return %1\n}\n");
  expect_input_error({"opt", broken},
                     broken.string() +
                         ": graph \"f\" is not valid:\n"
                         "  node 0 (relu): result 0 is declared f32[3], its op gives f32[2]");
  const auto empty = folder.file("empty.ir", "");
  expect_input_error({"opt", empty},
                     empty.string() + ":1:1: found the end; expected \"graph\"\n  1 | \n    | ^");
  expect_input_error({"opt", "/nowhere/f.ir"}, "cannot read /nowhere/f.ir: No such file or directory");
  for (const std::string& text : {std::string(1, '\0'),
                                  std::string("\x7f"
                                              "ELF\xff"),
                                  twice.substr(0, 30), std::string(1 << 20, '(')}) {
    const Outcome outcome = run_program({"opt", "-"}, {.input = text});
    EXPECT_EQ(outcome.exit_code, 2);
    EXPECT_EQ(outcome.err.find("sinter: <stdin>:1:"), 0U) << outcome.err.substr(0, 200);
  }
}

TEST(Opt, WrongOptions) {
  const TemporaryFolder folder;
  const std::string file = folder.file("f.ir", twice);
  expect_input_error(
      {"opt", file, "--passes=shrink"},
      "unknown pass \"shrink\"; expected one of: bind_symbols, sink_transposes, absorb_bias, append_loss, "
      "enter_training, "
      "autodiff, "
      "append_update, "
      "fold_batch_norm, fold_constants, simplify_algebra, eliminate_common_subexpressions, "
      "shrink_activation_gradients, "
      "remove_dead_nodes, hoist_weights, fuse_batch_norm, fuse_loss, fuse_epilogues, "
      "fuse_conv_activation_pool, "
      "assign_layouts, form_slab_loops, "
      "fuse_statistics, fuse_updates, advance_updates, recompute");
  for (const std::string symbol : {"N", "N=", "=4", "N=0", "N=4x", "N=99999999999999999999"})
    expect_input_error({"opt", file, "--symbol", symbol},
                       "--symbol " + symbol + ": expected NAME=SIZE, a size of at least 1");
  expect_input_error({"opt", file, "--symbol", "M=4"}, "--symbol M=4: graph \"f\" has the symbols N");
}

}  // namespace
}  // namespace sinter
