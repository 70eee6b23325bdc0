#include "frontends/sinter/embedded_models.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "frontends/sinter/load.h"
#include "tests/source_path.h"

namespace sinter {
namespace {

TEST(EmbeddedModels, AreTheFilesOfTheFolder) {
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(source_path("models"))) {
    if (entry.path().extension() != ".sinter") continue;
    files.push_back(entry.path().stem());
    std::stringstream text;
    text << std::ifstream(entry.path()).rdbuf();
    EXPECT_EQ(embedded_model(files.back()), text.str());
  }
  std::ranges::sort(files);
  const auto names = embedded_model_names();
  EXPECT_TRUE(std::ranges::equal(names, files));
}

TEST(EmbeddedModels, AreModelsOfTheirName) {
  for (const std::string_view name : embedded_model_names())
    EXPECT_EQ(load_model(embedded_model(name).value(), name).name, name);
}

TEST(EmbeddedModels, TakeGreyAndColour) {
  for (const std::string_view name : embedded_model_names())
    for (const int64_t channels : {1, 3}) {
      const Graph graph =
          load_model(embedded_model(name).value(), name, {{{"channels", std::to_string(channels)}}});
      EXPECT_EQ(graph.type(graph.inputs()[0]).shape[1], Dim(channels)) << name;
    }
}

TEST(EmbeddedModels, AnUnknownNameIsNone) { EXPECT_EQ(embedded_model("no_such_model"), std::nullopt); }

}  // namespace
}  // namespace sinter
