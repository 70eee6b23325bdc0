#include <gtest/gtest.h>

#include "tests/api/small_classifier.h"
#include "tests/runtime/temporary_folder.h"

namespace sinter {
namespace {

std::string names_of(const std::vector<TensorInfo>& infos) {
  std::string text;
  for (const TensorInfo& info : infos) text += to_string(info) + "\n";
  return text;
}

TEST(ModelBuilder, NamesParametersByLayer) {
  ModelBuilder builder("net");
  const auto image = builder.input("image", {"N", 3, 8, 8});
  auto x = relu(batch_norm2d(conv2d(image, 4, {.kernel_size = {3, 5}, .padding = {1, 2}, .name = "stem"})));
  x = x + sigmoid(conv2d(x, 4, {.kernel_size = 1, .bias = false}));
  x = concat({x, avg_pool2d(x, {.kernel_size = 3, .stride = 1, .padding = 1})});
  EXPECT_EQ(to_string(x.shape()), "[N, 8, 8, 8]");
  const Model model = builder.build({{"scores", softmax(linear(flatten(global_avg_pool2d(x)), 2))}});
  EXPECT_EQ(names_of(model.inputs()), "image: f32[N, 3, 8, 8]\n");
  EXPECT_EQ(names_of(model.outputs()), "scores: f32[N, 2]\n");
  EXPECT_EQ(names_of(model.parameters()),
            "stem.weight: f32[4, 3, 3, 5]\nstem.bias: f32[4]\nbatch_norm2d1.weight: f32[4]\n"
            "batch_norm2d1.bias: f32[4]\nconv2d1.weight: f32[4, 4, 1, 1]\nlinear1.weight: f32[2, 8]\n"
            "linear1.bias: f32[2]\n");
  EXPECT_EQ(names_of(model.states()),
            "batch_norm2d1.running_mean: f32[4]\nbatch_norm2d1.running_var: f32[4]\n");
}

// y = x W^T + b with numbers that are worked out by hand, then squared, less x.
TEST(ModelBuilder, ComputesWhatIsWritten) {
  ModelBuilder builder;
  const auto x = builder.input("x", {"N", 2});
  const auto y = linear(x, 2, {.name = "fc"});
  Model model = builder.build(y * y - x);
  model.write("fc.weight", std::vector<float>{1, 2, 3, 4});
  model.write("fc.bias", std::vector<float>{10, 20});
  InferenceSession session(model);
  std::vector<float> result(2);
  session.run(std::vector<float>{1, -1}, result);  // y = 9, 19
  EXPECT_EQ(result, (std::vector<float>{80, 362}));
}

TEST(ModelBuilder, ReportsWhatDoesNotFit) {
  ModelBuilder builder("net"), other;
  const auto image = builder.input("image", {"N", 3, 8, 8});
  const auto message = [](const auto& action) { return message_of<InputError>(action); };
  EXPECT_EQ(message([&] { conv2d(image, 4, {.kernel_size = 3, .groups = 2}); }),
            "conv2d: expected groups to divide 3 input and 4 output channels, found 2\n  layer     conv2d1");
  EXPECT_EQ(message([&] { conv2d(flatten(image), 4, {.kernel_size = 3}); }),
            "conv2d works on f32[N, C, H, W], found f32[N, 192]\n  layer     conv2d2");
  EXPECT_EQ(message([&] { linear(image, 0, {.name = "fc"}); }),
            "linear: expected out_features to be an integer from 1 to 2147483647, found integer 0\n"
            "  layer     fc");
  EXPECT_EQ(message([&] { conv2d(image, 1 << 30, {.kernel_size = 1000}); }),
            "conv2d: expected a weight of at most 2^40 elements, found [1073741824, 3, 1000, 1000]\n"
            "  layer     conv2d3");
  EXPECT_EQ(message([&] { dropout(image, 2); }),
            "dropout: expected p from 0 to 1, found 2\n  layer     dropout1");
  EXPECT_EQ(message([&] { pad(image, 1, "wrap"); }),
            "pad: expected mode to be one of \"constant\", \"reflect\", \"edge\", found string "
            "\"wrap\"\n  layer     pad1");
  EXPECT_EQ(message([&] { batch_norm2d(flatten(image)); }),
            "batch_norm2d1: found f32[N, 192]; expected [N, C, H, W]");
  EXPECT_EQ(message([&] { concat({}); }), "concat of no tensors; expected at least one");
  EXPECT_EQ(message([&] {
              image + other.input("x", {"N", 3, 8, 8});
            }),
            "tensors of two ModelBuilders stand in one layer");
  EXPECT_EQ(message([&] { other.build(image); }), "output \"output\" is a tensor of another ModelBuilder");
  EXPECT_EQ(message([&] { builder.build({}); }), "model \"net\" was built without an output");
  EXPECT_EQ(message([&] { builder.build({{"a", image}, {"a", image}}); }), "two outputs are named \"a\"");
  EXPECT_EQ(message([&] { builder.input("image", {"N"}); }),
            "the name \"image\" stands twice in graph \"net\"");
  EXPECT_EQ(message([&] {
              builder.input("y", {"N", 0});
            }),
            "input \"y\" has a dimension of 0; expected 1 or more, or a symbol");
  EXPECT_EQ(message([&] {
              builder.input("y", {1, 1, 1, 1, 1, 1, 1, 1, 1});
            }),
            "input \"y\" has 9 dimensions; at most 8 are supported");
}

// The op table's message, with the layer it is about.
TEST(ModelBuilder, NamesTheLayerWhereShapesDoNotFit) {
  ModelBuilder builder;
  const auto image = builder.input("image", {"N", 3, 8, 8});
  try {
    conv2d(image, 4, {.kernel_size = 9, .name = "wide"});
    FAIL() << "nothing was thrown";
  } catch (const InputError& error) {
    EXPECT_EQ(error.location().node, "wide");
    EXPECT_NE(error.notes().find("layer     wide"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace sinter
