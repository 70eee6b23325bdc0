#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <functional>
#include <set>
#include <sinter/sinter.hpp>

#include "tests/source_path.h"

/// Every layer of the language as the builder makes it: as the language does, by defaults and with every
/// argument given. docs/language.md has the list, which another test holds against the table of layers.
namespace sinter {
namespace {

using T = SymbolicTensor;

/// `x` and `y` are [N, 4, 5, 6].
struct Pair {
  std::string text;  ///< the result in the language
  std::function<T(const T& x, const T& y)> build;
};

std::vector<Pair> pairs() {
  return {
      {"x | conv2d(8, 3)", [](T x, T) { return conv2d(x, 8, {.kernel_size = 3}); }},
      {"x | conv2d(8, (3, 2), stride=(1, 2), padding=(1, 0, 2, 1), dilation=(1, 2), groups=2, bias=false)",
       [](T x, T) {
         return conv2d(x, 8,
                       {.kernel_size = {3, 2},
                        .stride = {1, 2},
                        .padding = {1, 0, 2, 1},
                        .dilation = {1, 2},
                        .groups = 2,
                        .bias = false});
       }},
      {"x | conv_transpose2d(8, 3)", [](T x, T) { return conv_transpose2d(x, 8, {.kernel_size = 3}); }},
      {"x | conv_transpose2d(8, (3, 2), stride=(3, 2), padding=(1, 0, 2, 1), output_padding=(2, 1), "
       "dilation=(1, 2), groups=2, bias=false)",
       [](T x, T) {
         return conv_transpose2d(x, 8,
                                 {.kernel_size = {3, 2},
                                  .stride = {3, 2},
                                  .padding = {1, 0, 2, 1},
                                  .output_padding = {2, 1},
                                  .dilation = {1, 2},
                                  .groups = 2,
                                  .bias = false});
       }},
      {"x | linear(3)", [](T x, T) { return linear(x, 3); }},
      {"x | linear(3, bias=false)", [](T x, T) { return linear(x, 3, {.bias = false}); }},
      {"x | max_pool2d(2)", [](T x, T) { return max_pool2d(x, {.kernel_size = 2}); }},
      {"x | max_pool2d((3, 2), stride=(1, 3), padding=(1, 0, 0, 1), dilation=(1, 2), ceil_mode=true)",
       [](T x, T) {
         return max_pool2d(x, {.kernel_size = {3, 2},
                               .stride = Size2d(1, 3),
                               .padding = {1, 0, 0, 1},
                               .dilation = {1, 2},
                               .ceil_mode = true});
       }},
      {"x | avg_pool2d(2, padding=1)",
       [](T x, T) { return avg_pool2d(x, {.kernel_size = 2, .padding = 1}); }},
      {"x | avg_pool2d((3, 2), stride=(1, 3), padding=(1, 0, 0, 1), ceil_mode=true, count_include_pad=false)",
       [](T x, T) {
         return avg_pool2d(x, {.kernel_size = {3, 2},
                               .stride = Size2d(1, 3),
                               .padding = {1, 0, 0, 1},
                               .ceil_mode = true,
                               .count_include_pad = false});
       }},
      {"x | global_avg_pool2d", [](T x, T) { return global_avg_pool2d(x); }},
      {"x | global_max_pool2d", [](T x, T) { return global_max_pool2d(x); }},
      {"x | adaptive_avg_pool2d((2, 3))",
       [](T x, T) {
         return adaptive_avg_pool2d(x, {2, 3});
       }},
      {"x | adaptive_max_pool2d((2, 4))",
       [](T x, T) {
         return adaptive_max_pool2d(x, {2, 4});
       }},
      {"x | pad(1)", [](T x, T) { return pad(x, 1); }},
      {"x | pad((1, 2, 3, 4), value=0.5)",
       [](T x, T) {
         return pad(x, {1, 2, 3, 4}, "constant", 0.5);
       }},
      {"x | pad((1, 2), mode=\"reflect\")",
       [](T x, T) {
         return pad(x, {1, 2}, "reflect");
       }},
      {"x | pad(2, mode=\"edge\")", [](T x, T) { return pad(x, 2, "edge"); }},
      {"x | resize((7, 4))",
       [](T x, T) {
         return resize(x, {7, 4});
       }},
      {"x | resize((7, 4), mode=\"bilinear\", align_corners=true)",
       [](T x, T) {
         return resize(x, {7, 4}, "bilinear", true);
       }},
      {"x | batch_norm", [](T x, T) { return batch_norm(x); }},
      {"x | batch_norm(eps=0.1, momentum=0.5, affine=false)",
       [](T x, T) { return batch_norm(x, {.eps = 0.1, .momentum = 0.5, .affine = false}); }},
      {"x | flatten | batch_norm", [](T x, T) { return batch_norm(flatten(x)); }},
      {"x | batch_norm(eps=0.1)", [](T x, T) { return batch_norm2d(x, {.eps = 0.1}); }},
      {"x | layer_norm", [](T x, T) { return layer_norm(x); }},
      {"x | layer_norm(dims=2, eps=0.1, affine=false)",
       [](T x, T) { return layer_norm(x, {.dims = 2, .eps = 0.1, .affine = false}); }},
      {"x | group_norm(2)", [](T x, T) { return group_norm(x, 2); }},
      {"x | group_norm(2, eps=0.1, affine=false)",
       [](T x, T) { return group_norm(x, 2, {.eps = 0.1, .affine = false}); }},
      {"x | instance_norm", [](T x, T) { return instance_norm(x); }},
      {"x | instance_norm(eps=0.1, affine=true)",
       [](T x, T) { return instance_norm(x, {.eps = 0.1, .affine = true}); }},
      {"x | local_response_norm(3)", [](T x, T) { return local_response_norm(x, 3); }},
      {"x | local_response_norm(2, alpha=0.5, beta=0.25, k=2.0)",
       [](T x, T) { return local_response_norm(x, 2, 0.5, 0.25, 2); }},
      {"x | relu", [](T x, T) { return relu(x); }},
      {"x | sigmoid", [](T x, T) { return sigmoid(x); }},
      {"x | tanh", [](T x, T) { return tanh(x); }},
      {"x | leaky_relu", [](T x, T) { return leaky_relu(x); }},
      {"x | leaky_relu(0.3)", [](T x, T) { return leaky_relu(x, 0.3); }},
      {"x | elu", [](T x, T) { return elu(x); }},
      {"x | elu(0.5)", [](T x, T) { return elu(x, 0.5); }},
      {"x | selu", [](T x, T) { return selu(x); }},
      {"x | gelu", [](T x, T) { return gelu(x); }},
      {"x | gelu(approximate=\"tanh\")", [](T x, T) { return gelu(x, "tanh"); }},
      {"x | silu", [](T x, T) { return silu(x); }},
      {"x | hard_sigmoid", [](T x, T) { return hard_sigmoid(x); }},
      {"x | hard_swish", [](T x, T) { return hard_swish(x); }},
      {"x | softplus", [](T x, T) { return softplus(x); }},
      {"x | softplus(beta=2.0, threshold=1.0)", [](T x, T) { return softplus(x, 2, 1); }},
      {"x | relu6", [](T x, T) { return relu6(x); }},
      {"x | clip(-0.5, 0.25)", [](T x, T) { return clip(x, -0.5, 0.25); }},
      {"x | prelu", [](T x, T) { return prelu(x); }},
      {"x | prelu(num_parameters=4)", [](T x, T) { return prelu(x, {.num_parameters = 4}); }},
      {"x | dropout", [](T x, T) { return dropout(x); }},
      {"x | dropout(p=0.0)", [](T x, T) { return dropout(x, 0); }},
      {"x | flatten", [](T x, T) { return flatten(x); }},
      {"x | flatten(start_dim=2, end_dim=3)", [](T x, T) { return flatten(x, 2, 3); }},
      {"concat(x, y)",
       [](T x, T y) {
         return concat({x, y});
       }},
      {"concat(x, y, x, dim=-1)",
       [](T x, T y) {
         return concat({x, y, x}, -1);
       }},
      {"x | slice(2, 1, 4)", [](T x, T) { return slice(x, 2, 1, 4); }},
      {"x | slice(-1, -5, -1, step=2)", [](T x, T) { return slice(x, -1, -5, -1, 2); }},
      {"x | softmax(-1)", [](T x, T) { return softmax(x); }},
      {"x | softmax(1)", [](T x, T) { return softmax(x, 1); }},
      {"x | log_softmax(-1)", [](T x, T) { return log_softmax(x); }},
      {"x | log_softmax(1)", [](T x, T) { return log_softmax(x, 1); }},
      {"x | identity", [](T x, T) { return identity(x); }},
      {"add(x, y)", [](T x, T y) { return x + y; }},
      {"sub(x, y)", [](T x, T y) { return x - y; }},
      {"mul(x, y)", [](T x, T y) { return x * y; }},
      {"div(x, y)", [](T x, T y) { return x / y; }},
      {"maximum(x, y)", [](T x, T y) { return maximum(x, y); }},
      {"minimum(x, y)", [](T x, T y) { return minimum(x, y); }},
  };
}

// The rows of docs/language.md: "| `conv2d(x, ...".
std::set<std::string> layers_of_the_language() {
  std::set<std::string> names;
  std::ifstream doc(source_path("docs/language.md"));
  for (std::string line; std::getline(doc, line);) {
    const size_t end = line.find('(');
    if (line.starts_with("| `") && end != std::string::npos) names.insert(line.substr(3, end - 3));
  }
  return names;
}

// What of a pair's text is called: the last of a chain, or a function of several values.
std::string layer_of(const std::string& text) {
  const size_t bar = text.rfind("| ");
  const std::string call = bar == std::string::npos ? text : text.substr(bar + 2);
  return call.substr(0, call.find('('));
}

std::string types_of(const std::vector<TensorInfo>& infos) {
  std::string text;
  for (const TensorInfo& info : infos) text += to_string(TensorInfo{"", info.dtype, info.shape}) + "\n";
  return text;
}

// Numbers of both signs, most of them small, for the elements of the tensors: weights too, and 1.5 for
// variances.
std::vector<float> numbers(int64_t count, int first) {
  std::vector<float> values(count);
  for (int64_t i = 0; i < count; ++i)
    values[i] = static_cast<float>(2 * std::sin(1.7 * static_cast<double>(i + first)) + 0.1);
  return values;
}

// The results for some input, with weights that go by their order.
std::vector<float> result_of(Model model) {
  for (const TensorInfo& info : model.parameters()) model.write(info.name, numbers(info.count(), 7));
  for (const TensorInfo& info : model.states())
    model.write(info.name, std::vector<float>(info.count(), 1.5F));
  InferenceSession session(model, {.batch_size = 2, .execution = {.backend = "reference", .threads = 1}});
  std::vector<float> result(session.outputs()[0].count());
  const auto x = numbers(session.inputs()[0].count(), 0), y = numbers(session.inputs()[1].count(), 3);
  session.run({x, y}, {result});
  return result;
}

TEST(BuilderLayers, AreAllOfTheLanguage) {
  std::set<std::string> made;
  for (const Pair& pair : pairs()) made.insert(layer_of(pair.text));
  EXPECT_EQ(made, layers_of_the_language());
}

TEST(BuilderLayers, AreWhatTheLanguageMakes) {
  for (const Pair& pair : pairs()) {
    SCOPED_TRACE(pair.text);
    ModelBuilder builder;
    const T x = builder.input("x", {"N", 4, 5, 6}), y = builder.input("y", {"N", 4, 5, 6});
    Model built = builder.build(pair.build(x, y));
    Model parsed = Model::parse("model m {\n  input x: f32[N, 4, 5, 6]\n  input y: f32[N, 4, 5, 6]\n  " +
                                pair.text + "\n}\n");
    EXPECT_EQ(types_of(built.outputs()), types_of(parsed.outputs()));
    EXPECT_EQ(types_of(built.parameters()), types_of(parsed.parameters()));
    EXPECT_EQ(types_of(built.states()), types_of(parsed.states()));
    EXPECT_EQ(result_of(std::move(built)), result_of(std::move(parsed)));
  }
}

// Momentum shows in training alone.
TEST(BuilderLayers, TrainAsThoseOfTheLanguage) {
  ModelBuilder builder;
  const T x = builder.input("x", {"N", 4});
  Model built = builder.build(linear(batch_norm(x, {.momentum = 0.25}), 2));
  Model parsed =
      Model::parse("model m {\n  input x: f32[N, 4]\n  x | batch_norm(momentum=0.25) | linear(2)\n}\n");
  std::vector<std::vector<float>> states;
  for (Model* model : {&built, &parsed}) {
    for (const TensorInfo& info : model->parameters()) model->write(info.name, numbers(info.count(), 7));
    TrainingSession session(*model,
                            {.batch_size = 8, .loss = Loss::mse, .execution = {.backend = "reference"}});
    session.step(numbers(32, 0), numbers(16, 5));
    for (const auto& infos : {model->parameters(), model->states()})
      for (const TensorInfo& info : infos) model->read(info.name, states.emplace_back(info.count()));
  }
  ASSERT_EQ(states.size() % 2, 0u);
  for (size_t i = 0; i < states.size() / 2; ++i) EXPECT_EQ(states[i], states[i + states.size() / 2]) << i;
}

}  // namespace
}  // namespace sinter
