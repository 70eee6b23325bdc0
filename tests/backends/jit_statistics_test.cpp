#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "ir/build.h"
#include "ir/op_table.h"
#include "tests/backends/convolution_layers.h"
#include "tests/backends/on_instruction_set.h"

/// A batch norm's statistics made in the kernel of the convolution before it, in batch lanes and in channel
/// blocks, against the interpreter.
namespace sinter {
namespace {

constexpr double tolerance = 2e-5;

class JitStatistics : public OnInstructionSet {
 protected:
  void expect_runs(const Graph& body, const Bindings& bindings) {
    const Graph graph = as_fusion(Graph(body));
    EXPECT_GT(expect_parity(*backend_, graph, bindings, offers(), tolerance, random_), 1U);
  }
  void expect_runs(const Graph& body) { expect_runs(body, random_bindings(as_fusion(Graph(body)), random_)); }

  RandomEngine random_{41};
};

// What is normalised, then mean and variance.
Graph with_statistics(const ConvolutionLayer& layer, bool with_bias, bool activated) {
  Graph body;
  const Value convolved = forward(body, layer, with_bias), y = activated ? relu(convolved) : convolved;
  const std::array<std::optional<Value>, 1> x = {y};
  const auto found = body.append(OpKind::batch_norm_training, x, Attributes(OpKind::batch_norm_training, {}));
  body.add_result(y);
  body.add_result(found[1]);
  body.add_result(found[2]);
  return body;
}

// Primes, one sample and seventeen, channels of blocks whole and not, a stride, one pixel, groups, rows that
// walk their channels in parts.
const ConvolutionLayer layers[] = {
    {{1, 3, 7, 5}, {17, 3, 3, 3}, {.padding = {1, 1, 1, 1}}},
    {{17, 5, 6, 7}, {3, 5, 1, 1}},
    {{16, 6, 13, 11}, {32, 6, 3, 3}, {.stride = {2, 2}, .padding = {1, 1, 1, 1}}},
    {{2, 7, 1, 1}, {1, 7, 1, 1}},
    {{33, 2, 31, 9}, {6, 2, 5, 2}, {.padding = {2, 2, 0, 1}}},
    {{3, 16, 29, 30}, {48, 16, 1, 1}},
    {{17, 6, 9, 5}, {10, 3, 3, 3}, {.padding = {1, 1, 1, 1}, .groups = 2}},
    {{2, 67, 4, 31}, {19, 67, 3, 3}, {.padding = {1, 1, 1, 1}}},
};

TEST_P(JitStatistics, OfConvolutions) {
  int number = 0;
  for (const ConvolutionLayer& layer : layers) {
    ++number;
    const Graph body = with_statistics(layer, number % 2 == 0, number % 3 == 0);
    const Graph graph = as_fusion(Graph(body));
    const size_t least = layer.options.groups > 1 ? 2 : 3;  // batch lanes of x plain or not, channel blocks
    EXPECT_GE(expect_parity(*backend_, graph, random_bindings(graph, random_), offers(), tolerance, random_),
              least);
    if (HasFailure()) return;
  }
}

// The mean is a thousand deviations away from zero.
TEST_P(JitStatistics, TheVarianceKeepsItsDigits) {
  const Graph graph = as_fusion(with_statistics({{17, 1, 9, 7}, {3, 1, 1, 1}}, true, false));
  Bindings bindings = random_bindings(graph, random_);
  Tensor& bias = bindings.inputs[2];
  for (int64_t o = 0; o < bias.count(); ++o) bias.set(o, 4096);
  EXPECT_GT(expect_parity(*backend_, graph, bindings, offers(), 1e-4, random_), 1U);
}

TEST_P(JitStatistics, NanAndInfinityTravel) {
  const double infinity = std::numeric_limits<double>::infinity();
  for (const double bad : {infinity, -infinity, std::nan("")})
    for (const int64_t batch : {1, 17}) {
      const Graph graph = as_fusion(with_statistics({{batch, 2, 5, 3}, {5, 2, 1, 1}}, true, false));
      Bindings bindings = random_bindings(graph, random_);
      bindings.inputs[2].set(3, bad);  // of one channel's bias: the others stay as they are
      EXPECT_GT(expect_parity(*backend_, graph, bindings, offers(), tolerance, random_), 1U);
    }
}

INSTANTIATE_TEST_SUITE_P(Jit, JitStatistics,
                         testing::Values(InstructionSet::baseline, InstructionSet::avx2,
                                         InstructionSet::avx512));

std::optional<std::string> refusal(const Graph& body) { return make_jit_backend()->refuses_fusion(body); }

Graph normed(bool normalized, bool stored, bool behind) {
  Graph body;
  const Value y = forward(body, {{2, 3, 4, 4}, {5, 3, 1, 1}}, false);
  const std::array<std::optional<Value>, 1> x = {y};
  const auto found = body.append(OpKind::batch_norm_training, x, Attributes(OpKind::batch_norm_training, {}));
  if (stored) body.add_result(y);
  body.add_result(found[1]);
  body.add_result(found[2]);
  if (normalized) body.add_result(found[0]);
  if (behind) body.add_result(relu(y));
  return body;
}

TEST(JitStatisticsRefusals, SayWhy) {
  EXPECT_EQ(refusal(normed(false, true, false)), std::nullopt);
  const auto says = [](const Graph& body, std::string_view why) {
    const auto refused = refusal(body);
    ASSERT_TRUE(refused);
    EXPECT_NE(refused->find(why), std::string::npos) << *refused;
  };
  says(normed(true, true, false), "it is normalised by statistics of all of it");
  says(normed(false, false, false), "what has the statistics is not stored");
  says(normed(false, true, true), "relu comes after the norm");
}

}  // namespace
}  // namespace sinter
