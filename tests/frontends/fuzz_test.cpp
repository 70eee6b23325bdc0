#include <gtest/gtest.h>

#include <array>
#include <fstream>
#include <random>
#include <sstream>

#include "frontends/sinter/embedded_models.h"
#include "frontends/sinter/load.h"
#include "tests/source_path.h"

namespace sinter {
namespace {

constexpr std::array<std::string_view, 34> fragments = {"{",        "}",
                                                        "(",        ")",
                                                        "[",        "]",
                                                        "|",        ",",
                                                        "=",        ":",
                                                        "-",        "\"",
                                                        "0",        "1",
                                                        "-1",       "99",
                                                        "1e9",      "0.5",
                                                        "in",       "image",
                                                        "main",     "if",
                                                        "else",     "repeat",
                                                        "true",     "conv2d",
                                                        "relu ",    "not ",
                                                        "model ",   std::string_view("\0", 1),
                                                        "block b ", "\xff",
                                                        "% 0 ",     " 9223372036854775807 "};

// Swaps, drops, repeats and inserts pieces: what editing goes through, and what it never would.
std::string mutate(std::string text, std::mt19937& random) {
  const auto below = [&](size_t bound) { return std::uniform_int_distribution<size_t>(0, bound)(random); };
  for (size_t edits = 1 + below(1); edits > 0; --edits) {
    const size_t at = below(text.size());
    const std::string piece = text.substr(at, 1 + below(30));
    switch (below(4)) {
      case 0:
        text.erase(at, piece.size());
        break;
      case 1:
        text.insert(below(text.size()), piece);
        break;
      case 2:
        text.insert(at, fragments[below(fragments.size() - 1)]);
        break;
      case 3:
        text.replace(at, std::min<size_t>(1, text.size() - at), 1, static_cast<char>(below(255)));
        break;
      default:
        text.replace(at, piece.size(), fragments[below(fragments.size() - 1)]);
        break;
    }
  }
  return text;
}

std::vector<std::string> seeds() {
  std::vector<std::string> texts;
  for (const std::string_view name : embedded_model_names()) texts.emplace_back(*embedded_model(name));
  std::stringstream golden;
  golden << std::ifstream(source_path("tests/frontends/models.txt")).rdbuf();
  const std::string cases = golden.str();
  for (size_t at = cases.find("==== "); at != std::string::npos; at = cases.find("==== ", at)) {
    const size_t begin = cases.find('\n', at) + 1;
    at = cases.find("\n---- ", begin);
    texts.push_back(cases.substr(begin, at - begin));
  }
  return texts;
}

TEST(ModelFuzz, AMutatedModelLoadsOrIsRefusedWithAPlace) {
  constexpr int rounds = 20000;
  std::mt19937 random(20);
  const auto texts = seeds();
  int loaded = 0, refused = 0;
  for (int round = 0; round < rounds; ++round) {
    const std::string text = mutate(texts[round % texts.size()], random);
    SCOPED_TRACE(fmt::format("round {}:\n{}", round, text));
    try {
      load_model(text, "m.sinter");
      ++loaded;
    } catch (const InputError& error) {
      EXPECT_GE(error.location().line, 1);
      EXPECT_GE(error.location().column, 1);
      ++refused;
    }
  }
  EXPECT_GT(loaded, rounds / 100);
  EXPECT_GT(refused, rounds / 3);
}

}  // namespace
}  // namespace sinter
