#include <gtest/gtest.h>

#include "frontends/sinter/load.h"
#include "ir/text.h"
#include "passes/run_passes.h"
#include "runtime/executable.h"

/// The jit backend trains networks of many kinds without help: every node has a kernel in the layouts that
/// were chosen for it, loops over slabs and what stands behind them included.
namespace sinter {
namespace {

struct Network {
  const char* name;
  const char* layers;  ///< behind the image, or a body whose result comes last
};

constexpr Network networks[] = {
    {"batch norm between small convolutions", R"(image
      | conv2d(8, 3, padding=1) | relu | max_pool2d(2)
      | conv2d(8, 3, padding=1) | batch_norm | relu | avg_pool2d(2)
      | conv2d(16, 3, padding=1) | relu | max_pool2d(2)
      | flatten | linear(10))"},
    {"blocks that fill no vector", R"(image
      | conv2d(5, 3, padding=1, stride=2) | batch_norm | tanh
      | conv2d(17, 5, padding=2) | batch_norm | sigmoid | max_pool2d(3, stride=2, padding=1)
      | conv2d(33, 1, bias=false) | leaky_relu | global_avg_pool2d | flatten | linear(10))"},
    {"residual blocks", R"(stem = image | conv2d(16, 3, padding=1, bias=false) | batch_norm | relu
      main = stem | conv2d(16, 3, padding=1) | batch_norm | relu | conv2d(16, 3, padding=1) | batch_norm
      wide = add(main, stem) | relu
      deep = wide | conv2d(32, 3, padding=1, stride=2) | batch_norm
      side = wide | conv2d(32, 1, stride=2) | batch_norm
      add(deep, side) | relu | global_avg_pool2d | flatten | linear(10))"},
    {"branches that are joined", R"(stem = image | conv2d(16, 7, padding=3, stride=2) | relu
      narrow = stem | conv2d(8, 1) | relu
      wide = stem | conv2d(4, 1) | relu | conv2d(24, 3, padding=1) | relu
      pooled = stem | max_pool2d(3, stride=1, padding=1) | conv2d(7, 1) | relu
      concat(narrow, wide, pooled) | avg_pool2d(2) | local_response_norm(5) | flatten | dropout
      | linear(32) | relu | linear(10))"},
    {"dense connections", R"(a = image | conv2d(12, 3, padding=1)
      b = concat(a, a | batch_norm | relu | conv2d(12, 3, padding=1) | dropout(0.2))
      c = concat(b, b | batch_norm | relu | conv2d(12, 3, padding=1))
      c | batch_norm | relu | conv2d(18, 1) | avg_pool2d(2) | flatten | linear(10))"},
    {"depthwise convolutions and gates", R"(stem = image | conv2d(16, 3, padding=1, stride=2) | hard_swish
      deep = stem | conv2d(16, 3, padding=1, groups=16, bias=false) | batch_norm | relu6
      gate = deep | global_avg_pool2d | conv2d(4, 1) | relu | conv2d(16, 1) | hard_sigmoid
      mul(deep, gate) | conv2d(24, 1) | batch_norm | conv2d(24, 3, groups=4) | silu
      | flatten | linear(10))"},
    {"down and up again", R"(down = image | conv2d(8, 3, padding=1) | relu
      low = down | max_pool2d(2) | conv2d(16, 3, padding=2, dilation=2) | relu
      up = low | conv_transpose2d(8, 2, stride=2)
      large = low | resize((32, 32), mode="bilinear") | conv2d(8, 1)
      concat(up, large, down) | pad((1, 1, 1, 1), mode="reflect") | conv2d(4, 3) | resize((16, 16))
      | flatten | linear(10))"},
    {"activations of all kinds", R"(image | conv2d(8, 3) | prelu(8) | conv2d(8, 3) | elu | conv2d(8, 3) | selu
      | conv2d(8, 3) | gelu | conv2d(8, 3) | softplus | conv2d(8, 3) | clip(-1.0, 1.0)
      | conv2d(8, 3) | gelu(approximate="tanh") | flatten | linear(10) | log_softmax(1))"},
    {"norms of samples", R"(image | conv2d(8, 3) | group_norm(4) | relu | conv2d(8, 3, stride=2)
      | instance_norm(affine=true) | relu | flatten | linear(24) | layer_norm | gelu | linear(10) | softmax(1))"},
    {"pools of all kinds", R"(image | conv2d(8, 3, padding=1) | relu | max_pool2d(3, stride=2)
      | conv2d(8, 3, padding=1) | tanh | avg_pool2d(3, stride=2, ceil_mode=true)
      | conv2d(8, 3, padding=1) | relu | max_pool2d(2, stride=1, dilation=2)
      | conv2d(8, 3, padding=1) | sigmoid | avg_pool2d(3, stride=1, padding=1, count_include_pad=false)
      | adaptive_avg_pool2d(3) | adaptive_max_pool2d(2) | flatten | linear(10))"},
    {"gradients that only lanes of samples have", R"(image | conv2d(16, 3) | relu | avg_pool2d(2, stride=1)
      | flatten | linear(10))"},
    {"no convolution", R"(x = image | flatten | slice(dim=1, start=0, end=900, step=3)
      left = x | linear(40) | tanh
      right = x | linear(40) | relu
      sub(maximum(left, right), minimum(left, right)) | layer_norm | linear(10))"},
};

class JitCoverage : public testing::TestWithParam<Network> {};

TEST_P(JitCoverage, NothingRunsOnAnotherBackend) {
  const std::string text =
      fmt::format("model net {{ input image: f32[N, 3, 32, 32]\n{} }}", GetParam().layers);
  const Graph model = load_model(text, GetParam().name);
  const auto backend = find_backend("jit");
  for (const int64_t batch : {1, 17, 48})
    for (const char* optimizer : {"sgd", "adam"}) {
      SCOPED_TRACE(fmt::format("batch {}, {}", batch, optimizer));
      Graph step = model;
      run_passes(step, training_passes(),
                 {.symbols = {{"N", batch}}, .optimizer = optimizer, .target = backend.get()});
      for (const Fallback& fallback : find_fallbacks(step, *backend))
        ADD_FAILURE() << fallback.ops << " of \"" << fallback.source << "\": " << fallback.reason;
    }
}

std::string case_name(const testing::TestParamInfo<Network>& info) {
  std::string name = info.param.name;
  std::ranges::replace(name, ' ', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Networks, JitCoverage, testing::ValuesIn(networks), case_name);

// What lanes accumulate lies as the gradient's kernel made it, and is summed up, brought into the weights'
// layout and used in one kernel.
TEST(JitLanes, AreSummedUpInTheUpdatesKernel) {
  const std::string text =
      fmt::format("model net {{ input image: f32[N, 3, 32, 32]\n{} }}", networks[0].layers);
  const auto backend = find_backend("jit");
  Graph step = load_model(text, "batch_norm.sinter");
  std::vector<Remark> remarks;
  run_passes(step, training_passes(), {.symbols = {{"N", 17}}, .target = backend.get(), .remarks = &remarks});
  const std::string printed = print(step);
  EXPECT_NE(printed.find("f32[2, 8, 8, 3, 3]{aBcde16b}"), std::string::npos) << printed;
  for (const Node& node : step.nodes())
    if (node.op == OpKind::sum) {
      EXPECT_TRUE(step.type(node.results[0]).shape.empty()) << printed;
    }
  for (const Remark& remark : remarks) EXPECT_NE(remark.pass, "fuse_updates") << remark.text;
}

}  // namespace
}  // namespace sinter
