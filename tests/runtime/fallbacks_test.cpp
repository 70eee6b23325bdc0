#include "runtime/fallbacks.h"

#include <gtest/gtest.h>

#include "ir/text.h"
#include "runtime/executable.h"
#include "tests/runtime/small_models.h"

namespace sinter {
namespace {

/// Runs nothing, and declines tanh alone.
class DeclinesTanh final : public Backend {
 public:
  std::string_view name() const noexcept override { return "no_tanh"; }
  std::string description() const override { return "not real"; }
  std::vector<Implementation> implementations(const Graph&, NodeId, std::span<const Layout>) const override {
    return {};
  }
  double reorder_seconds(const Type&, const Layout&) const override { return 0; }
  std::optional<std::string> refuses_fusion(const Graph&) const override { return "never"; }
  CompiledNode compile(const Graph&, NodeId) const override { return {}; }
  std::optional<std::string> declines(const Graph& graph, NodeId node) const override {
    if (graph.node(node).op != OpKind::tanh) return std::nullopt;
    return "there is none here";
  }
};

TEST(Fallbacks, AreTheNodesThatTheBackendDeclinesWithTheirShare) {
  const Graph graph = parse(R"(graph g(%x: f32[2, 4]) -> (f32[2, 4]) {
  %1 = relu(%x) : f32[2, 4]  @ "0"
  %2 = tanh(%1) : f32[2, 4]  @ "1"
  %3 = exp(%2) : f32[2, 4]
  %4 = tanh(%3) : f32[2, 4]
  return %4
})");
  const auto found = find_fallbacks(graph, DeclinesTanh());
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].ops, "tanh");
  EXPECT_EQ(found[0].source, "1");
  EXPECT_EQ(found[0].reason, "there is none here");
  EXPECT_DOUBLE_EQ(found[0].flops_share, 0.25);
  EXPECT_EQ(found[1].source, "");
}

TEST(Fallbacks, OfALoopOverSlabsAreThoseOfItsBodies) {
  const Graph graph = parse(R"(graph g(%x: f32[40, 10]) -> (f32[40, 10]) {
  %1 = exp(%x) : f32[40, 10]
  %2 = slab_loop(%1) {slab = 16, lanes = 2} (%a: f32[16, 10]) {
    %3 = tanh(%a) : f32[16, 10]  @ "1"
    return %3
  } remainder (%a: f32[8, 10]) {
    %4 = tanh(%a) : f32[8, 10]  @ "1"
    return %4
  } : f32[40, 10]
  return %2
})");
  const auto found = find_fallbacks(graph, DeclinesTanh());
  ASSERT_EQ(found.size(), 2U);
  EXPECT_DOUBLE_EQ(found[0].flops_share, 0.4);
  EXPECT_DOUBLE_EQ(found[1].flops_share, 0.1);
}

TEST(Fallbacks, AnExecutableKnowsItsOwn) {
  // No backend but reference has exp in f64.
  const Graph doubles = parse("graph d(%x: f64[8]) -> (f64[8]) {\n  %1 = exp(%x) : f64[8]\n  return %1\n}");
  for (const std::string& backend : backend_names()) {
    const auto executable = compile(doubles, {.backend = backend, .passes = {}});
    EXPECT_EQ(executable->fallbacks.size(), backend == "reference" ? 0U : 1U) << backend;
    EXPECT_EQ(executable->program.nodes[0].backend, "reference");
  }
}

}  // namespace
}  // namespace sinter
