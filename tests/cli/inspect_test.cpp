#include <algorithm>

#include "frontends/sinter/embedded_models.h"
#include "frontends/sinter/load.h"
#include "ir/text.h"
#include "ir/verify.h"
#include "runtime/executable.h"
#include "tests/cli/program.h"

namespace sinter {
namespace {

// The graph that the program printed; it must be a valid one.
Graph printed(const Outcome& outcome) {
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  Graph graph = parse(outcome.out);
  EXPECT_TRUE(verify(graph).empty());
  EXPECT_EQ(print(graph), outcome.out);
  return graph;
}

TEST(Inspect, ParsedIsTheModelAsLoaded) {
  const Outcome outcome = run_program({"inspect", "lenet", "--stage", "parsed"});
  EXPECT_EQ(printed(outcome), load_model(*embedded_model("lenet"), "lenet.sinter"));
  EXPECT_EQ(outcome.err, "");
}

TEST(Inspect, AutodiffHasAGradientForEachParameter) {
  const Graph graph = printed(run_program({"inspect", "lenet", "--stage", "autodiff", "--batch-size", "3"}));
  EXPECT_EQ(to_string(graph.type(graph.find("image").value())), "f32[3, 1, 28, 28]");
  EXPECT_TRUE(graph.find_result("loss"));
  for (const ValueId id : graph.parameters())
    EXPECT_TRUE(graph.find_result("gradient." + graph.info(id).name));
}

TEST(Inspect, TrainingEndsWithParametersStoredBack) {
  const Graph graph = printed(run_program({"inspect", "lenet_relu", "--mode", "train", "--momentum", "0.9"}));
  EXPECT_EQ(to_string(graph.type(graph.find("image").value())), "f32[1, 1, 28, 28]");
  EXPECT_EQ(graph.states().size(), graph.parameters().size());
  for (const ValueId id : graph.parameters())
    EXPECT_TRUE(std::ranges::any_of(graph.results(),
                                    [&](const GraphResult& result) { return result.stored_in == id; }));
}

TEST(Inspect, InferenceIsForOneImageOrABatch) {
  const auto batch_of = [](const Graph& graph) { return to_string(graph.type(graph.inputs()[0]).shape[0]); };
  EXPECT_EQ(batch_of(printed(run_program({"inspect", "lenet", "--stage", "parsed"}))), "N");
  EXPECT_EQ(batch_of(printed(run_program({"inspect", "lenet"}))), "1");
  EXPECT_EQ(batch_of(printed(run_program({"inspect", "lenet", "--batch-size", "7"}))), "7");
}

int count_of(const Graph& graph, OpKind op) {
  return static_cast<int>(std::ranges::count(graph.nodes(), op, &Node::op));
}

TEST(Inspect, ShowsFusionsAndLayouts) {
  const auto stage = [](const std::string& name) {
    return printed(run_program({"inspect", "lenet", "--stage", name, "--batch-size", "32"}));
  };
  const Graph fused = stage("fused"), laid_out = stage("layout");
  // Two convolutions and two linear layers with their sigmoids; reference fuses and reorders nothing.
  const bool fuses = backend_names()[0] != "reference";
  EXPECT_EQ(count_of(fused, OpKind::fusion), fuses ? 4 : 0);
  EXPECT_EQ(count_of(fused, OpKind::sigmoid), fuses ? 0 : 4);
  EXPECT_EQ(count_of(fused, OpKind::reorder), 0);
  EXPECT_EQ(count_of(laid_out, OpKind::reorder) > 0, fuses);
}

TEST(Inspect, TheScheduleHasEachCallAndItsPlaces) {
  const TemporaryFolder folder;
  const std::string model =
      folder.file("two.sinter", "model two() {\n  input x: f32[N, 2]\n  x | linear(3) | relu | tanh\n}\n");
  const Outcome outcome =
      run_program({"inspect", model, "--batch-size", "5", "--stage", "scheduled", "--backend", "reference"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(outcome.out, R"(schedule of two
arena 128 bytes, workspace 32768 bytes a thread
linear "0": reference, 5 units, workspace 0 bytes
  reads  %x: f32[5, 2]
         %0.weight: f32[3, 2]
         %0.bias: f32[3]
  writes %1: f32[5, 3] at 0
relu + tanh "1": reference, 1 unit, workspace 32768 bytes
  reads  %1: f32[5, 3] at 0
  writes %2: f32[5, 3] at 64
)");
}

TEST(Inspect, TheScheduleOfALoopHasThatOfItsBody) {
  const Outcome outcome = run_program({"inspect", "lenet_relu", "--mode", "train", "--batch-size", "256",
                                       "--stage", "scheduled", "--backend", "reference"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_NE(outcome.out.find("\nslab_loop: the runtime, 8 units, workspace "), std::string::npos)
      << outcome.out;
  EXPECT_NE(outcome.out.find("\n  slabs of 16:\n    arena "), std::string::npos) << outcome.out;
  EXPECT_NE(outcome.out.find("\n    conv2d \"0\": reference, "), std::string::npos) << outcome.out;
  EXPECT_NE(outcome.out.find("f32[16, 6, 28, 28] at "), std::string::npos) << outcome.out;
}

TEST(Inspect, AModelWithAFixedBatchNeedsNoSize) {
  const TemporaryFolder folder;
  const std::string model = folder.file("fixed.sinter", "model fixed() {\n  input x: f32[2]\n  tanh(x)\n}\n");
  const Graph graph = printed(run_program({"inspect", model}));
  EXPECT_EQ(to_string(graph.type(graph.inputs()[0])), "f32[2]");
}

TEST(Inspect, RemarksSayWhatWasNotFused) {
  const Outcome outcome =
      run_program({"inspect", "lenet_relu", "--mode", "train", "--backend", "reference", "--remarks"});
  EXPECT_NE(
      outcome.err.find(
          "# fuse_epilogues: \"0\": conv2d + relu is not fused: reference: conv2d is not elementwise\n"),
      std::string::npos)
      << outcome.err;
}

TEST(Inspect, PassesAreShownOnStandardError) {
  const Outcome outcome =
      run_program({"inspect", "lenet", "--print-after", "bind_symbols", "--stop-after", "fold_constants",
                   "--disable", "fold_constants", "--time-passes", "--verify=execute"});
  const Graph graph = printed(outcome);
  EXPECT_EQ(outcome.err.find("# after bind_symbols\n" + print(graph)), 0U) << outcome.err;
  EXPECT_NE(outcome.err.find("\nbind_symbols  "), std::string::npos);
  EXPECT_EQ(outcome.err.find("fold_constants"), std::string::npos);
}

TEST(Inspect, WritesAFile) {
  const TemporaryFolder folder;
  const Outcome outcome = run_program({"inspect", "lenet", "--stage", "parsed", "-o", folder / "lenet.ir"});
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_EQ(outcome.out, "");
  EXPECT_EQ(content_of(folder / "lenet.ir"), run_program({"inspect", "lenet", "--stage", "parsed"}).out);
  EXPECT_FALSE(std::filesystem::exists(folder / "lenet.ir.bin"));
}

// What runs slab by slab is drawn as the graph it is, not as the text of one box.
TEST(Inspect, APictureShowsWhatIsInALoop) {
  const TemporaryFolder folder;
  const Outcome outcome = run_program(
      {"inspect", "lenet", "--mode", "train", "--batch-size", "256", "--svg", folder / "step.dot"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  const std::string dot = content_of(folder / "step.dot");
  EXPECT_NE(dot.find("training step, in slabs of 16 samples"), std::string::npos) << dot;
  EXPECT_NE(dot.find("avg_pool2d_backward"), std::string::npos) << dot;
  EXPECT_EQ(dot.find("slab_loop"), std::string::npos) << dot;
  EXPECT_GT(std::ranges::count(dot, '\n'), 100);
}

TEST(Inspect, WrongOptions) {
  expect_input_error({"inspect", "lenet", "--stage", "scheduled", "--svg", "lenet.svg"},
                     "--svg lenet.svg: --stage scheduled is a list of calls; without --stage the graph that "
                     "they run is drawn");
  expect_input_error(
      {"inspect", "lenet", "--mode", "infer", "--stage", "autodiff"},
      "--stage autodiff --mode infer: only the training pipeline has that stage; expected --mode train");
  expect_input_error({"inspect", "lenet", "--mode", "train", "--stage", "parsed"},
                     "--stage parsed --mode train: a model as parsed is before either pipeline; leave --mode "
                     "out");
  expect_input_error({"inspect", "lenet", "-o", "/proc/lenet.ir"},
                     "cannot write /proc/lenet.ir: no file can be made in /proc");
  for (const std::string stage : {"kernel", "llvm", "asm"})
    expect_input_error(
        {"inspect", "lenet", "--stage", stage, "--backend", "reference"},
        "--stage " + stage +
            " --backend reference: no node has code to show: all run on reference, and only jit's kernels "
            "are "
            "code of this program's making; expected --backend jit, or auto for those that jit runs");
  expect_usage_error({"inspect", "lenet", "--stage", "parsed", "--stop-after", "autodiff"},
                     "--stage excludes --stop-after");
  expect_input_error(
      {"inspect", "lenet", "--disable", "fusion"},
      "unknown pass \"fusion\"; expected one of: bind_symbols, sink_transposes, absorb_bias, append_loss, "
      "enter_training, "
      "autodiff, "
      "append_update, "
      "fold_batch_norm, fold_constants, simplify_algebra, eliminate_common_subexpressions, "
      "shrink_activation_gradients, "
      "remove_dead_nodes, hoist_weights, fuse_batch_norm, fuse_loss, fuse_epilogues, "
      "fuse_conv_activation_pool, "
      "assign_layouts, form_slab_loops, "
      "fuse_statistics, fuse_updates, advance_updates, recompute");
  expect_input_error({"inspect", "lenet", "-o", "/nowhere/lenet.ir"},
                     "cannot write /nowhere/lenet.ir: there is no folder /nowhere");
}

}  // namespace
}  // namespace sinter
