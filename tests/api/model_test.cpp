#include <gtest/gtest.h>

#include <algorithm>

#include "tests/api/small_classifier.h"
#include "tests/runtime/temporary_folder.h"
#include "tests/source_path.h"

namespace sinter {
namespace {

TEST(Model, ReadsTheLanguageAndEmbeddedModels) {
  const char* text = "model net(classes = 3) { input x: f32[N, 4]\n x | linear(classes) }";
  EXPECT_EQ(to_string(Model::parse(text).outputs()[0]), "output: f32[N, 3]");
  EXPECT_EQ(to_string(Model::parse(text, {.arguments = {{"classes", "7"}}}).outputs()[0]),
            "output: f32[N, 7]");
  const TemporaryFolder folder;
  EXPECT_EQ(Model::load(folder.file("net.sinter", text)).name(), "net");
  EXPECT_EQ(to_string(Model::embedded("lenet").inputs()[0]), "image: f32[N, 1, 28, 28]");
  EXPECT_EQ(std::ranges::count(Model::embedded_names(), "resnet18"), 1);
}

TEST(Model, ReadsOnnxWithItsWeights) {
  const TemporaryFolder folder;
  const std::string path = folder / "small.onnx";
  ASSERT_EQ(std::system((source_path("scripts/write_example_onnx").string() + " " + path).c_str()), 0);
  const Model model = Model::load(path);
  EXPECT_EQ(to_string(model.inputs()[0]), "image: f32[N, 1, 28, 28]");
  EXPECT_EQ(to_string(model.outputs()[0]), "scores: f32[N, 10]");
  const TensorInfo weight = model.parameters()[0];
  EXPECT_EQ(to_string(weight), "conv1.weight: f32[8, 1, 5, 5]");
  for (const float value : values_of(model, weight)) EXPECT_LE(std::abs(value), 0.2F);  // 1 / sqrt(25)
  EXPECT_EQ(message_of<InputError>([&] {
              Model::load(path, {.arguments = {{"N", "x"}}});
            }),
            "argument N = \"x\": expected a size of 1 or more");
}

TEST(Model, SavesOnnxThatItReadsAgain) {
  const TemporaryFolder folder;
  const std::string path = folder / "small.onnx";
  Model model = small_classifier();
  model.initialize(Initialization::kaiming_uniform, 2);
  model.save(path);
  const Model again = Model::load(path);
  EXPECT_EQ(again.inputs(), model.inputs());
  EXPECT_EQ(again.outputs(), model.outputs());
  const Halves data(1);
  std::vector<float> expected(2), found(2);
  InferenceSession(model).run(data.values, expected);
  InferenceSession(again).run(data.values, found);
  EXPECT_EQ(found, expected);
  EXPECT_EQ(message_of<InputError>([&] { model.save("net.sinter"); }),
            "net.sinter: a model is saved as an .onnx file");
}

TEST(Model, ReportsWhatItCannotRead) {
  const auto message = [](const auto& action) { return message_of<InputError>(action); };
  EXPECT_EQ(message([] { Model::load("net.txt"); }), "net.txt: expected a model in a .onnx or .sinter file");
  EXPECT_TRUE(message([] {
                Model::embedded("lenet9");
              }).starts_with("no embedded model is named \"lenet9\"; there are alexnet, "));
  try {
    Model::parse("model net() { input x: f32[N, 4]\n x | linaer(3) }");
    FAIL() << "nothing was thrown";
  } catch (const InputError& error) {  // the place is the caller's, too
    EXPECT_EQ(error.location().line, 2);
    EXPECT_TRUE(std::string(error.what()).starts_with("model:2:")) << error.what();
  }
}

TEST(Model, HasWeightsThatCanBeReadAndWritten) {
  Model model = small_classifier();
  const TensorInfo bias = model.parameters()[1];
  EXPECT_NE(values_of(model, bias), std::vector<float>(4));  // random, until they are set
  model.write(bias.name, std::vector<float>{1, 2, 3, 4});
  EXPECT_EQ(values_of(model, bias), (std::vector<float>{1, 2, 3, 4}));
  const auto message = [](const auto& action) { return message_of<InputError>(action); };
  EXPECT_EQ(message([&] { model.write(bias.name, std::vector<float>(3)); }),
            "parameter \"conv2d1.bias\": found 3 elements of f32; expected 4 of f32, as f32[4] has");
  EXPECT_EQ(message([&] { model.write(bias.name, std::vector<double>(4)); }),
            "parameter \"conv2d1.bias\": found 4 elements of f64; expected 4 of f32, as f32[4] has");
  EXPECT_EQ(message([&] { model.write("image", std::vector<float>(4)); }),
            "model \"small\" has no parameter or state \"image\"");
  EXPECT_EQ(message([&] { static_cast<void>(model.inputs()[0].count()); }),
            "image: f32[N, 1, 6, 6] has a symbol in its shape, and so no number of elements");
}

TEST(Model, InitialisesFromASeed) {
  Model one = small_classifier(), two = small_classifier();
  const TensorInfo weight = one.parameters()[0];
  one.initialize(Initialization::kaiming_normal, 3);
  EXPECT_NE(values_of(one, weight), values_of(two, weight));
  two.initialize(Initialization::kaiming_normal, 3);
  EXPECT_EQ(values_of(one, weight), values_of(two, weight));
  Model copy = one.clone();
  copy.initialize(Initialization::standard, 0);
  EXPECT_EQ(values_of(one, weight), values_of(two, weight));  // a clone has weights of its own
}

TEST(Model, SavesAndLoadsWeights) {
  const TemporaryFolder folder;
  Model one = small_classifier(), two = small_classifier();
  one.initialize(Initialization::xavier_uniform, 1);
  one.save_weights(folder / "weights.safetensors");
  InferenceSession session(two);  // made before, it has the loaded ones too
  two.load_weights(folder / "weights.safetensors");
  const Halves data(1);
  std::vector<float> expected(2), found(2);
  InferenceSession(one).run(data.values, expected);
  session.run(data.values, found);
  EXPECT_EQ(found, expected);

  Model other = Model::embedded("lenet");
  const std::string path = folder / "weights.safetensors";
  EXPECT_EQ(message_of<InputError>([&] { other.load_weights(path); }),
            path + ": no tensor \"0.weight\"; model \"lenet\" has f32[6, 1, 5, 5] there");
}

}  // namespace
}  // namespace sinter
