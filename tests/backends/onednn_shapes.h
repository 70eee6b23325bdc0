#pragma once

#include <gtest/gtest.h>

#include <algorithm>

#include "backends/onednn/onednn.h"
#include "ir/text.h"
#include "tests/backends/run_graph.h"
#include "tests/random/random_ops.h"

/// Ops that oneDNN has, held against the interpreter in all layouts, for batches and channels that fit no
/// block.
namespace sinter {

using Named = std::vector<Attributes::Named>;
using Sizes = std::vector<std::vector<int64_t>>;

inline OpInstance instance(OpKind op, const Sizes& operands, const Named& attributes = {}) {
  OpInstance made{op, Attributes(op, attributes), {}, {}, {}};
  for (const auto& shape : operands)
    made.operands.push_back(Type{DType::f32, Shape(shape.begin(), shape.end()), {}});
  return made;
}

/// Of a batch and channels.
class OneDnnShapes : public testing::TestWithParam<std::tuple<int64_t, int64_t>> {
 protected:
  // Right in all layouts, with the same bits in each of them however the units are spread.
  void check(const OpInstance& op) {
    SCOPED_TRACE(to_string(op));
    const Graph graph = graph_of(op);
    Bindings bindings;
    for (auto& operand : random_operands(op, random_)) bindings.inputs.push_back(std::move(*operand));
    const Layout offered[] = {Layout::parse("aBcd16b")};
    const auto ways = backend_->implementations(graph, 0, offered);
    const auto expected = interpret(graph, bindings);
    for (const Implementation& way : ways) {
      const Graph laid = laid_out(graph, way);
      SCOPED_TRACE(print(laid));
      const auto whole = run_graph(*backend_, laid, bindings, nullptr);
      for (size_t i = 0; i < expected.size(); ++i) expect_near(whole[i], expected[i], tolerance_);
      EXPECT_EQ(run_graph(*backend_, laid, bindings, &random_), whole);
      slices_ = std::max(slices_, backend_->compile(laid, 0).kernels.at(0)->units());
      if (HasFailure()) return;
    }
    if (!ways.empty()) ++run_;
  }

  void check(const std::vector<OpInstance>& ops) {
    for (const OpInstance& op : ops) {
      check(op);
      if (HasFailure()) return;
    }
  }

  std::unique_ptr<Backend> backend_ = make_onednn_backend();
  RandomEngine random_{13};
  double tolerance_ = 1e-3;  ///< of sums of up to 5000 products of up to 4, added up in f32
  int64_t run_ = 0;          ///< ops that it did not decline
  int64_t slices_ = 0;       ///< the most of an op
};

}  // namespace sinter
