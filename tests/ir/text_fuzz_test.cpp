#include <gtest/gtest.h>

#include "ir/text.h"
#include "ir/verify.h"
#include "tests/random/random_graph.h"

/// Damaged text must end in an InputError or in a graph; a graph that verifies must print and parse.
namespace sinter {
namespace {

constexpr std::string_view fragments[] = {"%",
                                          "(",
                                          ")",
                                          "{",
                                          "}",
                                          "[",
                                          "]",
                                          ",",
                                          "->",
                                          ":",
                                          "=",
                                          "@",
                                          "\"",
                                          "_",
                                          "\n",
                                          "#",
                                          "-1",
                                          "0",
                                          "1",
                                          "2",
                                          "99999999999999999999",
                                          "1000000",
                                          "inf",
                                          "-nan",
                                          "1e999",
                                          "N",
                                          "f32",
                                          "bf16",
                                          "bool",
                                          "param",
                                          "state",
                                          "const",
                                          "return",
                                          "into",
                                          "fusion",
                                          "relu",
                                          "add",
                                          "sidecar(0)",
                                          "true",
                                          "mean",
                                          "{aBcd16b}",
                                          "{opaque(x, 7)}",
                                          "\\x",
                                          "axis = 7",
                                          "\x80",
                                          "f32[0, 9223372036854775807]",
                                          "4611686018427387904",
                                          "{padding = [1, 1, 1, 1]}"};

std::string mutated(std::string text, RandomEngine& random) {
  for (int64_t edits = random_integer(random, 1, 4); edits > 0; --edits) {
    const auto at = random_integer(random, 0, static_cast<int64_t>(text.size()));
    const auto length = random_integer(random, 0, 12);
    switch (random_integer(random, 0, 4)) {
      case 0:
        text.erase(at, length);
        break;
      case 1:
        text.insert(at, fragments[random_integer(random, 0, std::ssize(fragments) - 1)]);
        break;
      case 2:
        text.insert(at,
                    text.substr(random_integer(random, 0, static_cast<int64_t>(text.size())), 10 * length));
        break;
      case 3:
        text.replace(at, length, fragments[random_integer(random, 0, std::ssize(fragments) - 1)]);
        break;
      default:
        if (at < std::ssize(text)) text[at] = static_cast<char>(random_integer(random, 0, 255));
    }
  }
  return text;
}

// Whether the text parsed and verified.
bool survives(std::string_view text, std::span<const std::byte> sidecar) {
  try {
    const Graph graph = parse(text, "fuzz", sidecar);
    if (!verify(graph).empty()) return false;
    std::vector<std::byte> bytes, again;
    const std::string printed = print(graph, &bytes);
    const Graph parsed = parse(printed, "printed", bytes);
    EXPECT_EQ(parsed, graph) << printed;
    EXPECT_EQ(print(parsed, &again), printed);
    return true;
  } catch (const InputError&) {
    return false;
  }
}

TEST(TextFuzz, MutatedGraphs) {
  int survivors = 0;
  for (int seed = 0; seed < 60; ++seed) {
    RandomEngine random(seed);
    const auto made = random_graph(random, {.nodes = 4});
    std::vector<std::byte> sidecar;
    const std::string text = print(made.graph, &sidecar);
    for (int round = 0; round < 100; ++round) {
      const std::string damaged = mutated(text, random);
      SCOPED_TRACE(fmt::format("seed {}, round {}:\n{}", seed, round, damaged));
      EXPECT_NO_THROW(survivors += survives(damaged, sidecar));
      if (HasFailure()) return;
    }
  }
  EXPECT_GT(survivors, 50) << "mutations so heavy that none is a graph test nothing but the first error";
}

TEST(TextFuzz, RandomBytes) {
  RandomEngine random(1);
  for (int round = 0; round < 2000; ++round) {
    std::string text = round % 2 ? "graph g(" : "";
    for (int64_t i = random_integer(random, 0, 60); i > 0; --i)
      text += static_cast<char>(random_integer(random, 0, 255));
    SCOPED_TRACE(text);
    EXPECT_NO_THROW(survives(text, {}));
    if (HasFailure()) return;
  }
}

TEST(TextFuzz, RandomTokens) {
  RandomEngine random(2);
  for (int round = 0; round < 4000; ++round) {
    std::string text = round % 2 ? "graph g(%x: f32[2]) -> (f32[2]) { %1 = " : "graph g(";
    for (int64_t i = random_integer(random, 0, 20); i > 0; --i)
      text += std::string(fragments[random_integer(random, 0, std::ssize(fragments) - 1)]) + " ";
    SCOPED_TRACE(text);
    EXPECT_NO_THROW(survives(text, {}));
    if (HasFailure()) return;
  }
}

TEST(TextFuzz, DeepNestingIsRefused) {
  const auto nested = [](int depth) {
    std::string text = "graph g(%x: f32[]) -> (f32[]) {\n";
    for (int i = 0; i < depth; ++i) text += fmt::format("%{} = fusion(%x) (%x: f32[]) {{\n", i + 1);
    text += "return %x\n";
    for (int i = depth; i > 0; --i) text += fmt::format("}} : f32[]\nreturn %{}\n", i);
    return text + "}\n";
  };
  EXPECT_TRUE(survives(nested(20), {}));
  EXPECT_FALSE(survives(nested(32), {}));
  EXPECT_FALSE(survives(nested(100000), {}));
}

TEST(TextFuzz, LongLinesAndHugeNumbers) {
  EXPECT_FALSE(survives(std::string(10'000'000, 'x'), {}));
  EXPECT_FALSE(survives("graph g(" + std::string(1'000'000, '('), {}));
  const std::string head = "graph g() -> (f32[]) {\n";
  for (const std::string_view line :
       {"const %1: f32[1000000000000] = [1]", "const %1: f32[1000000000000] = sidecar(0)",
        "const %1: f32[4] = sidecar(9223372036854775807)", "const %1: i8[1] = [128]",
        "const %1: f32[99999999999999999999] = [1]"})
    EXPECT_FALSE(survives(head + std::string(line) + "\nreturn %1\n}\n", {})) << line;
}

}  // namespace
}  // namespace sinter
