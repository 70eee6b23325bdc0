#include "ir/text.h"

#include <gtest/gtest.h>

#include <fstream>
#include <limits>
#include <sstream>

#include "ir/build.h"
#include "ir/verify.h"
#include "tests/random/random_graph.h"
#include "tests/source_path.h"

namespace sinter {
namespace {

void expect_round_trip(const Graph& graph) {
  std::vector<std::byte> sidecar, again;
  const std::string text = print(graph, &sidecar);
  const Graph parsed = parse(text, "<printed>", sidecar);
  EXPECT_EQ(parsed, graph) << text;
  EXPECT_EQ(print(parsed, &again), text);
  EXPECT_EQ(again, sidecar);
}

TEST(Text, RandomGraphsRoundTrip) {
  for (int seed = 0; seed < 150; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    RandomEngine random(seed);
    const auto made =
        random_graph(random, {.nodes = 3 + seed % 15, .floating = seed % 2 ? DType::f64 : DType::f32});
    ASSERT_TRUE(verify(made.graph).empty()) << print(made.graph);
    expect_round_trip(made.graph);
    if (HasFailure()) return;
  }
}

TEST(Text, EqualRandomSeedsGiveEqualGraphs) {
  RandomEngine one(7), same(7), other(8);
  const Graph graph = random_graph(one).graph;
  EXPECT_EQ(graph, random_graph(same).graph);
  EXPECT_NE(graph, random_graph(other).graph);
}

// The example stops in the midst, where its result is ended here.
TEST(Text, TheDocumentationsExampleIsCanonical) {
  std::stringstream file;
  file << std::ifstream(source_path("docs/ir.md")).rdbuf();
  const std::string doc = file.str();
  const size_t begin = doc.find("```\n") + 4;
  std::string text = doc.substr(begin, doc.find("  ...\n") - begin) + "  return %5\n}\n";
  const std::string results = "-> (f32[N, 10])";
  text.replace(text.find(results), results.size(), "-> (f32[N, 6, 14, 14])");
  EXPECT_EQ(print(parse(text, "docs/ir.md")), text);
}

constexpr std::string_view canonical[] = {
    R"(graph empty() -> () {
  return
}
)",
    R"(graph lenet(%image: f32[N, 1, 28, 28]) -> (f32[N, 6, 14, 14], u8[N, 6, 14, 14]) {
  param %0.weight: f32[6, 1, 5, 5]
  param %0.bias: f32[6]
  %1 = conv2d(%image, %0.weight, %0.bias) {padding = [2, 2, 2, 2]} : f32[N, 6, 28, 28]  @ "0"
  %2 = sigmoid(%1) : f32[N, 6, 28, 28]  @ "1"
  %3, %4 = max_pool2d_argmax(%2) {kernel_size = [2, 2]} : f32[N, 6, 14, 14], u8[N, 6, 14, 14]
  return %3, %4
}
)",
    R"(graph layouts(%x: f32[N, 3, 8, 8]{aBcd16b}) -> (f32[N, 3, 8, 8]{Abcd16a}, f32[N, 3, 8, 8]{opaque(onednn, 64)}) {
  param %w: f32[3, 3, 1, 1]{ABcd16b16a}
  %1 = conv2d(%x, %w) : f32[N, 3, 8, 8]{Abcd16a}
  %2 = relu(%1) : f32[N, 3, 8, 8]{opaque(onednn, 64)}
  return %1, %2
}
)",
    R"(graph fused(%x: f32[4, 8]) -> (f32[4, 8]) {
  const %1: f32[] = 0.5
  %2 = fusion(%x, %1) (%a: f32[4, 8], %b: f32[]) {
    const %3: f32[] = 2
    %4 = mul(%a, %3) : f32[4, 8]
    %5, %6 = fusion(%4, %b) (%a: f32[4, 8]{Ab16a}, %b: f32[]) {
      %7 = add(%a, %b) : f32[4, 8]
      return %7, %7
    } : f32[4, 8], f32[4, 8]  @ "inner"
    %8 = sub(%5, %6) : f32[4, 8]
    return %8
  } : f32[4, 8]
  return %2
}
)",
    R"(graph step(%x: f32[2], %lr: f32[]) -> (loss: f32[], "0.weight": f32[2], "0.weight velocity": f32[2]) {
  param %0.weight: f32[2]
  state %"0.weight velocity": f32[2]
  %1 = mul(%0.weight, %x) : f32[2]
  %2 = sum(%1) : f32[]
  %3, %4 = sgd_update(%0.weight, %x, %lr, %"0.weight velocity") {momentum = 0.9} : f32[2], f32[2]
  return %2, %3 into %0.weight, %4 into %"0.weight velocity"
}
)",
    R"(graph absent(%p: f64[2], %lr: f64[], %ok: bool[]) -> (f64[2]) {
  %1 = sgd_update(%p, %p, %lr, _, %ok) : f64[2]
  return %1
}
)",
    R"(graph "with spaces.and-dots"(%"": f32[], %"1": f32[], %"#2": f32[], %"a \"quoted\" \\ \x0a name": f32[]) -> (f32[]) {
  return %""
}
)",
    R"(graph attributes(%x: f32[2, 3, 4]) -> ("f32": bool[2, 3, 4], "2nd": i64[2, 4]) {
  %1 = leaky_relu(%x) {alpha = 1e-05} : f32[2, 3, 4]
  %2 = transpose(%1) {permutation = [0, 2, 1]} : f32[2, 4, 3]
  %3 = argmax(%2) : i64[2, 4]
  %4 = cast(%x) {dtype = bool} : bool[2, 3, 4]
  return %4, %3
}
)",
    R"(graph constants() -> (f32[5], f64[], i8[2, 2], u8[1], i32[], i64[2], bool[2], f32[0, 3]) {
  const %1: f32[5] = [0.1, -0, 1e+20, inf, -inf]
  const %2: f64[] = 0.1
  const %3: i8[2, 2] = [-128, 127, 0, 1]
  const %4: u8[1] = [255]
  const %5: i32[] = -2147483648
  const %6: i64[2] = [9223372036854775807, -9223372036854775808]
  const %7: bool[2] = [true, false]
  const %8: f32[0, 3] = []
  return %1, %2, %3, %4, %5, %6, %7, %8
}
)",
};

TEST(Text, CanonicalTextPrintsTheSame) {
  for (const std::string_view text : canonical) EXPECT_EQ(print(parse(text)), text);
}

TEST(Text, SpaceCommentsAndNumbersDoNotMatter) {
  const Graph loose = parse(
      "graph g(%x:f32[2])->(f32[2]){# a comment\n%7=relu ( %x ):f32[ 2 ]\n\n%2=relu(%7):f32[2] return %2}");
  const Graph tidy = parse(
      "graph g(%x: f32[2]) -> (f32[2]) {\n  %1 = relu(%x) : f32[2]\n  %2 = relu(%1) : f32[2]\n  return "
      "%2\n}\n");
  EXPECT_EQ(loose, tidy);
  EXPECT_EQ(print(loose), print(tidy));
}

TEST(Text, TrailingAbsentOperandsAreLeftOut) {
  const std::string_view with =
      "graph g(%x: f32[1, 2], %w: f32[3, 2]) -> (f32[1, 3]) {\n  %1 = linear(%x, %w, _) : f32[1, 3]\n  "
      "return %1\n}\n";
  const std::string text = print(parse(with));
  EXPECT_NE(text.find("linear(%x, %w) :"), std::string::npos) << text;
}

TEST(Text, NansAndWideConstantsKeepTheirBits) {
  Graph graph;
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  for (const DType type : {DType::f32, DType::f64})
    for (const double value : {nan, -nan, 0.1, -0.0, 1e-320, 1.7976931348623157e308})
      if (type == DType::f64 || !(value > 1e300)) graph.add_result(graph.scalar(type, value));
  RandomEngine random(3);
  for (const DType type :
       {DType::f32, DType::f64, DType::i8, DType::u8, DType::i32, DType::i64, DType::boolean})
    graph.add_result(graph.constant(random_tensor({type, {3, 7}, {}}, Domain::any, 1, random)));
  graph.add_result(graph.constant(Tensor(DType::bf16, {2})));
  expect_round_trip(graph);
}

TEST(Text, WithoutASidecarWideConstantsAreABug) {
  Graph graph;
  graph.constant(Tensor(DType::f32, {17}));
  EXPECT_THROW(print(graph), InternalError);
}

TEST(Text, AnyNameRoundTrips) {
  std::string all;
  for (int c = 0; c < 256; ++c) all += static_cast<char>(c);
  for (const std::string& name :
       {all, std::string("return"), std::string("_"), std::string("#1"), std::string("12"), std::string("-"),
        std::string("f32"), std::string("a.b/c-d$e"), std::string("\\x41")}) {
    Graph graph;
    graph.name = name;
    const Value x = graph.input(name, {DType::f32, {"N"}, {}});
    graph.parameter(name + "p", {DType::f32, {}, {}});
    graph.at({.node = name});
    graph.add_result(relu(x), name);
    graph.at({});
    expect_round_trip(graph);
  }
}

TEST(Text, DuplicateScalarConstantsBecomeOne) {
  const Graph graph =
      parse("graph g() -> (f32[], f32[]) {\nconst %1: f32[] = 2\nconst %2: f32[] = 2\nreturn %1, %2\n}");
  EXPECT_EQ(graph.constants().size(), 1U);
  expect_round_trip(graph);
}

TEST(Text, LoopsOverSlabsHaveABodyAndARemainder) {
  const std::string text = R"(graph f(%x: f32[20, 4]) -> (f32[20, 4]) {
  %1 = slab_loop(%x) {slab = 16, lanes = 2} (%a: f32[16, 4]) {
    %2 = relu(%a) : f32[16, 4]
    return %2
  } remainder (%a: f32[4, 4]) {
    %3 = relu(%a) : f32[4, 4]
    return %3
  } : f32[20, 4]
  return %1
}
)";
  const Graph graph = parse(text);
  EXPECT_EQ(print(graph), text);
  EXPECT_EQ(parse(print(graph)), graph);
}

}  // namespace
}  // namespace sinter
