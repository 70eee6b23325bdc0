#include "passes/hoist_weights.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "ir/text.h"
#include "ir/verify.h"
#include "passes/fold_batch_norm.h"
#include "passes/same_numbers.h"

namespace sinter {
namespace {

// The results when parameters that the pass has made are computed as it says.
std::vector<Tensor> run_with_prepared(const Graph& graph, const std::vector<Body>& prepared,
                                      const Graph& original, const Bindings& given) {
  const auto weight = [&](const Graph& of, ValueId id) {
    const std::string& name = of.info(id).name;
    for (size_t i = 0; i < original.parameters().size(); ++i)
      if (original.info(original.parameters()[i]).name == name) return given.parameters[i];
    for (size_t i = 0; i < original.states().size(); ++i)
      if (original.info(original.states()[i]).name == name) return given.states[i];
    ADD_FAILURE() << name << " is no weight";
    return Tensor();
  };
  Bindings bindings{given.inputs, {}, given.states};
  for (const ValueId id : graph.parameters()) {
    const auto made =
        std::ranges::find(prepared, graph.info(id).name, [](const Body& body) { return body->name; });
    if (made == prepared.end()) {
      bindings.parameters.push_back(weight(graph, id));
      continue;
    }
    EXPECT_TRUE(verify(**made).empty());
    Bindings weights;
    for (const ValueId source : (*made)->parameters()) weights.parameters.push_back(weight(**made, source));
    for (const ValueId source : (*made)->states()) weights.states.push_back(weight(**made, source));
    bindings.parameters.push_back(interpret(**made, weights)[0]);
  }
  return interpret(graph, bindings);
}

TEST(HoistWeights, DefinitionsMakeWhatTheGraphMade) {
  const Graph original = parse(R"(graph f(%x: f32[2, 1, 3, 3]) -> (f32[2, 2, 3, 3]) {
  param %w: f32[2, 1, 1, 1]
  param %b: f32[2]
  param %scale: f32[2]
  state %mean: f32[2]
  const %1: f32[2] = [3, 4]
  %2 = conv2d(%x, %w, %b) : f32[2, 2, 3, 3]
  %3 = batch_norm(%2, %mean, %1, %scale) : f32[2, 2, 3, 3]
  return %3
})");
  Graph folded = original;
  ASSERT_TRUE(fold_batch_norm(folded, {}));
  std::vector<Body> prepared;
  Graph hoisted = folded;
  ASSERT_TRUE(hoist_weights(hoisted, {.prepared = &prepared}));
  EXPECT_EQ(prepared.size(), 2U);
  ASSERT_EQ(hoisted.nodes().size(), 1U);
  EXPECT_EQ(hoisted.node(0).op, OpKind::conv2d);
  const Bindings bindings = random_bindings(original, 7);
  EXPECT_EQ(run_with_prepared(hoisted, prepared, original, bindings)[0], interpret(folded, bindings)[0]);
}

}  // namespace
}  // namespace sinter
