#include "passes/run_passes.h"

#include <gtest/gtest.h>

#include "ir/build.h"
#include "ir/copy.h"
#include "ir/text.h"
#include "passes/pass_table.h"
#include "passes/pipeline.h"

namespace sinter {
namespace {

const std::vector<std::string> simplifying = {"fold_constants", "simplify_algebra",
                                              "eliminate_common_subexpressions", "remove_dead_nodes"};

Graph example() {
  return parse(R"(graph f(%x: f32[2]) -> (f32[2]) {
    const %1: f32[] = 2
    const %2: f32[] = 0.5
    %3 = mul(%1, %2) : f32[]
    %4 = mul(%x, %3) : f32[2]
    %5 = exp(%4) : f32[2]
    %6 = exp(%x) : f32[2]
    %7 = add(%5, %6) : f32[2]
    return %7
  })");
}

std::vector<std::string> timed_passes(const RunOptions& options) {
  std::vector<std::string> names;
  RunOptions with_timer = options;
  with_timer.timed = [&](std::string_view pass, double seconds, bool) {
    EXPECT_GE(seconds, 0);
    EXPECT_LT(seconds, 60);
    names.emplace_back(pass);
  };
  Graph graph = example();
  run_passes(graph, simplifying, {}, with_timer);
  return names;
}

TEST(RunPasses, RunsAllInOrderAndTimesThem) {
  EXPECT_EQ(timed_passes({}), simplifying);
  Graph graph = example();
  run_passes(graph, simplifying, {});
  EXPECT_EQ(print(graph),
            "graph f(%x: f32[2]) -> (f32[2]) {\n"
            "  %1 = exp(%x) : f32[2]\n"
            "  %2 = add(%1, %1) : f32[2]\n"
            "  return %2\n"
            "}\n");
}

TEST(RunPasses, TellsWhetherAPassChangedTheGraph) {
  Graph graph = parse("graph f(%x: f32[2]) -> (f32[2]) { %1 = maximum(%x, %x) : f32[2] return %1 }");
  std::vector<bool> changes;
  run_passes(graph, {"fold_constants", "simplify_algebra"}, {},
             {.timed = [&](auto, auto, bool changed) { changes.push_back(changed); }});
  EXPECT_EQ(changes, (std::vector<bool>{false, true}));
}

TEST(RunPasses, LeavesOutWhatIsDisabled) {
  EXPECT_EQ(timed_passes({.disable = {"simplify_algebra", "eliminate_common_subexpressions", "autodiff"}}),
            (std::vector<std::string>{"fold_constants", "remove_dead_nodes"}));
}

TEST(RunPasses, StopsAfterAPass) {
  EXPECT_EQ(timed_passes({.stop_after = "simplify_algebra"}),
            (std::vector<std::string>{"fold_constants", "simplify_algebra"}));
}

TEST(RunPasses, StopsAfterADisabledPass) {
  EXPECT_EQ(timed_passes({.disable = {"simplify_algebra"}, .stop_after = "simplify_algebra"}),
            std::vector<std::string>{"fold_constants"});
}

std::vector<std::string> printed_passes(std::vector<std::string> print_after) {
  std::vector<std::string> names;
  Graph graph = example();
  size_t nodes = graph.nodes().size();
  run_passes(graph, simplifying, {},
             {.print_after = std::move(print_after), .print = [&](std::string_view pass, const Graph& now) {
                names.emplace_back(pass);
                EXPECT_LE(now.nodes().size(), nodes);
                nodes = now.nodes().size();
              }});
  return names;
}

TEST(RunPasses, PrintsAfterPasses) {
  EXPECT_EQ(printed_passes({}), std::vector<std::string>{});
  EXPECT_EQ(printed_passes({"remove_dead_nodes", "fold_constants"}),
            (std::vector<std::string>{"fold_constants", "remove_dead_nodes"}));
  EXPECT_EQ(printed_passes({"all"}), simplifying);
}

void expect_unknown(const std::vector<std::string>& passes, const RunOptions& options) {
  Graph graph = example();
  try {
    run_passes(graph, passes, {}, options);
    FAIL() << "no error";
  } catch (const InputError& error) {
    EXPECT_STREQ(
        error.what(),
        "unknown pass \"fuse_all\"; expected one of: bind_symbols, sink_transposes, absorb_bias, "
        "append_loss, "
        "enter_training, autodiff, "
        "append_update, "
        "fold_batch_norm, "
        "fold_constants, simplify_algebra, eliminate_common_subexpressions, shrink_activation_gradients, "
        "remove_dead_nodes, hoist_weights, fuse_batch_norm, fuse_loss, fuse_epilogues, "
        "fuse_conv_activation_pool, "
        "assign_layouts, "
        "form_slab_loops, "
        "fuse_statistics, fuse_updates, advance_updates, recompute");
  }
  EXPECT_EQ(graph, example()) << "nothing runs before all names are known";
}

TEST(RunPasses, RefusesUnknownNames) {
  expect_unknown({"fold_constants", "fuse_all"}, {});
  expect_unknown(simplifying, {.disable = {"fuse_all"}});
  expect_unknown(simplifying, {.print_after = {"all", "fuse_all"}});
  expect_unknown(simplifying, {.stop_after = "fuse_all"});
}

TEST(RunPasses, RefusesToStopAfterAPassThatDoesNotRun) {
  Graph graph = example();
  try {
    run_passes(graph, {"fold_constants", "remove_dead_nodes"}, {}, {.stop_after = "autodiff"});
    FAIL() << "no error";
  } catch (const InputError& error) {
    EXPECT_STREQ(error.what(),
                 "cannot stop after autodiff: the passes are fold_constants, remove_dead_nodes");
  }
}

// Passes that are wrong in one way each.

bool declare_a_wrong_type(Graph& graph, const PassOptions&) {
  Graph broken;
  broken.name = graph.name;
  const Value x = broken.input("x", {DType::f32, {2}, {}});
  const Type wrong{DType::f32, {3}, {}};
  broken.add_result(
      broken.append_typed({OpKind::relu, Attributes(OpKind::relu), {x.id()}, {}}, {&wrong, 1})[0]);
  graph = broken;
  return true;
}

bool double_the_result(Graph& graph, const PassOptions&) {
  GraphCopy copy(graph);
  for (const Node& node : graph.nodes()) copy.node(node);
  copy.graph().add_result(copy[graph.results()[0].value] * 2.0);
  graph = copy.take();
  return true;
}

bool lose_the_result(Graph& graph, const PassOptions&) {
  graph = GraphCopy(graph).take();
  return true;
}

bool keep_all(Graph&, const PassOptions&) { return false; }

constexpr Pass wrong_type{"declare_a_wrong_type", declare_a_wrong_type, Meaning::kept, ""};
constexpr Pass wrong_number{"double_the_result", double_the_result, Meaning::kept, ""};
constexpr Pass no_result{"lose_the_result", lose_the_result, Meaning::kept, ""};
constexpr Pass harmless{"keep_all", keep_all, Meaning::kept, ""};

std::string found_wrong(const Pass& pass, Verify verify) {
  Graph graph = parse("graph f(%x: f32[2]) -> (f32[2]) { %1 = exp(%x) : f32[2] return %1 }");
  const Pass passes[] = {harmless, pass, harmless};
  try {
    run_passes(graph, passes, {}, {.verify = verify});
    return "";
  } catch (const InternalError& error) {
    const std::string text = error.what();
    return text.substr(text.find("pass "));
  }
}

TEST(RunPasses, VerifiesTheStructureAfterEachPass) {
  EXPECT_EQ(found_wrong(wrong_type, Verify::structure),
            "pass declare_a_wrong_type broke the graph: after the pass: graph \"f\" is not valid:\n"
            "  node 0 (relu): result 0 is declared f32[3], its op gives f32[2]");
  EXPECT_EQ(found_wrong(wrong_type, Verify::execute), found_wrong(wrong_type, Verify::structure));
}

TEST(RunPasses, ExecutesBeforeAndAfterEachPass) {
  EXPECT_TRUE(found_wrong(wrong_number, Verify::execute)
                  .starts_with("pass double_the_result changed the numbers: result 0: element 0 was "));
  EXPECT_EQ(found_wrong(no_result, Verify::execute),
            "pass lose_the_result changed the numbers: 1 results became 0");
  EXPECT_EQ(found_wrong(wrong_number, Verify::structure), "");
  EXPECT_EQ(found_wrong(harmless, Verify::execute), "");
}

TEST(RunPasses, HandsOnTheErrorsOfPasses) {
  Graph graph = example();
  EXPECT_THROW(run_passes(graph, {"autodiff"}, {}), InputError);
}

TEST(PassTable, FindsEachPassByItsName) {
  for (const Pass& pass : pass_table()) {
    EXPECT_EQ(&find_pass(pass.name), &pass);
    EXPECT_FALSE(pass.summary.empty());
  }
}

TEST(Pipelines, AreMadeOfPassesOfTheTableAndSayWhy) {
  for (const auto steps : {inference_pipeline(), training_pipeline()})
    for (const Step& step : steps) {
      EXPECT_NO_THROW(find_pass(step.pass));
      EXPECT_FALSE(step.reason.empty()) << step.pass;
    }
}

}  // namespace
}  // namespace sinter
