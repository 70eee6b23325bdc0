#include "passes/fold_constants.h"

#include <gtest/gtest.h>

#include "ir/build.h"

namespace sinter {
namespace {

// Not in fold_constants.ir: constants of these types have no text.
TEST(FoldConstants, LeavesTypesWithoutReferenceArithmeticAlone) {
  for (const DType type : {DType::bf16, DType::f16}) {
    Graph graph;
    graph.add_result(cast(graph.constant(Tensor(type, {2})), DType::f32));
    graph.add_result(cast(graph.scalar(DType::f32, 1), type));
    const Graph before = graph;
    EXPECT_FALSE(fold_constants(graph, {})) << to_string(type);
    EXPECT_EQ(graph, before);
  }
}

}  // namespace
}  // namespace sinter
