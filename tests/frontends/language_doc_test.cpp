#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "frontends/sinter/layers.h"
#include "frontends/sinter/load.h"
#include "ir/graph.h"
#include "tests/source_path.h"

namespace sinter {
namespace {

std::string language_doc() {
  std::stringstream text;
  text << std::ifstream(source_path("docs/language.md")).rdbuf();
  return text.str();
}

TEST(LanguageDoc, DescribesEveryLayerAsItIs) {
  const std::string doc = language_doc();
  for (const language::LayerDef& layer : language::layer_table())
    EXPECT_NE(doc.find("| `" + std::string(layer.signature) + "` |"), std::string::npos) << layer.signature;
}

// The blocks between ```sinter and ``` are whole files.
TEST(LanguageDoc, ItsExamplesAreModels) {
  const std::string doc = language_doc();
  const std::string open = "```sinter\n", close = "```";
  int examples = 0;
  for (size_t at = doc.find(open); at != std::string::npos; at = doc.find(open, at)) {
    at += open.size();
    const std::string example = doc.substr(at, doc.find(close, at) - at);
    EXPECT_EQ(load_model(example, "docs/language.md").results().size(), 1u) << example;
    ++examples;
  }
  EXPECT_GE(examples, 3);
}

}  // namespace
}  // namespace sinter
