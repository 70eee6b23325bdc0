#include <gtest/gtest.h>

#include "backends/backend_list.h"
#include "backends/onednn/onednn.h"
#include "backends/reference/reference.h"
#include "ir/text.h"
#include "passes/fuse_epilogues.h"
#include "tests/backends/run_graph.h"

/// Elementwise chains of which oneDNN knows a part: that must not end up in a chain that only reference runs.
namespace sinter {
namespace {

std::unique_ptr<Backend> onednn_and_reference() {
  std::vector<std::unique_ptr<Backend>> backends;
  backends.push_back(make_onednn_backend());
  backends.push_back(make_reference_backend());
  return make_backend_list(std::move(backends));
}

std::vector<std::string> runners(const Backend& backend, const Graph& graph) {
  std::vector<std::string> names;
  for (NodeId id = 0; id < static_cast<NodeId>(graph.nodes().size()); ++id)
    names.push_back(fmt::format("{} {}", backend.compile(graph, id).backend, to_string(graph.node(id).op)));
  return names;
}

class FusionParts : public testing::Test {
 protected:
  // `type` stands for the type of all values, `mask` for that of a comparison.
  void expect_runners(std::string text, const std::vector<std::string>& expected) {
    const auto replace = [&](std::string_view word, std::string_view by) {
      for (size_t at = text.find(word); at != std::string::npos; at = text.find(word, at))
        text.replace(at, word.size(), by);
    };
    replace("type", "f32[16, 16, 14, 14]");
    replace("mask", "bool[16, 16, 14, 14]");
    Graph graph = parse("graph main" + text);
    const Bindings bindings = random_bindings(graph, random_);
    const auto numbers = interpret(graph, bindings);
    fuse_epilogues(graph, {.target = backend_.get(), .remarks = &remarks_});
    EXPECT_EQ(runners(*backend_, graph), expected) << print(graph);
    const auto found = run_graph(*backend_, graph, bindings, &random_);
    for (size_t i = 0; i < numbers.size(); ++i) expect_near(found[i], numbers[i], 1e-5);
  }

  std::unique_ptr<Backend> backend_ = onednn_and_reference();
  std::vector<Remark> remarks_;
  RandomEngine random_{5};
};

TEST_F(FusionParts, GradientOfReluBehindAProduct) {
  expect_runners(R"((%g: type, %s: type, %y: type) -> (type) {
  const %1: f32[] = 0
  %2 = mul(%g, %s) : type  @ "scale"
  %3 = compare(%y, %1) {predicate = le} : mask  @ "relu"
  %4 = select(%3, %1, %2) : type  @ "relu"
  return %4
})",
                 {"onednn mul", "onednn fusion"});
  const std::vector<Remark> expected = {
      {"fuse_epilogues", "scale",
       "mul + compare + select is not fused: the target expects its parts to be quicker on their own",
       OpKind::mul}};
  EXPECT_EQ(remarks_, expected);
}

TEST_F(FusionParts, GradientsOfTwoActivationsOneBehindTheOther) {
  expect_runners(R"((%g: type, %y: type, %z: type) -> (type) {
  const %1: f32[] = 0
  const %2: f32[] = 1
  %3 = sub(%2, %z) : type
  %4 = mul(%3, %z) : type
  %5 = mul(%g, %4) : type
  %6 = compare(%y, %1) {predicate = le} : mask
  %7 = select(%6, %1, %5) : type
  return %7
})",
                 {"onednn fusion", "onednn fusion"});
}

// Nothing of it is oneDNN's: one pass over the values is the least.
TEST_F(FusionParts, AChainThatOnlyReferenceRunsStaysWhole) {
  expect_runners(R"((%g: type, %y: type) -> (type) {
  %1 = compare(%y, %g) {predicate = le} : mask
  %2 = select(%1, %y, %g) : type
  %3 = select(%1, %2, %y) : type
  return %3
})",
                 {"reference fusion"});
}

}  // namespace
}  // namespace sinter
