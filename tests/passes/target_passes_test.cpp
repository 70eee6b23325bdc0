#include <gtest/gtest.h>

#include "ir/text.h"
#include "ir/verify.h"
#include "passes/assign_layouts.h"
#include "passes/fuse_batch_norm.h"
#include "passes/fuse_epilogues.h"
#include "passes/fuse_loss.h"
#include "passes/fuse_statistics.h"
#include "passes/fuse_updates.h"
#include "passes/recompute.h"
#include "tests/passes/test_target.h"

/// The passes that ask a target: what they say and what they refuse.
namespace sinter {
namespace {

template <typename Run>
std::string error_of(Run run) {
  try {
    run();
    return "no error";
  } catch (const InputError& error) {
    return error.what();
  }
}

TEST(TargetPasses, RefuseToRunWithoutATarget) {
  Graph graph = parse("graph f(%x: f32[4]) -> (f32[4]) { %1 = relu(%x) : f32[4] return %1 }");
  EXPECT_EQ(error_of([&] { fuse_epilogues(graph, {}); }),
            "fuse_epilogues asks a backend what it can fuse; there is none");
  EXPECT_EQ(error_of([&] { fuse_loss(graph, {}); }),
            "fuse_loss asks a backend what it can fuse; there is none");
  EXPECT_EQ(error_of([&] { fuse_updates(graph, {}); }),
            "fuse_updates asks a backend what it can fuse; there is none");
  EXPECT_EQ(error_of([&] { recompute(graph, {}); }),
            "recompute asks a backend what takes how long; there is none");
  EXPECT_EQ(error_of([&] { assign_layouts(graph, {}); }),
            "assign_layouts asks a backend what it likes; there is none");
}

TEST(AssignLayouts, RefusesASecondRun) {
  const TestTarget target;
  Graph graph = parse(
      "graph f(%x: f32[2, 16, 6, 6]) -> (f32[2, 16, 4, 4]) { param %w: f32[16, 16, 3, 3] "
      "%1 = conv2d(%x, %w) : f32[2, 16, 4, 4] return %1 }");
  EXPECT_TRUE(assign_layouts(graph, {.target = &target}));
  const Graph once = graph;
  EXPECT_EQ(error_of([&] { assign_layouts(graph, {.target = &target}); }),
            "graph \"f\" has a value of type f32[16, 16, 3, 3]{ABcd16b16a}; assign_layouts needs numbers for "
            "sizes and plain layouts");
  EXPECT_EQ(graph, once);
}

std::vector<Remark> remarks_on(std::string_view text) {
  const TestTarget target;
  std::vector<Remark> remarks;
  Graph graph = parse(text);
  verify_or_fail(graph, "input");
  fuse_epilogues(graph, {.target = &target, .remarks = &remarks});
  return remarks;
}

using Remarks = std::vector<Remark>;

std::string convolution(std::string_view rest, std::string_view results) {
  return fmt::format(
      "graph f(%x: f32[1, 1, 2, 2]) -> ({}) {{ param %w: f32[1, 1, 1, 1] "
      "%1 = conv2d(%x, %w) : f32[1, 1, 2, 2] @ \"features.0\" {} }}",
      results, rest);
}

TEST(FuseEpilogues, SaysWhatTheTargetRefuses) {
  const std::string type = "f32[1, 1, 2, 2]";
  EXPECT_EQ(remarks_on(convolution("%2 = tanh(%1) : " + type + " return %2", type)),
            (Remarks{{"fuse_epilogues", "features.0", "conv2d + tanh is not fused: no tanh here",
                      OpKind::conv2d}}));
  EXPECT_EQ(
      remarks_on(convolution("%2 = add(%1, %x) : " + type + " %3 = tanh(%2) : " + type + " return %3", type)),
      (Remarks{{"fuse_epilogues", "features.0", "conv2d + add + tanh is not fused: no tanh here",
                OpKind::conv2d}}));
}

TEST(FuseEpilogues, SaysThatAChainIsTooLong) {
  EXPECT_EQ(remarks_on("graph f(%x: f32[4]) -> (f32[4]) { %1 = exp(%x) : f32[4] @ \"a\" "
                       "%2 = relu(%1) : f32[4] %3 = exp(%2) : f32[4] %4 = sqrt(%3) : f32[4] return %4 }"),
            (Remarks{{"fuse_epilogues", "a", "exp + relu + exp + sqrt is not fused: 4 ops are more than 3",
                      OpKind::exp}}));
}

TEST(FuseEpilogues, SaysWhoElseReadsAProduct) {
  const std::string type = "f32[1, 1, 2, 2]";
  EXPECT_EQ(
      remarks_on(convolution("%2 = relu(%1) : " + type + " %3 = softmax(%1) : " + type + " return %2, %3",
                             type + ", " + type)),
      (Remarks{{"fuse_epilogues", "features.0",
                "conv2d is not fused with relu: its result is read by 2 nodes", OpKind::conv2d}}));
  EXPECT_EQ(remarks_on(convolution("%2 = relu(%1) : " + type + " return %1, %2", type + ", " + type)),
            (Remarks{{"fuse_epilogues", "features.0",
                      "conv2d is not fused with relu: its result is read by 1 node and is a result of the "
                      "graph",
                      OpKind::conv2d}}));
}

TEST(FuseBatchNorm, SaysThatAnotherNormHasWhatReadsIt) {
  const TestTarget target;
  std::vector<Remark> remarks;
  Graph graph = parse(
      "graph f(%x: f32[2, 3, 4, 4], %y: f32[2, 3, 4, 4]) -> (f32[2, 3, 4, 4]) { "
      "%1, %2, %3 = batch_norm_training(%x) : f32[2, 3, 4, 4], f32[3], f32[3] @ \"a\" "
      "%4, %5, %6 = batch_norm_training(%y) : f32[2, 3, 4, 4], f32[3], f32[3] @ \"b\" "
      "%7 = add(%1, %4) : f32[2, 3, 4, 4] return %7 }");
  verify_or_fail(graph, "input");
  EXPECT_TRUE(fuse_batch_norm(graph, {.target = &target, .remarks = &remarks}));
  EXPECT_EQ(remarks,
            (Remarks{{"fuse_batch_norm", "b",
                      "batch_norm_training is not fused with add: that is fused with another already",
                      OpKind::batch_norm_training}}));
}

Remarks remarks_on_loss(std::string_view dloss, std::string_view attributes) {
  const TestTarget target;
  Remarks remarks;
  Graph graph = parse(
      fmt::format("graph f(%x: f32[4, 3], %labels: i64[4], %given: f32[]) -> (f32[], f32[4, 3]) {{ "
                  "const %1: f32[] = 1 %2 = softmax_cross_entropy(%x, %labels) : f32[] @ \"loss\" "
                  "%3 = softmax_cross_entropy_backward(%x, %labels, {}) {} : f32[4, 3] return %2, %3 }}",
                  dloss, attributes));
  verify_or_fail(graph, "input");
  fuse_loss(graph, {.target = &target, .remarks = &remarks});
  return remarks;
}

TEST(FuseLoss, SaysWhyAGradientIsOnItsOwn) {
  const auto not_fused = [](const std::string& why) {
    return Remarks{{"fuse_loss", "loss",
                    "softmax_cross_entropy + softmax_cross_entropy_backward is not fused: " + why,
                    OpKind::softmax_cross_entropy}};
  };
  EXPECT_EQ(remarks_on_loss("%1", ""), Remarks{});
  EXPECT_EQ(remarks_on_loss("%given", ""), not_fused("the gradient of the loss may be made from it"));
  EXPECT_EQ(remarks_on_loss("%1", "{reduction = sum}"), not_fused("the gradient is of another loss"));
}

// Of an update of the weights of a convolution, by what these nodes make of its gradient %1.
Remarks remarks_on_update(std::string_view rest, std::string_view results = "return %9 into %w") {
  const TestTarget target;
  Remarks remarks;
  const bool more = results.find(',') != std::string_view::npos;
  Graph graph =
      parse(fmt::format("graph f(%x: f32[2, 3, 6, 6], %dy: f32[2, 4, 4, 4], %lr: f32[]) -> "
                        "(\"w'\": f32[4, 3, 3, 3]{}) {{ param %w: f32[4, 3, 3, 3] const %2: f32[] = 0.5 "
                        "%1 = conv2d_backward_weights(%x, %dy) {{kernel_size = [3, 3]}} : f32[4, 3, 3, 3] "
                        "@ \"a\" {} {} }}",
                        more ? ", f32[]" : "", rest, results));
  verify_or_fail(graph, "input");
  EXPECT_FALSE(fuse_updates(graph, {.target = &target, .remarks = &remarks}));
  return remarks;
}

Remarks not_updated(std::string_view why) {
  return {{"fuse_updates", "a", fmt::format("conv2d_backward_weights + sgd_update is not fused: {}", why),
           OpKind::conv2d_backward_weights}};
}

TEST(FuseUpdates, SaysWhatKeepsAGradientFromItsUpdate) {
  const std::string type = "f32[4, 3, 3, 3]";
  EXPECT_EQ(remarks_on_update("%3 = minimum(%1, %2) : " + type + " %4 = maximum(%3, %2) : " + type +
                              " %9 = sgd_update(%w, %4, %lr) : " + type),
            not_updated("minimum + maximum stands between them"));
  EXPECT_EQ(remarks_on_update("%3 = fusion(%1) (%a: " + type + ") { %4 = exp(%a) : " + type +
                              " %5 = relu(%4) : " + type + " return %5 } : " + type +
                              " %9 = sgd_update(%w, %3, %lr) : " + type),
            not_updated("exp + relu stands between them"));
  EXPECT_EQ(remarks_on_update("%3 = sum(%1) : f32[] %4 = mul(%1, %3) : " + type +
                              " %9 = sgd_update(%w, %4, %lr) : " + type),
            not_updated("the gradient has another reader"));
  EXPECT_EQ(remarks_on_update("%3 = sum(%1) : f32[] %9 = sgd_update(%w, %1, %lr) : " + type,
                              "return %9 into %w, %3"),
            not_updated("the gradient has another reader"));
}

// What is clipped has been fused with its product before layouts were chosen.
TEST(FuseUpdates, SaysWhatIsFusedWithAMatrixProduct) {
  const TestTarget target;
  Remarks remarks;
  Graph graph = parse(
      "graph f(%dy: f32[8, 4], %x: f32[8, 3], %lr: f32[]) -> (\"w'\": f32[4, 3]) { param %w: f32[4, 3] "
      "const %2: f32[] = 0.5 %1 = fusion(%dy, %x, %2) (%a: f32[8, 4], %b: f32[8, 3], %c: f32[]) { "
      "%3 = matmul(%a, %b) {transpose_a = true} : f32[4, 3] %4 = maximum(%3, %c) : f32[4, 3] "
      "%5 = minimum(%4, %c) : f32[4, 3] return %5 } : f32[4, 3] @ \"a\" "
      "%9 = sgd_update(%w, %1, %lr) : f32[4, 3] return %9 into %w }");
  verify_or_fail(graph, "input");
  EXPECT_FALSE(fuse_updates(graph, {.target = &target, .remarks = &remarks}));
  EXPECT_EQ(remarks, (Remarks{{"fuse_updates", "a",
                               "matmul + sgd_update is not fused: maximum + minimum stands between them",
                               OpKind::fusion}}));
}

// Both gradients of a kernel are kept from their updates by the same.
TEST(FuseUpdates, SaysTheSameOfWeightsAndBiasOnce) {
  const TestTarget target;
  Remarks remarks;
  Graph graph = parse(
      "graph f(%x: f32[2, 3, 6, 6], %dy: f32[2, 4, 4, 4], %lr: f32[]) -> (\"w'\": f32[4, 3, 3, 3], \"b'\": "
      "f32[4]) { param %w: f32[4, 3, 3, 3] param %b: f32[4] "
      "%1, %2 = fusion(%x, %dy) (%p: f32[2, 3, 6, 6], %q: f32[2, 4, 4, 4]) { "
      "%3 = conv2d_backward_weights(%p, %q) {kernel_size = [3, 3]} : f32[4, 3, 3, 3] "
      "%4 = sum(%q) {axes = [0, 2, 3]} : f32[4] return %3, %4 } : f32[4, 3, 3, 3], f32[4] @ \"a\" "
      "%5 = relu(%1) : f32[4, 3, 3, 3] %6 = relu(%2) : f32[4] "
      "%7 = sgd_update(%w, %5, %lr) : f32[4, 3, 3, 3] %8 = sgd_update(%b, %6, %lr) : f32[4] "
      "return %7 into %w, %8 into %b }");
  verify_or_fail(graph, "input");
  EXPECT_FALSE(fuse_updates(graph, {.target = &target, .remarks = &remarks}));
  EXPECT_EQ(remarks,
            (Remarks{{"fuse_updates", "a",
                      "conv2d_backward_weights + sum + sgd_update is not fused: relu stands between them",
                      OpKind::fusion}}));
}

TEST(FuseUpdates, SaysWhatTheTargetSays) {
  const TestTarget target;
  Remarks remarks;
  Graph graph = parse(
      "graph f(%x: f32[2, 3, 6, 6], %dy: f32[2, 4, 4, 4], %lr: f32[]) -> (\"w'\": f32[4, 3, 3, 3]) { "
      "param %w: f32[4, 3, 3, 3] "
      "%1 = fusion(%x, %dy) (%a: f32[2, 3, 6, 6], %b: f32[2, 4, 4, 4]) { "
      "%2 = tanh(%b) : f32[2, 4, 4, 4] "
      "%3 = conv2d_backward_weights(%a, %2) {kernel_size = [3, 3]} : f32[4, 3, 3, 3] return %3 "
      "} : f32[4, 3, 3, 3] @ \"a\" "
      "%4 = sgd_update(%w, %1, %lr) : f32[4, 3, 3, 3] return %4 into %w }");
  verify_or_fail(graph, "input");
  EXPECT_FALSE(fuse_updates(graph, {.target = &target, .remarks = &remarks}));
  EXPECT_EQ(remarks, (Remarks{{"fuse_updates", "a",
                               "tanh + conv2d_backward_weights + sgd_update is not fused: no tanh here",
                               OpKind::fusion}}));
}

TEST(FuseEpilogues, SaysNothingOfWhatItFuses) {
  const std::string type = "f32[1, 1, 2, 2]";
  EXPECT_EQ(remarks_on(convolution("%2 = relu(%1) : " + type + " return %2", type)), Remarks{});
}

// One of two norms of a convolution has its statistics made there, and one whose branch others read too has
// not.
TEST(TargetPasses, SayWhyAConvolutionDoesNotMakeStatistics) {
  const std::string head =
      "graph f(%x: f32[2, 3, 6, 6], %w: f32[4, 3, 3, 3]) -> (f32[2, 4, 4, 4], f32[2, 4, 4, 4]";
  const std::string conv = "  %1 = conv2d(%x, %w) : f32[2, 4, 4, 4]  @ \"0\"\n";
  const std::string types = " : f32[2, 4, 4, 4], f32[4], f32[4]  @ \"1\"\n";
  const std::pair<std::string, std::string_view> cases[] = {
      {head + ") {\n" + conv + "  %2, %3, %4 = batch_norm_training(%1)" + types +
           "  %5, %6, %7 = batch_norm_training(%1) {epsilon = 0.5}" + types + "  return %2, %5\n}\n",
       "it has those of another norm"},
      {head + ", f32[4], f32[4]) {\n" + conv +
           "  %2, %3, %4, %5 = fusion(%1) (%a: f32[2, 4, 4, 4]) {\n    %6, %7, %8 = batch_norm_training(%a)" +
           types +
           "    %9 = relu(%6) : f32[2, 4, 4, 4]  @ \"1\"\n    return %6, %9, %7, %8\n"
           "  } : f32[2, 4, 4, 4], f32[2, 4, 4, 4], f32[4], f32[4]  @ \"1\"\n  return %2, %3, %4, %5\n}\n",
       "the norm makes more than one value"},
      {head + ") {\n  %1 = conv2d(%x, %w) : f32[2, 4, 4, 4]{acdb}  @ \"0\"\n" +
           "  %2, %3, %4 = batch_norm_training(%1)" + types +
           "  %5 = relu(%2) : f32[2, 4, 4, 4]\n  return %2, %5\n}\n",
       "it does not run in these layouts"},
  };
  for (const auto& [text, why] : cases) {
    Graph graph = parse(text);
    const TestTarget target;
    std::vector<Remark> remarks;
    fuse_statistics(graph, {.target = &target, .remarks = &remarks});
    ASSERT_EQ(remarks.size(), 1U);
    EXPECT_EQ(remarks[0].text, fmt::format("conv2d does not make the batch norm's statistics: {}", why));
  }
}

}  // namespace
}  // namespace sinter
