#include <gtest/gtest.h>

#include <set>

#include "backends/onednn/onednn.h"
#include "tests/backends/onednn_shapes.h"

/// Which ops oneDNN leaves to the reference, and which of their cases: backends/onednn/README.md says why.
/// What is not named here has to run.
namespace sinter {
namespace {

const std::set<OpKind> left_to_reference = {
    // no primitive
    OpKind::argmax, OpKind::broadcast_to, OpKind::cast, OpKind::compare, OpKind::dropout,
    OpKind::dropout_mask, OpKind::erf, OpKind::is_finite, OpKind::mse_loss, OpKind::pow, OpKind::select,
    OpKind::softmax_cross_entropy, OpKind::softmax_cross_entropy_backward, OpKind::adam_update,
    OpKind::rmsprop_update, OpKind::sgd_update,
    // views, which nothing computes
    OpKind::flatten, OpKind::reshape,
    // NaN gets lost
    OpKind::clip, OpKind::hard_sigmoid,
    // runs only behind a max_pool2d_argmax: fusion_parts_test.cpp, max_pool_pair_test.cpp
    OpKind::max_pool2d_backward,
    // by what is in them
    OpKind::fusion, OpKind::slab_loop};

bool runs_somewhere(const Backend& backend, const OpDef& op) {
  for (int seed = 1; seed <= 200; ++seed) {
    RandomEngine random(seed);
    const auto instance = random_instance(op, random, {.integers = false});
    if (instance && !backend.implementations(graph_of(*instance), 0, offers()).empty()) return true;
  }
  return false;
}

TEST(OneDnnCoverage, OpsLeftToTheReferenceAreThese) {
  const auto backend = make_onednn_backend();
  for (const OpDef& op : op_table())
    EXPECT_EQ(runs_somewhere(*backend, op), !left_to_reference.contains(op.kind)) << op.name;
}

// Pictures as networks have them: every op of one or two of them runs, in blocks too.
TEST(OneDnnCoverage, ActivationsRunInBlocksOfChannels) {
  const auto backend = make_onednn_backend();
  const Layout blocked = Layout::parse("aBcd16b");
  for (const OpKind op : {OpKind::relu, OpKind::leaky_relu, OpKind::tanh, OpKind::elu, OpKind::gelu,
                          OpKind::silu, OpKind::hard_swish}) {
    const auto ways = backend->implementations(graph_of(instance(op, {{2, 17, 5, 7}})), 0, {{blocked}});
    EXPECT_TRUE(std::ranges::any_of(ways, [&](const Implementation& way) {
      return way.results[0] == blocked;
    })) << to_string(op);
  }
}

TEST(OneDnnCoverage, CasesLeftToTheReference) {
  const std::vector<int64_t> x = {2, 3, 6, 8};
  const std::pair<OpInstance, const char*> declined[] = {
      // the primitive knows no threshold
      {instance(OpKind::softplus, {x}, {{"threshold", 5.0}}), "there is no primitive for it"},
      // a slope for each channel where there is no channel
      {instance(OpKind::prelu, {{7}, {1}}), "there is no primitive for it"},
      // without a scale it makes no gradient by the scale
      {OpInstance{OpKind::batch_norm_backward,
                  Attributes(OpKind::batch_norm_backward),
                  {Type{DType::f32, {2, 3, 6, 8}, {}}, Type{DType::f32, {2, 3, 6, 8}, {}},
                   Type{DType::f32, {3}, {}}, Type{DType::f32, {3}, {}}, std::nullopt},
                  {},
                  {}},
       "there is no primitive for it"},
      // dilated windows are for its reference code
      {instance(OpKind::max_pool2d, {x}, {{"kernel_size", Ints{2, 2}}, {"dilation", Ints{2, 2}}}),
       "there is no primitive for it"},
      // means count one kind of padding
      {instance(OpKind::avg_pool2d, {x}, {{"kernel_size", Ints{4, 3}}, {"ceil_mode", true}}),
       "there is no primitive for it"},
      // the first operand is not repeated
      {instance(OpKind::sub, {{3, 1, 1}, x}), "there is no primitive for it"},
      {instance(OpKind::maximum, {{3, 1, 1}, x}), "there is no primitive for it"},
      // of sums over samples it has reference code only
      {instance(OpKind::sum, {x}, {{"axes", Ints{0, 2, 3}}}), "there is no primitive for it"},
  };
  const auto backend = make_onednn_backend();
  for (const auto& [each, why] : declined)
    EXPECT_EQ(backend->declines(graph_of(each), 0), why) << to_string(each);
}

// Where the dilated side of a window has one element.
TEST(OneDnnCoverage, DilationOfOneElementMakesNoDifference) {
  const auto backend = make_onednn_backend();
  const auto pool = instance(OpKind::max_pool2d, {{2, 3, 6, 8}},
                             {{"kernel_size", Ints{2, 1}}, {"stride", Ints{1, 1}}, {"dilation", Ints{1, 3}}});
  RandomEngine random(3);
  const Graph graph = graph_of(pool);
  EXPECT_GT(expect_parity(*backend, graph, random_bindings(graph, random), offers(), 0, random), 0u);
}

}  // namespace
}  // namespace sinter
