#include <gtest/gtest.h>

#include <cmath>

#include "backends/jit/instruction_set.h"
#include "backends/jit/jit.h"
#include "ir/build.h"
#include "ir/text.h"
#include "tests/backends/run_graph.h"

/// pad, resize and their gradients by the jit, in planes wide enough for several vectors of columns, and in
/// blocks that are not whole.
namespace sinter {
namespace {

struct Case {
  OpKind op;
  std::vector<int64_t> x;  ///< N C H W
  std::vector<Attributes::Named> attributes;
};

std::vector<Case> pads() {
  std::vector<Case> cases;
  for (const char* mode : {"constant", "reflect", "edge"}) {
    const Attributes::Named border{"mode", std::string(mode)};
    cases.push_back({OpKind::pad, {2, 3, 5, 40}, {{"padding", Ints{1, 2, 3, 4}}, border}});
    cases.push_back({OpKind::pad, {17, 2, 6, 5}, {{"padding", Ints{5, 4, 5, 4}}, border}});
    cases.push_back({OpKind::pad, {1, 20, 3, 16}, {{"padding", Ints{0, 1, 0, 0}}, border}});
  }
  cases.push_back({OpKind::pad, {3, 5, 4, 33}, {{"padding", Ints{2, 0, 1, 20}}, {"value", -1.5}}});
  cases.push_back({OpKind::pad, {18, 1, 2, 3}, {{"padding", Ints{1, 1, 1, 1}}, {"value", 2.0}}});
  return cases;
}

std::vector<Case> resizes() {
  std::vector<Case> cases;
  const auto add = [&](std::vector<int64_t> x, Ints size) {
    cases.push_back({OpKind::resize, x, {{"output_size", size}, {"mode", "nearest"}}});
    cases.push_back({OpKind::resize, x, {{"output_size", size}, {"mode", "linear"}}});
    cases.push_back(
        {OpKind::resize, x, {{"output_size", size}, {"mode", "linear"}, {"align_corners", true}}});
  };
  add({2, 3, 9, 20}, {18, 40});
  add({17, 2, 18, 40}, {9, 20});
  add({1, 18, 7, 19}, {10, 53});
  add({2, 1, 1, 1}, {6, 37});
  add({2, 1, 6, 37}, {1, 1});
  add({1, 2, 5, 33}, {5, 33});
  return cases;
}

Graph forward(const Case& c) {
  Graph graph;
  const Value x = graph.input("x", {DType::f32, Shape(c.x.begin(), c.x.end()), {}});
  graph.add_result(apply(c.op, {x}, c.attributes));
  return graph;
}

Graph backward(const Case& c) {
  const Graph shapes = forward(c);
  std::vector<Attributes::Named> named = {{"input_size", Ints{c.x[2], c.x[3]}}};
  for (const auto& each : c.attributes)
    if (each.first != "output_size" && each.first != "value") named.push_back(each);
  Graph graph;
  const Value dy = graph.input("dy", shapes.type(shapes.results()[0].value));
  graph.add_result(apply(c.op == OpKind::pad ? OpKind::pad_backward : OpKind::resize_backward, {dy}, named));
  return graph;
}

class Resampling : public testing::Test {
 protected:
  // Plain, in blocks of samples and in blocks of channels.
  void expect_runs(const Graph& graph) {
    const Bindings bindings = random_bindings(graph, random_);
    EXPECT_EQ(expect_parity(*backend_, graph, bindings, offers(), 1e-5, random_), 3U) << print(graph);
  }

  void expect_runs(const std::vector<Case>& cases) {
    for (const Case& c : cases)
      for (const Graph& graph : {forward(c), backward(c)}) {
        expect_runs(graph);
        if (HasFailure()) return;
      }
  }

  std::unique_ptr<Backend> backend_ = make_jit_backend();
  RandomEngine random_{1};
};

TEST_F(Resampling, PadsBothWays) { expect_runs(pads()); }
TEST_F(Resampling, ResizesBothWays) { expect_runs(resizes()); }

TEST_F(Resampling, NaNAndInfinityTravelAsInTheReference) {
  for (const std::vector<Case>& cases : {pads(), resizes()})
    for (const Case& c : cases) {
      const Graph graph = forward(c);
      Bindings bindings = random_bindings(graph, random_);
      Tensor& x = bindings.inputs[0];
      x.set(0, std::nan(""));
      x.set(x.count() - 1, std::numeric_limits<double>::infinity());
      const Tensor expected = interpret(graph, bindings)[0];
      for (const Implementation& way : backend_->implementations(graph, 0)) {
        const Tensor actual = run_graph(*backend_, laid_out(graph, way), bindings, nullptr)[0];
        for (int64_t i = 0; i < expected.count(); ++i) {
          ASSERT_EQ(std::isnan(actual.at(i)), std::isnan(expected.at(i))) << print(graph) << i;
          ASSERT_EQ(std::isinf(actual.at(i)), std::isinf(expected.at(i))) << print(graph) << i;
        }
      }
    }
}

// Those without an instruction that gathers.
TEST_F(Resampling, RunsOnOlderCpus) {
  for (const InstructionSet set : {InstructionSet::baseline, InstructionSet::avx2}) {
    try {
      backend_ = make_jit_backend({.instruction_set = set});
    } catch (const InputError&) {
      continue;  // this one is older still
    }
    expect_runs({pads()[2], pads()[3], resizes()[1], resizes()[2], resizes()[8]});
  }
}

// Where elements come from is written into the kernel; of lines that long it would be all that there is.
TEST_F(Resampling, OfVeryLongLinesIsTheReferences) {
  const Graph graph = forward({OpKind::pad, {1, 1, 1, 70000}, {{"padding", Ints{0, 1, 0, 1}}}});
  EXPECT_TRUE(backend_->implementations(graph, 0).empty());
}

}  // namespace
}  // namespace sinter
