#include "backends/backend_list.h"

#include <gtest/gtest.h>

#include "backends/backend_table.h"
#include "ir/build.h"
#include "tests/backends/run_graph.h"

namespace sinter {
namespace {

/// Runs relu only, in plain layouts and perhaps another, at given times.
class Fake final : public Backend {
 public:
  Fake(std::string_view name, double seconds, double blocked_seconds = -1)
      : name_(name), seconds_(seconds), blocked_seconds_(blocked_seconds) {}

  std::string_view name() const noexcept override { return name_; }
  std::string description() const override { return fmt::format("{}, not real", name_); }
  std::vector<Implementation> implementations(const Graph& graph, NodeId node,
                                              std::span<const Layout>) const override {
    if (graph.node(node).op != OpKind::relu) return {};
    std::vector<Implementation> ways = {{{Layout{}}, {Layout{}}, seconds_}};
    if (blocked_seconds_ >= 0) ways.push_back({{blocked()}, {blocked()}, blocked_seconds_});
    return ways;
  }
  double reorder_seconds(const Type&, const Layout&) const override { return seconds_; }
  std::optional<std::string> refuses_fusion(const Graph& body) const override {
    if (body.name == name_) return std::nullopt;
    return fmt::format("{} refuses", name_);
  }
  CompiledNode compile(const Graph& graph, NodeId id) const override {
    if (implementations(graph, id, {}).empty())
      fail_input("{} cannot run {}", name_, describe_node(graph, id));
    return {name_, {}, 0};
  }

  static Layout blocked() { return Layout::parse("aB16b"); }

 private:
  std::string_view name_;
  double seconds_, blocked_seconds_;
};

std::unique_ptr<Backend> list_of(std::initializer_list<Fake> fakes) {
  std::vector<std::unique_ptr<Backend>> backends;
  for (const Fake& fake : fakes) backends.push_back(std::make_unique<Fake>(fake));
  return make_backend_list(std::move(backends));
}

Graph relu_in(const Layout& layout, OpKind op = OpKind::relu) {
  Graph graph;
  const Type type{DType::f32, {4, 20}, layout};
  graph.input("x", type);
  graph.add_result(graph.append_typed({op, Attributes(op), {graph.inputs()[0]}, {}, "head.2"}, {{type}})[0]);
  return graph;
}

TEST(BackendList, TheCheaperRunsANode) {
  EXPECT_EQ(list_of({{"first", 2}, {"second", 1}})->compile(relu_in({}), 0).backend, "second");
  EXPECT_EQ(list_of({{"first", 1}, {"second", 2}})->compile(relu_in({}), 0).backend, "first");
}

TEST(BackendList, TheFirstRunsItAtEqualTimes) {
  EXPECT_EQ(list_of({{"first", 1}, {"second", 1}, {"third", 1}})->compile(relu_in({}), 0).backend, "first");
}

TEST(BackendList, OnlyTimesInTheGraphsLayoutsCount) {
  const auto list = list_of({{"first", 1}, {"second", 5, 0.5}, {"third", 4, 3}});
  EXPECT_EQ(list->compile(relu_in({}), 0).backend, "first");
  EXPECT_EQ(list->compile(relu_in(Fake::blocked()), 0).backend, "second");
}

TEST(BackendList, DeclinesWhatOnlyItsLastRuns) {
  const Graph plain = relu_in({}), blocked = relu_in(Fake::blocked()), other = relu_in({}, OpKind::tanh);
  const auto pair = list_of({{"first", 1}, {"last", 2, 1}});
  EXPECT_EQ(pair->declines(plain, 0), std::nullopt);
  EXPECT_EQ(pair->declines(blocked, 0), "not in these layouts");
  EXPECT_EQ(pair->declines(other, 0), "there is no kernel for it");
  const auto three = list_of({{"first", 1}, {"second", 1, 1}, {"last", 0, 0}});
  EXPECT_EQ(three->declines(blocked, 0), std::nullopt);
  EXPECT_EQ(three->declines(other, 0), "first: there is no kernel for it; second: there is no kernel for it");
  EXPECT_EQ(list_of({{"alone", 1}})->declines(other, 0), "there is no kernel for it");
}

TEST(BackendList, WhatNoneRunsIsTheLastOnesError) {
  const auto list = list_of({{"first", 1}, {"second", 2}});
  EXPECT_EQ(compile_error(*list, relu_in({}, OpKind::tanh), 0),
            "second cannot run node 0 (tanh, \"head.2\")");
  EXPECT_TRUE(list->implementations(relu_in({}, OpKind::tanh), 0).empty());
}

TEST(BackendList, AnswersForAll) {
  const auto list = list_of({{"first", 3, 2}, {"second", 1}});
  EXPECT_EQ(list->name(), "first");
  EXPECT_EQ(list->description(), "first, not real");
  EXPECT_EQ(list->implementations(relu_in({}), 0).size(), 3u);
  EXPECT_EQ(list->reorder_seconds({DType::f32, {4, 20}, {}}, Fake::blocked()), 1);
}

TEST(BackendList, FusesWhatOneOfThemFuses) {
  const auto list = list_of({{"first", 1}, {"second", 2}});
  Graph body;
  body.name = "second";
  EXPECT_EQ(list->refuses_fusion(body), std::nullopt);
  body.name = "neither";
  EXPECT_EQ(list->refuses_fusion(body), "first: first refuses");
  EXPECT_EQ(list_of({{"first", 1}, {"second", 1}, {"third", 1}})->refuses_fusion(body),
            "first: first refuses; second: second refuses");
}

/// Says that it runs relu, but cannot.
class Failing final : public Backend {
 public:
  explicit Failing(bool bug) : bug_(bug) {}
  std::string_view name() const noexcept override { return "failing"; }
  std::string description() const override { return "not real"; }
  std::vector<Implementation> implementations(const Graph& graph, NodeId node,
                                              std::span<const Layout> offered) const override {
    return able_.implementations(graph, node, offered);
  }
  double reorder_seconds(const Type&, const Layout&) const override { return 0; }
  std::optional<std::string> refuses_fusion(const Graph& body) const override {
    return able_.refuses_fusion(body);
  }
  CompiledNode compile(const Graph&, NodeId) const override {
    require(!bug_, "a bug");
    fail("its kernel was refused");
  }

 private:
  Fake able_{"failing", 1};
  bool bug_;
};

TEST(BackendList, AnotherCompilesWhatFailsWhereThatIsWanted) {
  for (const bool bug : {false, true}) {
    std::vector<std::string> said;
    std::vector<std::unique_ptr<Backend>> backends;
    backends.push_back(std::make_unique<Fake>("slow", 9));
    backends.push_back(std::make_unique<Failing>(bug));
    backends.push_back(std::make_unique<Fake>("next", 2));
    const auto list = make_backend_list(std::move(backends), [&](const auto& what) { said.push_back(what); });
    EXPECT_EQ(list->compile(relu_in({}), 0).backend, "next");
    ASSERT_EQ(said.size(), 1U);
    const std::string begin = "failing failed at node 0 (relu, \"head.2\"), which next runs instead: ";
    if (bug)
      EXPECT_EQ(said[0].find(begin + "internal error at "), 0U) << said[0];
    else
      EXPECT_EQ(said[0], begin + "its kernel was refused");
  }
}

TEST(BackendList, WhatNoOtherRunsNamesTheBackendThatFailed) {
  std::vector<std::unique_ptr<Backend>> backends;
  backends.push_back(std::make_unique<Failing>(false));
  const auto list = make_backend_list(std::move(backends), [](const auto&) { FAIL(); });
  try {
    list->compile(relu_in({}), 0);
    FAIL();
  } catch (const BackendFailure& failure) {
    EXPECT_EQ(failure.backend(), "failing");
    EXPECT_STREQ(failure.what(), "failing failed at node 0 (relu, \"head.2\"): its kernel was refused");
  }
}

TEST(BackendList, WhatFailsIsAnErrorOtherwise) {
  std::vector<std::unique_ptr<Backend>> backends;
  backends.push_back(std::make_unique<Failing>(false));
  backends.push_back(std::make_unique<Fake>("next", 2));
  EXPECT_THROW(make_backend_list(std::move(backends))->compile(relu_in({}), 0), Error);
}

TEST(BackendList, NeedsOne) { EXPECT_THROW(make_backend_list({}), InternalError); }

TEST(BackendTable, NamesAreTheBackendsAndTheLastRunsEverything) {
  for (const BackendEntry& entry : backend_table()) EXPECT_EQ(entry.make({})->name(), entry.name);
  EXPECT_EQ(backend_table().back().name, "reference");
}

// All of the build together: each node on one of them, with the interpreter's numbers.
TEST(BackendList, OfTheBuildRunsWhatOnlyReferenceCan) {
  std::vector<std::unique_ptr<Backend>> backends;
  for (const BackendEntry& entry : backend_table()) backends.push_back(entry.make({}));
  const auto list = make_backend_list(std::move(backends));
  Graph graph;
  const Value x = graph.input("x", {DType::f32, {3, 5, 8, 8}, {}});
  const Value w = graph.parameter("w", {DType::f32, {17, 5, 3, 3}, {}});
  const Value w64 = graph.parameter("w64", {DType::f64, {2, 17, 3, 3}, {}});
  graph.add_result(argmax(conv2d(cast(relu(conv2d(x, w)), DType::f64), w64), {.axis = 1}));
  RandomEngine random(5);
  const Bindings bindings = random_bindings(graph, random);
  EXPECT_EQ(list->compile(graph, 3).backend, "reference");
  EXPECT_EQ(run_graph(*list, graph, bindings, &random), interpret(graph, bindings));
}

TEST(BackendList, DeclinesWhatItsFirstDeclines) {
  const auto list = list_of({{"first", 1}, {"second", 2, 1}});
  EXPECT_EQ(list->declines(relu_in({}), 0), std::nullopt);
  EXPECT_EQ(list->declines(relu_in(Fake::blocked()), 0), "not in these layouts");
  EXPECT_EQ(list->declines(relu_in({}, OpKind::tanh), 0), "there is no kernel for it");
}

}  // namespace
}  // namespace sinter
