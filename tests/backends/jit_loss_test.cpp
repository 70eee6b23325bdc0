#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "backends/jit/jit.h"
#include "ir/build.h"
#include "ir/text.h"
#include "tests/backends/run_graph.h"

/// The kernel of a classification loss and its gradient, which makes their softmax once.
namespace sinter {
namespace {

constexpr double tolerance = 2e-6;

struct LossCase {
  int64_t rows, classes;
  DType labels = DType::i64;
  const char* reduction = "mean";
  double label_smoothing = 0, scale = 1, dloss = 1;
};

const LossCase cases[] = {
    {1, 10},
    {5, 1, DType::u8, "sum"},
    {16, 2, DType::i32},
    {17, 10, DType::i64, "sum", 0, 1.0 / 17},
    {33, 17, DType::u8, "mean", 0.1},
    {48, 130, DType::i64, "sum", 0.3, 0.5, -3},
};

Graph body_of(const LossCase& c) {
  Graph body;
  const Value logits = body.input("logits", {DType::f32, {c.rows, c.classes}, {}});
  const Value labels = body.input("labels", {c.labels, {c.rows}, {}});
  const std::string reduction = c.reduction;
  body.add_result(
      softmax_cross_entropy(logits, labels, {.reduction = reduction, .label_smoothing = c.label_smoothing}));
  body.add_result(
      apply(OpKind::softmax_cross_entropy_backward, {logits, labels, body.scalar(DType::f32, c.dloss)},
            {{"reduction", reduction}, {"label_smoothing", c.label_smoothing}, {"scale", c.scale}}));
  return body;
}

class JitLoss : public testing::Test {
 protected:
  Bindings bindings_of(const Graph& body, const LossCase& c) {
    Bindings bindings = random_bindings(body, random_);
    for (int64_t row = 0; row < c.rows; ++row)
      bindings.inputs[1].set(row, static_cast<double>(random_integer(random_, 0, c.classes - 1)));
    return bindings;
  }

  // The fusion in each layout, its units in any order, against its ops one by one.
  void expect_bits_of_parts(const Graph& body, const Bindings& bindings) {
    const auto expected = run_graph(*backend_, body, bindings, nullptr);
    const Graph fused = as_fusion(body);
    const auto ways = backend_->implementations(fused, 0, offers());
    EXPECT_EQ(ways.size(), 4U);
    for (const Implementation& way : ways) {
      const auto actual = run_graph(*backend_, laid_out(fused, way), bindings, &random_);
      expect_near(actual[0], expected[0], 0);
      expect_near(actual[1], expected[1], 0);
    }
  }

  std::unique_ptr<Backend> backend_ = make_jit_backend();
  RandomEngine random_{3};
};

TEST_F(JitLoss, HasTheBitsOfItsPartsInEveryLayout) {
  for (const LossCase& c : cases) {
    SCOPED_TRACE(fmt::format("{} rows of {} classes", c.rows, c.classes));
    const Graph body = body_of(c);
    const Bindings bindings = bindings_of(body, c);
    expect_bits_of_parts(body, bindings);
    expect_parity(*backend_, as_fusion(body), bindings, offers(), tolerance, random_);
    if (HasFailure()) return;
  }
}

// A label beyond the classes, and logits that are no numbers, spoil their own row and the loss.
TEST_F(JitLoss, KeepsWhatIsNotFiniteInItsRow) {
  const LossCase c{20, 6};
  const Graph body = body_of(c);
  Bindings bindings = bindings_of(body, c);
  bindings.inputs[0].set(2 * c.classes, std::nan(""));
  bindings.inputs[0].set(7 * c.classes + 1, std::numeric_limits<double>::infinity());
  bindings.inputs[0].set(9 * c.classes + 5, -std::numeric_limits<double>::infinity());
  bindings.inputs[1].set(12, static_cast<double>(c.classes));
  expect_bits_of_parts(body, bindings);
  const auto results = run_graph(*backend_, as_fusion(body), bindings, nullptr);
  EXPECT_TRUE(std::isnan(results[0].at(0)));
  for (int64_t row = 0; row < c.rows; ++row)
    EXPECT_EQ(std::isnan(results[1].at(row * c.classes)), row == 2 || row == 7) << row;
}

TEST_F(JitLoss, SaysWhyNot) {
  const auto expect_refused = [&](std::string_view text, std::string_view why) {
    const auto said = backend_->refuses_fusion(parse(text));
    ASSERT_TRUE(said.has_value()) << why;
    EXPECT_EQ(*said, why);
  };
  const std::string inputs = "graph main(%x: f32[4, 3], %l: i64[4], %m: i64[4], %d: f32[]) -> (",
                    loss = "%2 = softmax_cross_entropy(%x, %l) : f32[] ",
                    back = "%3 = softmax_cross_entropy_backward";
  const std::string types = inputs + "f32[], f32[4, 3]) { const %1: f32[] = 1 ";
  const std::string both = " : f32[4, 3] return %2, %3 }";
  expect_refused(types + loss + back + "(%x, %m, %1)" + both, "the gradient is of another loss");
  expect_refused(types + loss + back + "(%x, %l, %1) {reduction = sum}" + both,
                 "the gradient is of another loss");
  expect_refused(types + loss + back + "(%x, %l, %1) {label_smoothing = 0.5}" + both,
                 "the gradient is of another loss");
  expect_refused(types + loss + back + "(%x, %l, %d)" + both, "the loss's own gradient is no number");
  expect_refused(inputs + "f32[4, 3], f32[]) { const %1: f32[] = 1 " + loss + back +
                     "(%x, %l, %1) : f32[4, 3] return %3, %2 }",
                 "its results are not the loss and its gradient");
  expect_refused(types + "%4 = relu(%x) : f32[4, 3] " + loss + back + "(%x, %l, %1)" + both,
                 "it is no loss and its gradient");
}

}  // namespace
}  // namespace sinter
