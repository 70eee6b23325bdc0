#include <algorithm>
#include <array>
#include <cmath>

#include "frontends/sinter/embedded_models.h"
#include "frontends/sinter/load.h"
#include "ir/interpreter.h"
#include "passes/bind_symbols.h"
#include "runtime/files/npy.h"
#include "runtime/files/png.h"
#include "runtime/initialize.h"
#include "tests/cli/program.h"

namespace sinter {
namespace {

// LeNet with weights in a file, and a picture.
class Run : public testing::Test {
 protected:
  Run()
      : model_(load_model(*embedded_model("lenet_relu"), "lenet_relu.sinter")),
        weights_(initialize(model_, "default", 1)) {
    write_safetensors(folder_ / "w.safetensors", weights_);
    for (size_t i = 0; i < image_.pixels.size(); ++i) image_.pixels[i] = static_cast<uint8_t>(i * 7);
    write_png(folder_ / "p.png", image_);
  }

  // The picture as the model is given it.
  Tensor input(float mean, float deviation) const {
    Tensor tensor(DType::f32, {1, 1, 28, 28});
    for (size_t i = 0; i < image_.pixels.size(); ++i)
      tensor.values<float>()[i] = (static_cast<float>(image_.pixels[i]) / 255 - mean) / deviation;
    return tensor;
  }

  Tensor logits(const Tensor& images) const {
    Graph bound = model_;
    PassOptions options;
    options.symbols = {{"N", images.shape()[0]}};
    bind_symbols(bound, options);
    Bindings bindings{.inputs = {images}, .parameters = {}, .states = {}};
    for (const ValueId id : bound.parameters())
      bindings.parameters.push_back(weights_.at(bound.info(id).name));
    return interpret(bound, bindings).front();
  }

  Tensor probabilities(const Tensor& images) const {
    return evaluate(OpKind::softmax, Attributes(OpKind::softmax), std::array{std::optional(logits(images))})
        .front();
  }

  std::vector<std::string> arguments(const std::vector<std::string>& more) const {
    std::vector<std::string> words = {"run", "lenet_relu", "--weights", folder_ / "w.safetensors"};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }

  TemporaryFolder folder_;
  Graph model_;
  NamedTensors weights_;
  Image image_{1, 28, 28, std::vector<uint8_t>(784)};
  std::string picture_ = "image=" + (folder_ / "p.png").string();
};

// "class probability" by class, from the rows under the headings.
std::map<std::string, std::string> rows_of(const std::string& text) {
  std::istringstream lines(text.substr(text.find("---")));
  std::map<std::string, std::string> rows;
  std::string line, name, probability;
  for (std::getline(lines, line); std::getline(lines, line);) {
    std::istringstream(line) >> name >> probability;
    rows[name] = probability;
  }
  return rows;
}

TEST_F(Run, PrintsTheProbabilitiesOfAPicture) {
  const Outcome outcome =
      run_program(arguments({"--input", picture_, "--normalize", "0.5,0.25", "--top", "10"}));
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const auto rows = rows_of(outcome.out);
  ASSERT_EQ(rows.size(), 10U);
  const Tensor expected = probabilities(input(0.5F, 0.25F));
  for (int label = 0; label < 10; ++label)
    EXPECT_EQ(rows.at(std::to_string(label)), fmt::format("{:.4f}", expected.at(label))) << outcome.out;
}

TEST_F(Run, ShowsTheLikeliestClassesByName) {
  const std::string names =
      folder_.file("names.txt", "zero\none\ntwo\nthree\nfour\nfive\nsix\nseven\neight\nnine\n");
  const Outcome outcome = run_program(arguments({"--input", picture_, "--labels", names, "--top", "2"}));
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const Tensor expected = probabilities(input(0, 1));
  const auto values = expected.values<float>();
  const auto best = std::ranges::max_element(values) - values.begin();
  constexpr const char* words[] = {"zero", "one", "two",   "three", "four",
                                   "five", "six", "seven", "eight", "nine"};
  const std::string third_line = outcome.out.substr(outcome.out.find("--\n") + 3);
  EXPECT_EQ(third_line.find(words[best]), 0U) << outcome.out;
  EXPECT_EQ(rows_of(outcome.out).size(), 2U);
}

TEST_F(Run, WritesResultsAndTakesBatches) {
  Tensor batch(DType::f32, {2, 1, 28, 28});
  for (int64_t i = 0; i < batch.count(); ++i) batch.values<float>()[i] = static_cast<float>(i % 11) / 11;
  write_npy(folder_ / "b.npy", batch);
  const Outcome outcome = run_program(
      arguments({"--input", "image=" + (folder_ / "b.npy").string(), "--output", folder_ / "out/here"}));
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const Tensor written = read_npy(folder_ / "out/here/output.npy"), expected = logits(batch);
  ASSERT_EQ(written.type(), expected.type());
  for (int64_t i = 0; i < expected.count(); ++i) EXPECT_NEAR(written.at(i), expected.at(i), 1e-5);
  EXPECT_EQ(outcome.err, "wrote " + (folder_ / "out/here/output.npy").string() + ": f32[2, 10]\n");
  EXPECT_EQ(rows_of(outcome.out).size(), 2U) << outcome.out;
}

TEST_F(Run, AModelThatEndsInSoftmaxOrHasNoClasses) {
  const std::string model =
      folder_.file("s.sinter", "model s() { input x: f32[N, 2]\n x | softmax(dim=1) }\n");
  const std::string file = folder_ / "x.npy";
  write_npy(file, Tensor::of<float>({1, 2}, {0.0F, std::log(3.0F)}));
  EXPECT_EQ(rows_of(run_program({"run", model, "--input", "x=" + file}).out),
            (std::map<std::string, std::string>{{"0", "0.2500"}, {"1", "0.7500"}}));
  const std::string vector = folder_.file("v.sinter", "model v() { input x: f32[N]\n relu(x) }\n");
  write_npy(file, Tensor::of<float>({3}, {-1.0F, 1.0F, 5.0F}));
  EXPECT_EQ(run_program({"run", vector, "--input", "x=" + file}).out, "f32[3]  least 0  mean 2  most 5\n");
}

TEST_F(Run, SeveralInputsShareASymbol) {
  const std::string model =
      folder_.file("a.sinter", "model a() { input a: f32[N]\n input b: f32[N]\n add(a, b) }\n");
  const std::string two = folder_ / "2.npy", three = folder_ / "3.npy";
  write_npy(two, Tensor::of<float>({2}, {1.0F, 2.0F}));
  write_npy(three, Tensor::of<float>({3}, {1.0F, 2.0F, 3.0F}));
  EXPECT_EQ(run_program({"run", model, "--input", "b=" + two, "--input", "a=" + two}).out,
            "f32[2]  least 2  mean 3  most 4\n");
  expect_input_error({"run", model, "--input", "a=" + two, "--input", "b=" + three},
                     three + ": holds f32[3]; the model takes b: f32[N] with N = 2");
  expect_input_error({"run", model, "--input", "a=" + two},
                     "--input b=FILE is missing; model \"a\" takes a: f32[N], b: f32[N]");
}

TEST_F(Run, WrongInputs) {
  const std::string takes = "takes image: f32[N, 1, 28, 28]";
  const std::string png = folder_ / "p.png";
  expect_input_error(arguments({}), "--input image=FILE is missing; model \"lenet_relu\" " + takes);
  expect_input_error(arguments({"--input", png}),
                     "--input " + png + ": expected NAME=FILE; model \"lenet_relu\" " + takes);
  expect_input_error(arguments({"--input", "x=" + png}),
                     "--input x=" + png + ": model \"lenet_relu\" has no input \"x\"; it " + takes);
  expect_input_error(arguments({"--input", picture_, "--input", picture_}),
                     "--input " + picture_ + ": \"image\" was given before");
  expect_input_error(arguments({"--input", "image=a.gif"}),
                     "--input image=a.gif: expected a .png, .jpg, .jpeg, .npy or .pb file");
  expect_input_error(arguments({"--input", "image=/nowhere/a.png"}),
                     "cannot read /nowhere/a.png: No such file or directory");
  const std::string small = folder_ / "small.png";
  write_png(small, {1, 3, 2, std::vector<uint8_t>(6)});
  expect_input_error(arguments({"--input", "image=" + small}),
                     small + ": a picture of 3 x 2 pixels (height x width); the model takes 28 x 28");
  const std::string doubles = folder_ / "d.npy";
  write_npy(doubles, Tensor(DType::f64, {1, 1, 28, 28}));
  expect_input_error(arguments({"--input", "image=" + doubles}),
                     doubles + ": holds f64[1, 1, 28, 28]; the model " + takes);
  write_npy(doubles, Tensor(DType::f32, {0, 1, 28, 28}));
  expect_input_error(arguments({"--input", "image=" + doubles}),
                     doubles + ": holds f32[0, 1, 28, 28]; the model " + takes);
  const std::string model = folder_.file("v.sinter", "model v() { input x: f32[N, 4]\n relu(x) }\n");
  expect_input_error(
      {"run", model, "--input", "x=" + png},
      png + ": a picture is f32[N, C, H, W] with 1 or 3 channels; the model takes x: f32[N, 4]");
}

TEST_F(Run, WrongOptions) {
  expect_input_error(
      {"run", "lenet_relu", "--input", picture_},
      "--weights is missing: model \"lenet_relu\" has 10 parameters; `sinter train lenet_relu --save "
      "FILE.safetensors` makes them");
  expect_input_error(arguments({"--input", picture_, "--normalize", "0.5"}),
                     "--normalize 0.5: expected MEAN,STD with deviations above 0");
  const std::string names = folder_.file("names.txt", "one\ntwo\n");
  expect_input_error(arguments({"--input", picture_, "--labels", names}),
                     "--labels has 2 names; model \"lenet_relu\" has 10 classes");
  expect_input_error(
      arguments({"--input", picture_, "--labels", "letters"}),
      "--labels letters: expected a file with a class's name on each line, or the name of a data set");
  const std::string file = folder_.file("file", "");
  const Outcome outcome = run_program(arguments({"--input", picture_, "--output", file + "/out"}));
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_EQ(outcome.err, "sinter: --output " + file + "/out: cannot make this folder: Not a directory\n");
}

TEST_F(Run, WarnsOfWeightsThatAreNotFinite) {
  weights_.at("3.weight").values<float>()[7] = std::nanf("");
  const std::string weights = folder_ / "nan.safetensors";
  write_safetensors(weights, weights_);
  const std::string warning =
      "warning: " + weights +
      ": parameter 3.weight holds nan; results are worth nothing, also where they look sound\n";
  const std::vector<std::string> picture = {"run", "lenet_relu", "--weights", weights, "--input", picture_};
  const Outcome outcome = run_program(picture);
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_EQ(outcome.err, warning);
  auto quiet = picture;
  quiet.insert(quiet.end(), {"--log-level", "quiet"});
  EXPECT_EQ(run_program(quiet).err, "");
  const Outcome bench =
      run_program({"bench", "lenet_relu", "--weights", weights, "--repeat", "1", "--batch-size", "1,2"});
  EXPECT_TRUE(bench.err.starts_with(warning)) << bench.err;
  EXPECT_EQ(bench.err.find(warning, 1), std::string::npos) << bench.err;  // once
  const Outcome eval =
      run_program({"eval", "lenet_relu", "--weights", weights, "--data", "synthetic", "--batch-size", "100"});
  EXPECT_TRUE(eval.err.starts_with(warning)) << eval.err;
}

}  // namespace
}  // namespace sinter
