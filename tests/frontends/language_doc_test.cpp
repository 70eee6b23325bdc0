#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "frontends/sinter/layers.h"
#include "frontends/sinter/load.h"
#include "ir/error.h"
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

TEST(LanguageDoc, ItsErrorIsTheOneThatIsPrinted) {
  const std::string doc = language_doc();
  size_t begin = doc.find("```\n", doc.find("## Errors")) + 4;
  const std::string printed = doc.substr(begin, doc.find("\n```", begin) - begin);
  try {
    load_model("model m {\n  input image: f32[N, 1, 28, 28]\n  image | conv2d(6, kernel=5)\n}\n", "m.sinter");
    FAIL() << "no error";
  } catch (const InputError& error) {
    EXPECT_EQ(error.what(), printed);
  }
}

}  // namespace
}  // namespace sinter
