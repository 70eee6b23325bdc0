#include <gtest/gtest.h>

#include "tests/backends/convolution_layers.h"
#include "tests/backends/on_instruction_set.h"

/// Generated matrix products whose depth and columns are walked in parts, in every layout they are offered in
/// and for every instruction set, against the interpreter.
namespace sinter {
namespace {

// Sums of up to 2600 products of up to 4, added up in f32.
constexpr double tolerance = 1e-3;

struct Product {
  int64_t rows, depth, columns;
};

std::string text(const Product& p) { return fmt::format("[{}, {}, {}]", p.rows, p.depth, p.columns); }

class JitProduct : public OnInstructionSet {
 protected:
  void expect_runs(Graph body, const Product& product, size_t least_ways) {
    SCOPED_TRACE(text(product));
    const Graph graph = as_fusion(std::move(body));
    const Bindings bindings = random_bindings(graph, random_);
    EXPECT_GE(expect_parity(*backend_, graph, bindings, offers(), tolerance, random_), least_ways);
    for (const Implementation& way : backend_->implementations(graph, 0)) {
      const Graph own = laid_out(graph, way);
      EXPECT_EQ(run_graph(*backend_, own, bindings, nullptr), run_graph(*backend_, own, bindings, &random_))
          << "other bits where units run in another order";
    }
  }

  RandomEngine random_{29};
};

// Few rows, weights in rows far longer than a tile is wide: whole units and parts of one, a last vector that
// is a part of one, a depth that is no multiple of what is read at a time.
TEST_P(JitProduct, OfFewRowsWithWideWeights) {
  for (const Product& p : {Product{16, 37, 1200}, Product{1, 64, 1025}, Product{19, 33, 530}}) {
    Graph body;
    const Value x = body.input("x", f32_type({p.rows, p.depth})),
                w = body.input("w", f32_type({p.depth, p.columns})),
                scale = body.input("scale", f32_type({p.rows, p.columns}));
    body.add_result(matmul(x, w) * scale);
    expect_runs(std::move(body), p, 2);
  }
}

// A dense layer forward: each output has a row of weights of its own.
TEST_P(JitProduct, OfFewRowsWithDeepWeights) {
  for (const Product& p : {Product{16, 2100, 41}, Product{35, 1100, 19}, Product{2, 2600, 530}}) {
    Graph body;
    const Value x = body.input("x", f32_type({p.rows, p.depth})),
                w = body.input("w", f32_type({p.columns, p.depth})),
                b = body.input("b", f32_type({p.columns}));
    body.add_result(relu(linear(x, w, b)));
    expect_runs(std::move(body), p, 2);
  }
}

// A dense layer's gradient by weights: samples are the depth.
TEST_P(JitProduct, OfManyRowsOverFewSamples) {
  for (const Product& p : {Product{70, 16, 1200}, Product{37, 19, 1031}}) {
    Graph body;
    const Value dy = body.input("dy", f32_type({p.depth, p.rows})),
                x = body.input("x", f32_type({p.depth, p.columns}));
    body.add_result(matmul(dy, x, {.transpose_a = true}));
    expect_runs(std::move(body), p, 4);
  }
}

// More rows than a second cache holds sums of.
TEST_P(JitProduct, OfManyRowsWithADepthTooLargeToPack) {
  const Product p = {130, 800, 600};
  Graph body;
  const Value x = body.input("x", f32_type({p.rows, p.depth})),
              w = body.input("w", f32_type({p.depth, p.columns}));
  body.add_result(matmul(x, w));
  expect_runs(std::move(body), p, 2);
}

INSTANTIATE_TEST_SUITE_P(Jit, JitProduct,
                         testing::Values(InstructionSet::baseline, InstructionSet::avx2,
                                         InstructionSet::avx512));

}  // namespace
}  // namespace sinter
