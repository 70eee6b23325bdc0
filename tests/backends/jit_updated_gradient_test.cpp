#include <gtest/gtest.h>

#include <cmath>

#include "ir/text.h"
#include "passes/plan_memory.h"
#include "tests/backends/on_instruction_set.h"
#include "tests/backends/run_graph.h"

/// Gradients of a convolution's weights, in the forms that have kernels, whose results are updated
/// parameters.
namespace sinter {
namespace {

constexpr double tolerance = 1e-3;

// What makes the gradients: types of operands and results, and the ops, which read %p, %q, ... and make %1
// and %2.
struct Gradients {
  std::string operands, weights, bias, ops;
};

const std::string convolution = "conv2d_backward_weights(%p, ";

// Whole and broken blocks of samples and channels; groups; behind a max pool and behind an average pool.
const Gradients gradients[] = {
    {"%p: f32[17, 3, 9, 8], %q: f32[17, 21, 7, 6]", "f32[21, 3, 3, 3]", "f32[21]",
     "%1 = " + convolution +
         "%q) {kernel_size = [3, 3]} : f32[21, 3, 3, 3]\n"
         "%2 = sum(%q) {axes = [0, 2, 3]} : f32[21]\n"},
    {"%p: f32[2, 8, 9, 8], %q: f32[2, 12, 7, 6]", "f32[12, 2, 3, 3]", "f32[12]",
     "%1 = " + convolution +
         "%q) {kernel_size = [3, 3], groups = 4} : f32[12, 2, 3, 3]\n"
         "%2 = sum(%q) {axes = [0, 2, 3]} : f32[12]\n"},
    {"%p: f32[3, 17, 8, 8], %q: f32[3, 19, 4, 4], %r: u8[3, 19, 4, 4]", "f32[19, 17, 3, 3]", "f32[19]",
     "%3 = max_pool2d_backward(%q, %r) {input_size = [8, 8], kernel_size = [2, 2]} : f32[3, 19, 8, 8]\n"
     "%1 = " +
         convolution +
         "%3) {kernel_size = [3, 3], padding = [1, 1, 1, 1]} : f32[19, 17, 3, 3]\n"
         "%2 = sum(%3) {axes = [0, 2, 3]} : f32[19]\n"},
    {"%p: f32[17, 3, 8, 8], %q: f32[17, 5, 4, 4], %r: f32[17, 5, 8, 8]", "f32[5, 3, 3, 3]", "f32[5]",
     "%3 = avg_pool2d_backward(%q) {input_size = [8, 8], kernel_size = [2, 2]} : f32[17, 5, 8, 8]\n"
     "%4 = mul(%3, %r) : f32[17, 5, 8, 8]\n"
     "%1 = " +
         convolution +
         "%4) {kernel_size = [3, 3], padding = [1, 1, 1, 1]} : f32[5, 3, 3, 3]\n"
         "%2 = sum(%4) {axes = [0, 2, 3]} : f32[5]\n"},
};

std::string states(const std::string& suffix, const std::string& type) {
  return fmt::format(", %w{0}: {1}, %m{0}: {1}, %v{0}: {1}", suffix, type);
}

struct Optimizer {
  const char* update;  ///< {0}: w or b's suffix, {1}: its gradient
  int results;
};

const Optimizer optimizers[] = {
    {"sgd_update(%w{0}, {1}, %lr, _, %apply)", 1},
    {"sgd_update(%w{0}, {1}, %lr, %m{0}) {{momentum = 0.9, weight_decay = 0.01, nesterov = true}}", 2},
    {"adam_update(%w{0}, {1}, %lr, %m{0}, %v{0}, %c, %c, %apply)", 3},
    {"adam_update(%w{0}, {1}, %lr, %m{0}, %v{0}, %c, %c) {{weight_decay = 0.01, decoupled = true}}", 3},
    {"rmsprop_update(%w{0}, {1}, %lr, %v{0}, %m{0}, _, %apply) {{momentum = 0.5, eps = 0.001}}", 3},
};

// A body; where `scale` is given both gradients are multiplied by it.
Graph body_of(const Gradients& made, const Optimizer& optimizer, const std::string& scale) {
  std::string types, results, updates;
  int next = 10;
  const auto add = [&](const std::string& suffix, const std::string& type, const std::string& gradient) {
    std::string names, own;
    for (int i = 0; i < optimizer.results; ++i) {
      names += fmt::format("{}%{}", i == 0 ? "" : ", ", next);
      own += (i == 0 ? "" : ", ") + type;
      ++next;
    }
    updates += fmt::format("{} = {} : {}\n", names,
                           fmt::format(fmt::runtime(optimizer.update), suffix, gradient), own);
    types += (types.empty() ? "" : ", ") + own;
    results += (results.empty() ? "" : ", ") + names;
  };
  const bool scaled = !scale.empty();
  add("b", made.bias, scaled ? "%6" : "%2");
  add("w", made.weights, scaled ? "%5" : "%1");
  return parse(
      "graph main(" + made.operands + states("w", made.weights) + states("b", made.bias) +
      ", %lr: f32[], %c: f32[], %apply: bool[]) -> (" + types + ") {\n" +
      (scaled ? "const %7: f32[] = " + scale + "\n" : "") + made.ops +
      (scaled ? "%5 = mul(%1, %7) : " + made.weights + "\n%6 = mul(%7, %2) : " + made.bias + "\n" : "") +
      updates + "return " + results + "\n}");
}

// Squares and corrections are above 0; places of maxima lie in their windows.
Bindings bindings_of(const Graph& graph, RandomEngine& random) {
  Bindings bindings = random_bindings(graph, random);
  for (size_t i = 0; i < bindings.inputs.size(); ++i) {
    Tensor& tensor = bindings.inputs[i];
    if (tensor.dtype() == DType::u8)
      for (int64_t e = 0; e < tensor.count(); ++e) tensor.set(e, static_cast<double>(e % 4));
    if (graph.info(graph.inputs()[i]).name.find_first_of("vc") == 0 && tensor.dtype() == DType::f32)
      for (float& value : tensor.values<float>()) value = 0.1F + std::abs(value);
  }
  return bindings;
}

class JitUpdatedGradient : public OnInstructionSet {
 protected:
  RandomEngine random_{31};
};

TEST_P(JitUpdatedGradient, AgreesWithTheInterpreter) {
  for (const Gradients& made : gradients)
    for (const Optimizer& optimizer : optimizers) {
      SCOPED_TRACE(made.weights + " " + optimizer.update);
      const std::string scale = optimizer.results == 2 ? "0.25" : "";
      const Graph body = body_of(made, optimizer, scale);
      const Bindings bindings = bindings_of(body, random_);
      EXPECT_GT(expect_parity(*backend_, as_fusion(body), bindings, offers(), tolerance, random_), 0U);
      if (HasFailure()) return;
    }
}

// What is updated is updated by the same number, so that the bits are those of the ops one by one.
TEST_P(JitUpdatedGradient, HasTheBitsOfItsParts) {
  for (const Optimizer& optimizer : optimizers) {
    const Graph body = body_of(gradients[1], optimizer, "0.3");
    const Bindings bindings = bindings_of(body, random_);
    const auto apart = run_graph(*backend_, body, bindings, nullptr);
    const auto fused = run_graph(*backend_, as_fusion(body), bindings, nullptr);
    ASSERT_EQ(apart.size(), fused.size());
    // The bias's gradient alone is a sum in f64.
    for (size_t i = optimizer.results; i < apart.size(); ++i) EXPECT_EQ(apart[i], fused[i]);
  }
}

TEST_P(JitUpdatedGradient, SaysWhyNot) {
  const auto expect_refused = [&](const Graph& body, const std::string& why) {
    const auto said = backend_->refuses_fusion(body);
    ASSERT_TRUE(said.has_value()) << why;
    EXPECT_NE(said->find(why), std::string::npos) << *said;
  };
  const std::string head =
      "graph main(%p: f32[2, 3, 6, 6], %q: f32[2, 4, 4, 4], %w: f32[4, 3, 3, 3], %lr: f32[]) -> ";
  const std::string gradient =
      "%1 = conv2d_backward_weights(%p, %q) {kernel_size = [3, 3]} : f32[4, 3, 3, 3]\n";
  expect_refused(parse(head + "(f32[4, 3, 3, 3], f32[4, 3, 3, 3]) {\n" + gradient +
                       "%2 = sgd_update(%w, %1, %lr) : f32[4, 3, 3, 3]\nreturn %2, %1\n}"),
                 "its results are not those of its updates");
  expect_refused(parse(head + "(f32[4, 3, 3, 3]) {\n" + gradient +
                       "%2 = exp(%w) : f32[4, 3, 3, 3]\n"
                       "%3 = sgd_update(%2, %1, %lr) : f32[4, 3, 3, 3]\nreturn %3\n}"),
                 "something is computed beside the gradient");
  expect_refused(parse(head + "(f32[4, 3, 3, 3]) {\n" + gradient +
                       "%2 = sgd_update(%w, %w, %lr) : f32[4, 3, 3, 3]\nreturn %2\n}"),
                 "an update is by something else than a gradient");
  expect_refused(parse(head + "(f32[4, 3, 3, 3]) {\n" + gradient +
                       "%2 = exp(%1) : f32[4, 3, 3, 3]\n"
                       "%3 = sgd_update(%w, %1, %lr) : f32[4, 3, 3, 3]\nreturn %3\n}"),
                 "a gradient is read by more than its update");
  expect_refused(parse("graph main(%p: f32[2, 3, 6, 6], %q: f32[2, 3, 6, 6], %lr: f32[]) -> "
                       "(f32[2, 3, 6, 6]) {\n"
                       "%1 = conv2d_backward_weights(%p, %q) {kernel_size = [1, 1]} : f32[3, 3, 1, 1]\n"
                       "%2 = conv2d_backward_data(%q, %1) {input_size = [6, 6]} : f32[2, 3, 6, 6]\n"
                       "%3 = sgd_update(%q, %2, %lr) : f32[2, 3, 6, 6]\nreturn %3\n}"),
                 "an update replaces what the gradient is made of");
}

// Both parameters are replaced where they lie.
TEST(UpdatedGradient, IsInPlace) {
  const Graph graph = parse(
      "graph f(%x: f32[2, 3, 6, 6], %dy: f32[2, 4, 4, 4], %lr: f32[]) -> (\"b'\": f32[4], \"w'\": f32[4, 3, "
      "3, 3]) {\n  param %w: f32[4, 3, 3, 3]\n  param %b: f32[4]\n"
      "  %1, %2 = fusion(%x, %dy, %b, %lr, %w) (%p: f32[2, 3, 6, 6], %q: f32[2, 4, 4, 4], %c: f32[4], %d: "
      "f32[], %e: f32[4, 3, 3, 3]) {\n"
      "    %3 = conv2d_backward_weights(%p, %q) {kernel_size = [3, 3]} : f32[4, 3, 3, 3]\n"
      "    %4 = sum(%q) {axes = [0, 2, 3]} : f32[4]\n"
      "    %5 = sgd_update(%c, %4, %d) : f32[4]\n"
      "    %6 = sgd_update(%e, %3, %d) : f32[4, 3, 3, 3]\n"
      "    return %5, %6\n  } : f32[4], f32[4, 3, 3, 3]\n  return %1 into %b, %2 into %w\n}");
  EXPECT_TRUE(plan_memory(graph, {}, {}).copies.empty());
}

INSTANTIATE_TEST_SUITE_P(Jit, JitUpdatedGradient,
                         testing::Values(InstructionSet::baseline, InstructionSet::avx2,
                                         InstructionSet::avx512));

}  // namespace
}  // namespace sinter
