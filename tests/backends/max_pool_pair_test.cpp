#include <gtest/gtest.h>

#include <algorithm>

#include "backends/onednn/onednn.h"
#include "ir/build.h"
#include "ir/text.h"
#include "tests/backends/run_graph.h"

/// max_pool2d_argmax and max_pool2d_backward on oneDNN: the argmax of the one is what the other reads.
namespace sinter {
namespace {

struct Pool {
  std::vector<int64_t> x;
  Ints kernel, stride, padding;
};

const Pool pools[] = {
    {{2, 5, 8, 8}, {2, 2}, {2, 2}, {0, 0, 0, 0}},
    {{17, 1, 9, 7}, {2, 2}, {2, 2}, {0, 0, 0, 0}},     // the last row and column are in no window
    {{1, 17, 9, 7}, {3, 3}, {1, 1}, {1, 1, 1, 1}},     // overlapping
    {{3, 16, 7, 7}, {3, 2}, {2, 1}, {0, 1, 2, 0}},     // padding differs on each side
    {{2, 3, 20, 20}, {16, 16}, {3, 3}, {0, 0, 0, 0}},  // 256 elements: the last argmax in u8
    {{2, 3, 2, 300}, {1, 257}, {1, 7}, {0, 0, 0, 0}},  // 257: i32
    {{2, 33, 18, 18}, {17, 17}, {1, 1}, {8, 8, 8, 8}},
};

Graph pair_of(const Pool& pool, const Layout& layout) {
  Graph graph;
  const auto attributes = [&](OpKind op) {
    std::vector<Attributes::Named> named = {
        {"kernel_size", pool.kernel}, {"stride", pool.stride}, {"padding", pool.padding}};
    if (op == OpKind::max_pool2d_backward) named.push_back({"input_size", Ints{pool.x[2], pool.x[3]}});
    return Attributes(op, named);
  };
  const auto append = [&](OpKind op, std::vector<std::optional<Value>> operands) {
    Graph plain;
    std::vector<std::optional<Type>> types;
    std::vector<ValueId> ids;
    for (const auto& operand : operands) {
      types.push_back(Type{operand->dtype(), operand->shape(), {}});
      ids.push_back(operand->id());
    }
    auto results = infer_types(op, attributes(op), types);
    for (Type& type : results) type.layout = layout;
    return graph.append_typed({op, attributes(op), ids, {}, {}}, results);
  };
  const Value x = graph.input("x", {DType::f32, Shape(pool.x.begin(), pool.x.end()), layout});
  const auto forward = append(OpKind::max_pool2d_argmax, {x});
  const Value dy = graph.input("dy", forward[0].type());
  const auto backward = append(OpKind::max_pool2d_backward, {dy, forward[1]});
  for (const Value result : {forward[0], forward[1], backward[0]}) graph.add_result(result);
  return graph;
}

class MaxPoolPair : public testing::Test {
 protected:
  void expect_agreement(const Pool& pool, bool with_ties) {
    const Graph plain = pair_of(pool, {});
    Bindings bindings = random_bindings(plain, random_);
    Tensor& x = bindings.inputs[0];
    for (int64_t i = 0; with_ties && i < x.count(); ++i)
      x.set(i, static_cast<double>(random_integer(random_, -1, 1)));
    const auto expected = interpret(plain, bindings);
    for (const Layout& layout : layouts_for(plain)) {
      const Graph laid = pair_of(pool, layout);
      SCOPED_TRACE(print(laid));
      const auto actual = run_graph(*backend_, laid, bindings, &random_);
      EXPECT_EQ(actual[0], expected[0]);
      EXPECT_EQ(actual[1], expected[1]) << "argmax";
      expect_near(actual[2], expected[2], 2e-5);
      ++runs_;
    }
  }

  // Those that the pool and its gradient both have.
  std::vector<Layout> layouts_for(const Graph& plain) const {
    std::vector<Layout> layouts;
    const auto ways = backend_->implementations(plain, 0, offers());
    for (const Implementation& way : backend_->implementations(plain, 1, offers()))
      if (std::ranges::count(ways, way.results[0], [](const Implementation& w) { return w.results[1]; }))
        layouts.push_back(way.results[0]);
    return layouts;
  }

  std::unique_ptr<Backend> backend_ = make_onednn_backend();
  RandomEngine random_{11};
  int runs_ = 0;
};

TEST_F(MaxPoolPair, AgreesWithTheOpTable) {
  for (const Pool& pool : pools) expect_agreement(pool, false);
  EXPECT_GT(runs_, 0);
}

TEST_F(MaxPoolPair, TheFirstOfEqualElementsWins) {
  for (const Pool& pool : pools) expect_agreement(pool, true);
  EXPECT_GT(runs_, 0);
}

TEST_F(MaxPoolPair, AnArgmaxFromElsewhereIsDeclined) {
  const Graph graph = alone(pair_of(pools[0], {}), 1);
  EXPECT_TRUE(backend_->implementations(graph, 0, offers()).empty());
  EXPECT_EQ(compile_error(*backend_, graph, 0),
            "oneDNN declines node 0 (max_pool2d_backward): there is no primitive for it");
}

TEST_F(MaxPoolPair, AnArgmaxOfOtherWindowsIsDeclined) {
  Graph graph = pair_of(pools[2], {});
  Node node = graph.node(1);
  const Type dx = graph.type(node.results[0]);
  node.attributes = Attributes(OpKind::max_pool2d_backward, {{"input_size", Ints{9, 7}},
                                                             {"kernel_size", Ints{3, 5}},
                                                             {"padding", Ints{1, 2, 1, 2}},
                                                             {"stride", Ints{1, 1}}});
  node.results.clear();
  graph.append_typed(std::move(node), {{dx}});
  EXPECT_TRUE(backend_->implementations(graph, 2, offers()).empty());
}

// form_slab_loops may cut the batch between the two, after their layouts are chosen.
TEST_F(MaxPoolPair, AnArgmaxOfASlabLoopIsThatOfThePoolInIt) {
  const Graph graph = parse(R"(graph f(%x: f32[17, 4, 8, 8], %dy: f32[17, 4, 4, 4]) -> (f32[17, 4, 8, 8]) {
  %1 = slab_loop(%x) {slab = 16, lanes = 2} (%a: f32[16, 4, 8, 8]) {
    %2, %3 = max_pool2d_argmax(%a) {kernel_size = [2, 2]} : f32[16, 4, 4, 4], u8[16, 4, 4, 4]
    return %3
  } remainder (%a: f32[1, 4, 8, 8]) {
    %4, %5 = max_pool2d_argmax(%a) {kernel_size = [2, 2]} : f32[1, 4, 4, 4], u8[1, 4, 4, 4]
    return %5
  } : u8[17, 4, 4, 4]
  %6 = max_pool2d_backward(%dy, %1) {input_size = [8, 8], kernel_size = [2, 2]} : f32[17, 4, 8, 8]
  return %6
}
)");
  EXPECT_FALSE(backend_->implementations(graph, 1, offers()).empty());
}

}  // namespace
}  // namespace sinter
