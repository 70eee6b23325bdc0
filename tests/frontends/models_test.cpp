#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <tuple>

#include "frontends/sinter/embedded_models.h"
#include "frontends/sinter/load.h"
#include "ir/text.h"
#include "ir/verify.h"
#include "tests/golden.h"

namespace sinter {
namespace {

std::string model_text(std::string_view name) { return std::string(embedded_model(name).value()); }

// A case is a model, or `include NAME` for one of models/.
std::string printed(const GoldenCase& golden) {
  constexpr std::string_view include = "include ";
  const std::string& model = golden.input;
  const bool included = model.starts_with(include);
  const std::string text =
      included ? model_text(model.substr(include.size(), model.find('\n') - include.size())) : model;
  const Graph graph = load_model(text, "m.sinter", {golden.settings});
  verify_or_fail(graph, golden.name);
  return print(graph);
}

TEST(Models, BecomeTheseGraphs) { check_golden("frontends/models.txt", printed); }

std::vector<std::string> layer_shapes(std::string_view model) {
  const Graph graph = load_model(model_text(model), model);
  std::vector<std::string> shapes;
  for (const Node& node : graph.nodes())
    shapes.push_back(fmt::format("{} {} {}", node.source, to_string(node.op),
                                 to_string(graph.type(node.results[0]).shape)));
  return shapes;
}

TEST(Models, LeNetHasTheTextbooksLayerTable) {
  EXPECT_EQ(layer_shapes("lenet"), (std::vector<std::string>{
                                       "0 conv2d [N, 6, 28, 28]",
                                       "1 sigmoid [N, 6, 28, 28]",
                                       "2 avg_pool2d [N, 6, 14, 14]",
                                       "3 conv2d [N, 16, 10, 10]",
                                       "4 sigmoid [N, 16, 10, 10]",
                                       "5 avg_pool2d [N, 16, 5, 5]",
                                       "6 flatten [N, 400]",
                                       "7 linear [N, 120]",
                                       "8 sigmoid [N, 120]",
                                       "9 linear [N, 84]",
                                       "10 sigmoid [N, 84]",
                                       "11 linear [N, 10]",
                                   }));
}

// The shapes behind each of these ops.
std::vector<std::string> shapes_behind(std::string_view model, std::initializer_list<std::string_view> ops) {
  std::vector<std::string> shapes;
  for (const std::string& layer : layer_shapes(model))
    for (const std::string_view op : ops)
      if (layer.find(fmt::format(" {} ", op)) != std::string::npos)
        shapes.push_back(layer.substr(layer.find('[')));
  return shapes;
}

TEST(Models, Vgg11HasTheTextbooksShapes) {
  EXPECT_EQ(shapes_behind("vgg11", {"max_pool2d", "flatten", "linear"}),
            (std::vector<std::string>{"[N, 64, 112, 112]", "[N, 128, 56, 56]", "[N, 256, 28, 28]",
                                      "[N, 512, 14, 14]", "[N, 512, 7, 7]", "[N, 25088]", "[N, 4096]",
                                      "[N, 4096]", "[N, 10]"}));
}

TEST(Models, Vgg11OfAQuarterWidthHasAQuarterOfTheChannels) {
  const Graph graph = load_model(model_text("vgg11"), "vgg11", {{{"width", "0.25"}}});
  std::vector<int64_t> channels;
  for (const Node& node : graph.nodes())
    if (node.op == OpKind::conv2d) channels.push_back(graph.type(node.results[0]).shape[1].size);
  EXPECT_EQ(channels, (std::vector<int64_t>{16, 32, 64, 64, 128, 128, 128, 128}));
}

bool has_year(std::string_view text) {
  for (size_t at = text.find_first_of("12"); at != std::string_view::npos;
       at = text.find_first_of("12", at + 1)) {
    const std::string_view word = text.substr(at, 4);
    const bool digits =
        word.size() == 4 && std::ranges::all_of(word, [](unsigned char c) { return std::isdigit(c); });
    if (digits && (word.starts_with("19") || word.starts_with("20"))) return true;
  }
  return false;
}

// A paper's title and year; each model of the book also has its chapter.
TEST(Models, EachBeginsWithItsSource) {
  for (const std::string_view name : embedded_model_names()) {
    const std::string text = model_text(name), comment = text.substr(0, text.find("\nmodel "));
    const size_t end_of_title = comment.rfind('"');
    ASSERT_NE(end_of_title, std::string::npos) << comment;
    EXPECT_TRUE(has_year(comment.substr(end_of_title))) << comment;
  }
  for (const auto& [name, chapter] : std::map<std::string, std::string>{{"lenet", "7.6"},
                                                                        {"lenet_relu", "7.6"},
                                                                        {"alexnet", "8.1"},
                                                                        {"vgg11", "8.2"},
                                                                        {"nin", "8.3"},
                                                                        {"googlenet", "8.4"},
                                                                        {"resnet18", "8.6"}}) {
    std::string text = model_text(name);
    std::erase_if(text, [](char c) { return c == '#' || c == '\n'; });
    EXPECT_NE(text.find("Deep Learning " + chapter), std::string::npos) << name;
  }
}

TEST(Models, NinHasTheTextbooksShapes) {
  EXPECT_EQ(shapes_behind("nin", {"max_pool2d", "global_avg_pool2d", "flatten"}),
            (std::vector<std::string>{"[N, 96, 26, 26]", "[N, 256, 12, 12]", "[N, 384, 5, 5]",
                                      "[N, 10, 1, 1]", "[N, 10]"}));
}

TEST(Models, AlexNetHasTheTextbooksShapes) {
  EXPECT_EQ(shapes_behind("alexnet", {"max_pool2d", "flatten", "linear"}),
            (std::vector<std::string>{"[N, 96, 26, 26]", "[N, 256, 12, 12]", "[N, 256, 5, 5]", "[N, 6400]",
                                      "[N, 4096]", "[N, 4096]", "[N, 10]"}));
}

TEST(Models, GoogLeNetJoinsFourWays) {
  EXPECT_EQ(shapes_behind("googlenet", {"concat", "linear"}),
            (std::vector<std::string>{"[N, 256, 12, 12]", "[N, 480, 12, 12]", "[N, 512, 6, 6]",
                                      "[N, 512, 6, 6]", "[N, 512, 6, 6]", "[N, 528, 6, 6]", "[N, 832, 6, 6]",
                                      "[N, 832, 3, 3]", "[N, 1024, 3, 3]", "[N, 10]"}));
}

TEST(Models, TheReluVariantHasTheSameShapes) {
  const auto sigmoid = layer_shapes("lenet"), relu = layer_shapes("lenet_relu");
  ASSERT_EQ(sigmoid.size(), relu.size());
  for (size_t i = 0; i < relu.size(); ++i)
    EXPECT_EQ(sigmoid[i].substr(sigmoid[i].find('[')), relu[i].substr(relu[i].find('[')));
}

TEST(Models, ResNet18HasTheTextbooksShapes) {
  const auto shapes = layer_shapes("resnet18");
  const auto shape_of = [&](std::string_view layer) {
    for (const std::string& each : shapes)
      if (each.starts_with(std::string(layer) + " ")) return each.substr(each.find('['));
    return std::string("no such layer");
  };
  EXPECT_EQ(shape_of("0"), "[N, 64, 48, 48]");
  EXPECT_EQ(shape_of("3"), "[N, 64, 24, 24]");
  EXPECT_EQ(shape_of("5.main.4"), "[N, 64, 24, 24]");
  EXPECT_EQ(shape_of("6.main.4"), "[N, 128, 12, 12]");
  EXPECT_EQ(shape_of("6.side.0"), "[N, 128, 12, 12]");
  EXPECT_EQ(shape_of("8.main.4"), "[N, 256, 6, 6]");
  EXPECT_EQ(shape_of("11.main.4"), "[N, 512, 3, 3]");
  EXPECT_EQ(shape_of("12"), "[N, 512, 1, 1]");
  EXPECT_EQ(shape_of("14"), "[N, 10]");
}

using Settings = std::vector<std::pair<std::string, std::string>>;

// As many layers with weights as the name says: its convolutions, without the projections, and the last.
TEST(Models, ResNetsHaveTheirDepths) {
  const auto layers = [](std::string_view model, const Settings& settings) {
    const Graph graph = load_model(model_text(model), model, {settings});
    return std::ranges::count_if(graph.nodes(), [](const Node& node) {
      return node.op == OpKind::linear ||
             (node.op == OpKind::conv2d && node.source.find("side") == std::string::npos);
    });
  };
  EXPECT_EQ(layers("resnet18", {}), 18);
  EXPECT_EQ(layers("resnet18", {{"depth", "34"}}), 34);
  EXPECT_EQ(layers("resnet18", {{"depth", "50"}}), 50);
  EXPECT_EQ(layers("resnet50", {}), 50);
  EXPECT_EQ(layers("resnet50", {{"depth", "101"}}), 101);
  EXPECT_EQ(layers("resnet50", {{"depth", "152"}}), 152);
}

TEST(Models, OtherDepthsAndWidthsAreErrors) {
  const std::tuple<std::string, std::string, std::string, std::string> wrong[] = {
      {"resnet18", "depth", "20", "18, 34 or 50"},
      {"resnet50", "depth", "18", "50, 101 or 152"},
      {"resnext50", "depth", "152", "50 or 101"},
      {"densenet121", "depth", "20", "121, 161, 169 or 201"},
      {"vgg11", "width", "1/4", "more than 0, as 0.25; 1/4 of integers is 0"}};
  for (const auto& [model, name, value, expected] : wrong) {
    try {
      load_model(model_text(model), model, {{{name, value}}});
      ADD_FAILURE() << "no error for " << model;
    } catch (const InputError& error) {
      const std::string message = ": " + name + ": expected " + expected + "\n";
      EXPECT_NE(std::string(error.what()).find(message), std::string::npos) << error.what();
    }
  }
}

int64_t parameter_count(std::string_view model, Settings settings) {
  settings.insert(settings.end(), {{"classes", "1000"}, {"channels", "3"}});
  const Graph graph = load_model(model_text(model), model, {settings});
  int64_t count = 0;
  for (const ValueId id : graph.parameters()) count += element_count(graph.type(id).shape);
  return count;
}

TEST(Models, HaveAsManyParametersAsTorchvisions) {
  EXPECT_EQ(parameter_count("mobilenet_v2", {}), 3504872);
  EXPECT_EQ(parameter_count("resnet50", {}), 25557032);
  EXPECT_EQ(parameter_count("resnet50", {{"depth", "101"}}), 44549160);
  EXPECT_EQ(parameter_count("resnet50", {{"depth", "152"}}), 60192808);
  EXPECT_EQ(parameter_count("resnext50", {}), 25028904);                                        // 32x4d
  EXPECT_EQ(parameter_count("resnext50", {{"group_width", "8"}, {"depth", "101"}}), 88791336);  // 32x8d
  EXPECT_EQ(parameter_count("densenet121", {}), 7978856);
  EXPECT_EQ(parameter_count("densenet121", {{"depth", "161"}, {"growth", "48"}}), 28681000);
  EXPECT_EQ(parameter_count("densenet121", {{"depth", "169"}}), 14149480);
  EXPECT_EQ(parameter_count("densenet121", {{"depth", "201"}}), 20013928);
}

TEST(Models, DropoutCanBeTurnedOff) {
  for (const auto& [name, layers] : std::map<std::string, int>{
           {"vgg11", 2}, {"alexnet", 2}, {"nin", 1}, {"googlenet", 1}, {"mobilenet_v2", 1}}) {
    const std::string& model = name;
    const auto dropouts = [&](const Settings& settings) {
      const Graph graph = load_model(model_text(model), model, {settings});
      return std::ranges::count(graph.nodes(), OpKind::dropout, &Node::op);
    };
    EXPECT_EQ(dropouts({}), layers) << name;
    EXPECT_EQ(dropouts({{"dropout", "0"}}), 0) << name;
  }
}

TEST(Models, MobileNetV2HasItsPapersShapes) {
  EXPECT_EQ(
      shapes_behind("mobilenet_v2", {"add", "global_avg_pool2d", "linear"}),
      (std::vector<std::string>{"[N, 24, 56, 56]", "[N, 32, 28, 28]", "[N, 32, 28, 28]", "[N, 64, 14, 14]",
                                "[N, 64, 14, 14]", "[N, 64, 14, 14]", "[N, 96, 14, 14]", "[N, 96, 14, 14]",
                                "[N, 160, 7, 7]", "[N, 160, 7, 7]", "[N, 1280, 1, 1]", "[N, 10]"}));
}

TEST(Models, WindowsLineEndsAndAByteOrderMarkChangeNothing) {
  std::string windows = "\xef\xbb\xbf";
  for (const char c : model_text("lenet")) windows += c == '\n' ? std::string("\r\n") : std::string(1, c);
  EXPECT_EQ(load_model(windows, "m.sinter"), load_model(model_text("lenet"), "m.sinter"));
}

TEST(Models, ColumnsCountFromAfterTheByteOrderMarkAndLinesEndBeforeTheCarriageReturn) {
  try {
    load_model("\xef\xbb\xbfgraph\r\n", "m.sinter");
    FAIL() << "no error";
  } catch (const InputError& error) {
    EXPECT_EQ(error.location().column, 1);
    EXPECT_EQ(error.location().source_line, "graph");
  }
}

TEST(Models, ErrorsNameTheLayer) {
  try {
    load_model("model m {\n  input x: f32[N, 1, 4, 4]\n  y = x | relu | conv2d(1, 5)\n  y\n}\n", "m.sinter");
    FAIL() << "no error";
  } catch (const InputError& error) {
    EXPECT_EQ(error.location().node, "y.1");
  }
}

}  // namespace
}  // namespace sinter
