#include "passes/assign_layouts.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

#include "ir/build.h"
#include "ir/text.h"
#include "ir/verify.h"
#include "tests/passes/test_target.h"
#include "tests/random/random_tensor.h"

/// The choice of layouts against all that could be chosen.
namespace sinter {
namespace {

// Small graphs of ops that like different layouts.
class SmallGraph {
 public:
  explicit SmallGraph(RandomEngine& random) : random_(random) {
    images_.push_back(graph_.input("x", {DType::f32, {2, pick({3, 8, 16, 20}), 6, 6}, {}}));
  }

  Graph take() {
    for (int i = 0; i < 4; ++i) append();
    graph_.add_result(images_.back(), "y");
    if (chance(random_, 0.5)) graph_.add_result(any_image(), "z");
    return std::move(graph_);
  }

 private:
  int64_t pick(std::initializer_list<int64_t> from) {
    return from.begin()[random_integer(random_, 0, static_cast<int64_t>(from.size()) - 1)];
  }

  Value any_image() { return images_[random_integer(random_, 0, static_cast<int64_t>(images_.size()) - 1)]; }

  void append() {
    const Value x = any_image();
    switch (random_integer(random_, 0, 5)) {
      case 0:
        return images_.push_back(relu(x));
      case 1:
        return images_.push_back(sigmoid(x));
      case 2:
        return images_.push_back(x + x);
      case 3:
        if (x.shape()[2].size > 1) return images_.push_back(max_pool2d(x, {.kernel_size = {2, 2}}));
        [[fallthrough]];
      case 4:
        if (updates_ == 0 && chance(random_, 0.5)) return update();
        [[fallthrough]];
      default:
        return convolve(x);
    }
  }

  void convolve(Value x) {
    const Shape shape = {pick({3, 16, 20}), x.shape()[1].size, 3, 3};
    weights_.push_back(graph_.parameter(fmt::format("w{}", weights_.size()), {DType::f32, shape, {}}));
    images_.push_back(conv2d(x, weights_.back(), {}, {.padding = {1, 1, 1, 1}}));
  }

  void update() {
    if (weights_.empty()) return convolve(images_.back());
    const Value w = weights_.back();
    const Value gradient = graph_.input("g", w.type());
    graph_.add_result(sinter::apply(OpKind::sgd_update, {w, gradient, lr_}), "w'", w);
    ++updates_;
  }

  RandomEngine& random_;
  Graph graph_;
  std::vector<Value> images_, weights_;
  const Value lr_ = graph_.input("lr", {DType::f32, {}, {}});
  int updates_ = 0;
};

const std::vector<Layout>& layouts() {
  static const std::vector<Layout> all = {Layout{}, Layout::parse("aBcd16b"), Layout::parse("ABcd16b16a"),
                                          Layout::parse("acdb")};
  return all;
}

// A view of the same memory takes no time.
double reorder_seconds(const Target& target, const Type& type, const Layout& to) {
  return type.layout.same_offsets(to, sizes(type.shape)) ? 0 : target.reorder_seconds(type, to);
}

// Every combination of ways to run the nodes and of layouts for the parameters, and the time of each: that of
// the nodes, and of one reorder for each value and layout that is wanted.
class BruteForce {
 public:
  BruteForce(const Graph& graph, const Target& target) : graph_(graph), target_(target) {
    made_.resize(graph.values().size());
    wanted_.resize(graph.values().size());
    for (NodeId id = 0; id < static_cast<NodeId>(graph.nodes().size()); ++id)
      ways_.push_back(target.implementations(graph, id, layouts()));
  }

  double least() {
    try_parameters(0);
    return least_;
  }

 private:
  void try_parameters(size_t parameter) {
    if (parameter == graph_.parameters().size()) return try_nodes(0, 0);
    for (const Layout& layout : layouts()) {
      made_[graph_.parameters()[parameter].index] = layout;
      try_parameters(parameter + 1);
    }
  }

  void try_nodes(NodeId id, double seconds) {
    if (seconds >= least_) return;
    if (id == static_cast<NodeId>(graph_.nodes().size())) return finish(seconds);
    const Node& node = graph_.node(id);
    for (const Implementation& way : ways_[id]) {
      for (size_t i = 0; i < node.results.size(); ++i) made_[node.results[i].index] = way.results[i];
      const double cost = way.seconds + want(node, way);
      try_nodes(id + 1, seconds + cost);
      for (const ValueId operand : node.operands) wanted_[operand.index].pop_back();
    }
  }

  double want(const Node& node, const Implementation& way) {
    double seconds = 0;
    for (size_t i = 0; i < node.operands.size(); ++i) seconds += want(node.operands[i], way.operands[i]);
    return seconds;
  }

  double want(ValueId id, const Layout& layout) {
    auto& wanted = wanted_[id.index];
    const bool there = layout == made_[id.index] || std::ranges::count(wanted, layout) > 0;
    wanted.push_back(layout);
    const Type type{graph_.type(id).dtype, graph_.type(id).shape, made_[id.index]};
    return there ? 0 : reorder_seconds(target_, type, layout);
  }

  void finish(double seconds) {
    for (const GraphResult& result : graph_.results())
      seconds += want(result.value, result.stored_in.valid() ? made_[result.stored_in.index] : Layout{});
    for (const GraphResult& result : graph_.results()) wanted_[result.value.index].pop_back();
    least_ = std::min(least_, seconds);
  }

  const Graph& graph_;
  const Target& target_;
  std::vector<std::vector<Implementation>> ways_;
  std::vector<Layout> made_;
  std::vector<std::vector<Layout>> wanted_;
  double least_ = std::numeric_limits<double>::infinity();
};

// The time of a graph as it stands; infinite where a node cannot run in the layouts that its types say.
double seconds_of(const Graph& graph, const Target& target) {
  double seconds = 0;
  for (NodeId id = 0; id < static_cast<NodeId>(graph.nodes().size()); ++id) {
    const Node& node = graph.node(id);
    if (node.op == OpKind::reorder) {
      seconds += reorder_seconds(target, graph.type(node.operands[0]), graph.type(node.results[0]).layout);
      continue;
    }
    const auto has = [&](std::span<const ValueId> ids, const std::vector<Layout>& chosen) {
      return std::ranges::equal(ids, chosen,
                                [&](ValueId v, const Layout& l) { return graph.type(v).layout == l; });
    };
    double least = std::numeric_limits<double>::infinity();
    for (const Implementation& way : target.implementations(graph, id, layouts()))
      if (has(node.operands, way.operands) && has(node.results, way.results))
        least = std::min(least, way.seconds);
    seconds += least;
  }
  return seconds;
}

// The search is local, but its steps are wide enough for graphs of this size.
TEST(AssignLayouts, FindsTheLeastTimeOfSmallGraphs) {
  constexpr int seeds = 1000;
  const TestTarget target;
  int changed = 0;
  for (int seed = 0; seed < seeds; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    RandomEngine random(seed);
    Graph graph = SmallGraph(random).take();
    const double least = BruteForce(graph, target).least();
    const std::string before = print(graph);
    changed += assign_layouts(graph, {.target = &target});
    verify_or_fail(graph, "laid out");
    const double seconds = seconds_of(graph, target);
    EXPECT_GE(seconds, least * (1 - 1e-9)) << "better than the best:\n" << before << print(graph);
    EXPECT_LE(seconds, least * (1 + 1e-9)) << before << print(graph);
  }
  EXPECT_GT(changed, seeds / 3) << "the graphs should give the pass something to do";
}

}  // namespace
}  // namespace sinter
