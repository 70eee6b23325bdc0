#include "runtime/profile.h"

#include <gtest/gtest.h>

#include "ir/slab_loop.h"
#include "passes/same_numbers.h"
#include "runtime/session.h"
#include "tests/runtime/small_models.h"

namespace sinter {
namespace {

constexpr int64_t batch = 40, slab = 16;  // two slabs and one of 8

std::shared_ptr<const Executable> compile_step(bool profile) {
  CompileOptions options{.backend = "auto", .passes = training_passes(), .profile = profile};
  options.pass_options.symbols["N"] = batch;
  options.pass_options.slabs.slab = slab;
  return compile(small_lenet(true), options);
}

Session session_of(const std::shared_ptr<const Executable>& step, const Bindings& bindings, int threads) {
  Weights weights;
  for (size_t i = 0; i < bindings.parameters.size(); ++i)
    weights.add(step->graph.info(step->graph.parameters()[i]).name, bindings.parameters[i].clone());
  return Session(step, std::make_shared<ThreadPool>(threads), std::move(weights));
}

TEST(NodeClock, CountsWhatThreadsDoAndWhatPasses) {
  NodeClock clock;
  clock.add(2'000'000'000, 5'000'000'000);
  clock.add(1'000'000'000, 2'000'000'000);
  clock.add(4'000'000'000, 9'000'000'000);  // beside the first
  const ClockReading reading = clock.take();
  EXPECT_DOUBLE_EQ(reading.busy, 9);
  EXPECT_DOUBLE_EQ(reading.passed, 8);
  EXPECT_EQ(reading.calls, 3);
  const ClockReading next = clock.take();  // begins anew
  EXPECT_EQ(next.busy, 0);
  EXPECT_EQ(next.passed, 0);
  EXPECT_EQ(next.calls, 0);
}

TEST(Profile, IsOnlyWhereItIsAskedFor) {
  EXPECT_EQ(compile_step(false)->profile, nullptr);
  const auto timed = compile_step(true);
  EXPECT_EQ(timed->profile->size(), timed->graph.nodes().size());
}

TEST(Profile, ClocksStandStillUntilTheyAreStarted) {
  const auto step = compile_step(true);
  const Bindings bindings = random_bindings(step->graph, 5);
  Session session = session_of(step, bindings, 2);
  session.run(bindings.inputs);
  run_clocks(*step->profile, true);
  run_clocks(*step->profile, false);
  session.run(bindings.inputs);
  for (NodeProfile& node : *step->profile) {
    EXPECT_EQ(node.clock.take().calls, 0);
    for (NodeProfile& inner : node.body) EXPECT_EQ(inner.clock.take().calls, 0);
  }
}

// Every node of a body runs once a slab, on one thread, within its loop.
void check_loop(const Graph& graph, const Node& node, NodeProfile& profile, const ClockReading& loop) {
  const SlabLoop form(node.attributes, operand_types(graph, node));
  ASSERT_EQ(form.slabs(), 3);
  ASSERT_NE(form.remainder, nullptr);
  ASSERT_EQ(profile.body.size(), form.body->nodes().size());
  ASSERT_EQ(profile.remainder.size(), form.remainder->nodes().size());
  // A remainder in layouts of its own has other reorders.
  const bool paired = form.body->nodes().size() == form.remainder->nodes().size();
  double busy = 0;
  std::vector<bool> runs;
  for (NodeProfile& inner : profile.body) {
    const ClockReading whole = inner.clock.take();
    EXPECT_EQ(whole.calls % 2, 0) << runs.size();  // of a smaller slab a node may have fewer kernels
    runs.push_back(whole.calls > 0);
    busy += whole.busy;
  }
  for (size_t i = 0; i < profile.remainder.size(); ++i) {
    const ClockReading rest = profile.remainder[i].clock.take();
    EXPECT_EQ(rest.calls > 0, !profile.remainder[i].backend.empty()) << i;
    EXPECT_EQ(rest.calls > 0, paired ? runs[i] : rest.calls > 0) << i;
    busy += rest.busy;
  }
  EXPECT_GT(busy, 0);
  EXPECT_LE(busy, loop.busy);
}

TEST(Profile, HasATimeForEachNodeAndEachOneInALoop) {
  constexpr int threads = 2;
  const auto step = compile_step(true);
  const Bindings bindings = random_bindings(step->graph, 5);
  Session session = session_of(step, bindings, threads);
  run_clocks(*step->profile, true);
  session.run(bindings.inputs);
  int loops = 0;
  for (size_t i = 0; i < step->profile->size(); ++i) {
    NodeProfile& profile = (*step->profile)[i];
    const Node& node = step->graph.node(static_cast<NodeId>(i));
    const ClockReading reading = profile.clock.take();
    EXPECT_EQ(profile.backend, step->program.nodes[i].kernels.empty() ? "" : step->program.nodes[i].backend);
    EXPECT_EQ(reading.calls > 0, !step->program.nodes[i].kernels.empty());
    EXPECT_LE(reading.busy, threads * reading.passed * (1 + 1e-12));
    if (node.op != OpKind::slab_loop) continue;
    ++loops;
    check_loop(step->graph, node, profile, reading);
  }
  EXPECT_GE(loops, 1);
}

TEST(Profile, ChangesNoBit) {
  const auto plain = compile_step(false), timed = compile_step(true);
  const Bindings bindings = random_bindings(plain->graph, 5);
  Session one = session_of(plain, bindings, 2), other = session_of(timed, bindings, 2);
  run_clocks(*timed->profile, true);
  one.run(bindings.inputs);
  other.run(bindings.inputs);
  for (size_t i = 0; i < plain->graph.results().size(); ++i) EXPECT_EQ(one.result(i), other.result(i)) << i;
  EXPECT_EQ(one.activation_bytes(), other.activation_bytes());
}

}  // namespace
}  // namespace sinter
