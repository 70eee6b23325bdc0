#include <gtest/gtest.h>

#include "backends/jit/instruction_set.h"
#include "backends/jit/jit.h"
#include "ir/text.h"
#include "tests/golden.h"

namespace sinter {
namespace {

// For the baseline, which every CPU has: tiles depend on the number of registers.
TEST(JitKernelText, Golden) {
  const auto backend = make_jit_backend({.instruction_set = InstructionSet::baseline});
  check_golden("backends/jit_kernels.txt", [&](const GoldenCase& golden) {
    const Graph graph = parse(golden.input);
    return backend->code(graph, 0, CodeForm::kernel).value();
  });
}

}  // namespace
}  // namespace sinter
