#include <gtest/gtest.h>

#include "ir/text.h"
#include "tests/backends/on_instruction_set.h"
#include "tests/backends/run_graph.h"
#include "tests/random/random_tensor.h"

/// Copies between layouts in which neighbours differ: tiles of sixteen by sixteen, whole and cut off.
namespace sinter {
namespace {

class Reorders : public OnInstructionSet {};

TEST_P(Reorders, KeepElementsWhateverIsCutOff) {
  RandomEngine random(5);
  const auto expect_kept = [&](DType dtype, int64_t samples, int64_t channels, int64_t width) {
    const auto type = fmt::format("{}[{}, {}, 3, {}]", to_string(dtype), samples, channels, width);
    SCOPED_TRACE(type);
    const Graph graph =
        parse(fmt::format("graph g(%x: {0}) -> ({0}) {{\n  %1 = reorder(%x) : {0}\n  return %1\n}}\n", type));
    Bindings bindings;
    bindings.inputs.push_back(random_tensor(graph.type(graph.inputs()[0]), Domain::class_index, 100, random));
    EXPECT_GE(expect_parity(*backend_, graph, bindings, offers(), 0, random), 9U);
  };
  for (const int64_t samples : {5, 33})
    for (const int64_t channels : {5, 36})
      for (const int64_t width : {5, 23}) expect_kept(DType::f32, samples, channels, width);
  for (const DType dtype : {DType::u8, DType::i32, DType::f64}) expect_kept(dtype, 18, 20, 7);
}

INSTANTIATE_TEST_SUITE_P(, Reorders,
                         testing::Values(InstructionSet::baseline, InstructionSet::avx2,
                                         InstructionSet::avx512));

}  // namespace
}  // namespace sinter
