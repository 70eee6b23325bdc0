#include "cli/graph_picture.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <regex>

#include "cli/graph_columns.h"
#include "cli/graph_phases.h"
#include "ir/text.h"
#include "tests/golden.h"
#include "tests/random/random_graph.h"

namespace sinter::cli {
namespace {

// A reorder and a fusion, which has a body, a parameter, and a scalar constant.
const std::string fused = R"(graph fused(%x: f32[N, 1, 4, 4]) -> (f32[N, 2, 2, 2]{acdb}) {
  param %0.weight: f32[2, 1, 3, 3]
  const %1: f32[] = 0.5
  %2 = reorder(%x) : f32[N, 1, 4, 4]{acdb}  @ "0"
  %3 = fusion(%2, %0.weight, %1) (%a: f32[N, 1, 4, 4], %w: f32[2, 1, 3, 3], %s: f32[]) {
    %4 = conv2d(%a, %w) {stride = [2, 2], padding = [1, 1, 1, 1]} : f32[N, 2, 2, 2]
    %5 = mul(%4, %s) : f32[N, 2, 2, 2]
    return %5
  } : f32[N, 2, 2, 2]{acdb}  @ "0"
  return %3
}
)";

const std::string step =
    R"(graph step(%x: f32[2, 3], %target: f32[2, 1], %lr: f32[]) -> (loss: f32[], f32[1, 3]) {
  param %w: f32[1, 3]
  %1 = linear(%x, %w) : f32[2, 1]  @ "0"
  %2 = mse_loss(%1, %target) : f32[]  @ "loss"
  %3 = sub(%1, %target) : f32[2, 1]  @ "loss"
  %4 = matmul(%3, %x) {transpose_a = true} : f32[1, 3]  @ "0"
  %5 = is_finite(%2) : bool[]  @ "loss"
  %6 = sgd_update(%w, %4, %lr, _, %5) : f32[1, 3]  @ "w"
  return %2, %6 into %w
}
)";

// A chain of `count` ReLUs.
Graph chain(int count) {
  Graph graph;
  Value value = graph.input("x", {DType::f32, {2}, {}});
  for (int i = 0; i < count; ++i)
    value = graph.append(OpKind::relu, std::vector<std::optional<Value>>{value}, Attributes(OpKind::relu))[0];
  graph.add_result(value);
  return graph;
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != text.npos; }

// The line of the picture that declares a box; empty where there is none.
std::string box_line(const std::string& picture, const std::string& box) {
  const size_t begin = picture.find("    " + box + " [");
  return begin == picture.npos ? "" : picture.substr(begin, picture.find('\n', begin) - begin);
}

TEST(GraphPicture, Golden) {
  check_golden("cli/graph_picture.txt",
               [](const GoldenCase& golden) { return graph_picture(parse(golden.input), golden.name); });
}

TEST(GraphPicture, PhasesOfATrainingStep) {
  const std::vector<Phase> expected = {Phase::forward,  Phase::forward, Phase::backward,
                                       Phase::backward, Phase::update,  Phase::update};
  EXPECT_EQ(phases(parse(step)), expected);
  EXPECT_TRUE(std::ranges::all_of(phases(parse(fused)), [](Phase phase) { return phase == Phase::forward; }));
}

TEST(GraphPicture, PhasesOfAnUpdateThatIsReordered) {
  std::string text = step;
  text.replace(text.find("  return"), text.npos,
               "  %7 = reorder(%6) : f32[1, 3]{ba}  @ \"w\"\n  return %2, %7 into %w\n}\n");
  text.replace(text.find(", f32[1, 3])"), 12, ", f32[1, 3]{ba})");
  text.replace(text.find("param %w: f32[1, 3]"), 19, "param %w: f32[1, 3]{ba}");
  const std::vector<Phase> expected = {Phase::forward, Phase::forward, Phase::backward, Phase::backward,
                                       Phase::update,  Phase::update,  Phase::update};
  EXPECT_EQ(phases(parse(text)), expected);
}

// Gradients that are results themselves, running statistics, and what nobody reads.
TEST(GraphPicture, PhasesWithoutAnUpdate) {
  const Graph graph = parse(R"(graph f(%x: f32[2]) -> (loss: f32[], "gradient.w": f32[2], f32[2]) {
  param %w: f32[2]
  state %mean: f32[2]
  %1 = mul(%x, %w) : f32[2]
  %2 = sum(%1) : f32[]
  %3 = exp(%x) : f32[2]
  %4 = add(%mean, %1) : f32[2]
  %5 = relu(%1) : f32[2]
  %6 = relu(%3) : f32[2]
  return %2, %3, %4 into %mean
}
)");
  const std::vector<Phase> expected = {Phase::forward, Phase::forward, Phase::backward,
                                       Phase::forward, Phase::forward, Phase::backward};
  EXPECT_EQ(phases(graph), expected);
}

TEST(GraphPicture, ScalarsThatManyReadAreNamed) {
  const std::string nodes = R"(  %1 = add(%x, %s) : f32[2]
  %2 = add(%1, %s) : f32[2]
  %3 = add(%2, %s) : f32[2]
)";
  const std::string head = "graph f(%x: f32[2], %s: f32[]) -> (f32[2]) {\n";
  const std::string three = graph_picture(parse(head + nodes + "  return %3\n}\n"), "");
  EXPECT_TRUE(contains(three, "v1 -> n2 ["));
  const std::string four =
      graph_picture(parse(head + nodes + "  %4 = add(%3, %s) : f32[2]\n  return %4\n}\n"), "");
  EXPECT_FALSE(contains(four, "v1 -> "));
  EXPECT_TRUE(contains(box_line(four, "n3"), "b = s<"));
}

TEST(GraphPicture, SharedParametersAreDrawn) {
  const std::string picture = graph_picture(parse(R"(graph f(%x: f32[2, 2]) -> (f32[2, 2]) {
  param %w: f32[2, 2]
  param %unread: f32[3]
  %1 = linear(%x, %w) : f32[2, 2]
  %2 = linear(%1, %w) : f32[2, 2]
  return %2
}
)"),
                                            "");
  EXPECT_TRUE(contains(box_line(picture, "v1"), "shape=cylinder"));
  EXPECT_TRUE(contains(picture, "v1 -> n0 ["));
  EXPECT_TRUE(contains(picture, "v1 -> n1 ["));
  EXPECT_TRUE(contains(box_line(picture, "v2"), "<B>unread</B>"));
}

TEST(GraphPicture, ResultsThatNoNodeMakes) {
  const std::string picture = graph_picture(parse(R"(graph f(%x: f32[2]) -> (f32[2], "a b": f32[], f32[2]) {
  param %w: f32[2]
  state %s: f32[2]
  const %1: f32[] = 2.5
  return %x, %1, %x into %s
}
)"),
                                            "");
  EXPECT_TRUE(contains(picture, "v0 -> r0 ["));
  EXPECT_TRUE(contains(box_line(picture, "r1"), "<B>a b</B><BR ALIGN=\"LEFT\"/>2.5<"));
  EXPECT_TRUE(contains(box_line(picture, "r2"), ">into s<"));
  EXPECT_TRUE(contains(picture, "v0 -> r2 ["));
}

TEST(GraphPicture, LongChainsAreCutIntoColumns) {
  const std::vector<int> short_chain = columns(chain(12)), long_chain = columns(chain(60));
  EXPECT_EQ(std::ranges::max(short_chain), 0);
  EXPECT_EQ(std::ranges::max(long_chain), 2);
  EXPECT_TRUE(std::ranges::is_sorted(long_chain));
  const std::string picture = graph_picture(chain(60), "");
  const auto second = std::ranges::find(long_chain, 1) - long_chain.begin();
  const std::string value = std::to_string(second);  // value 0 is the input, value i the result of node i - 1
  for (const std::string& edge :
       {fmt::format("n{} -> o{} [", second - 1, value), fmt::format("i{}_1 -> n{} [", value, second),
        fmt::format("rank=same; n0 -> n{}", second)})
    EXPECT_TRUE(contains(picture, edge)) << edge;
  EXPECT_FALSE(contains(picture, fmt::format("n{} -> n{} [c", second - 1, second)));
  EXPECT_TRUE(columns(Graph()).empty());
}

TEST(GraphPicture, CutsWhereFewValuesPass) {
  // Pairs of nodes: the second also reads what the first reads, so that between pairs one value passes, else
  // two.
  Graph graph;
  Value value = graph.input("x", {DType::f32, {2}, {}});
  value = graph.append(OpKind::relu, std::vector<std::optional<Value>>{value}, Attributes(OpKind::relu))[0];
  for (int i = 0; i < 30; ++i) {
    const Value inner =
        graph.append(OpKind::relu, std::vector<std::optional<Value>>{value}, Attributes(OpKind::relu))[0];
    value = graph.append(OpKind::add, std::vector<std::optional<Value>>{value, inner},
                         Attributes(OpKind::add))[0];
  }
  const std::vector<int> found = columns(graph);
  EXPECT_GT(found.back(), 0);
  for (size_t i = 1; i < found.size(); ++i)
    EXPECT_TRUE(found[i] == found[i - 1] || graph.nodes()[i].op == OpKind::relu) << i;
}

// How a picture calls a value: by its name, or by the number in the box of the node whose result it is.
std::string called(const std::string& picture, const Graph& graph, ValueId value) {
  const ValueInfo& info = graph.info(value);
  if (info.kind != ValueKind::result) return info.name;
  const std::string line = box_line(picture, fmt::format("n{}", info.node));
  size_t begin = 0;
  for (int i = 0; i <= info.result_index; ++i) begin = line.find(">%", begin) + 1;
  return line.substr(begin, line.find('&', begin) - begin);
}

// What operand i is called by its reader.
std::string role_of(const Node& node, size_t i) {
  if (node.op == OpKind::fusion || node.op == OpKind::slab_loop) {
    const Graph& body = node.attributes.body();
    return body.info(body.inputs()[i]).name;
  }
  const auto& operands = op_def(node.op).operands;
  return std::string(operands[std::min(i, operands.size() - 1)].name);
}

// Whether an edge leads from the value to the node, perhaps from one column to another.
bool has_edge(const std::string& picture, const Graph& graph, ValueId value, size_t reader) {
  const NodeId node = graph.info(value).node;
  const std::string from = node >= 0 ? fmt::format("n{}", node) : fmt::format("v{}", value.index);
  bool found = contains(picture, fmt::format("\n  {} -> n{} [", from, reader));
  for (int column = 0; column < 8; ++column)
    found |= contains(picture, fmt::format("\n  i{}_{} -> n{} [", value.index, column, reader)) &&
             contains(picture, fmt::format("\n  {} -> o{} [", from, value.index));
  return found;
}

// Each node has a box with its op, and each operand an edge or a place in that box.
TEST(GraphPicture, RandomGraphsAreAllThere) {
  for (int seed = 0; seed < 40; ++seed) {
    SCOPED_TRACE(seed);
    RandomEngine random(seed);
    const Graph graph = random_graph(random, {.nodes = 40}).graph;
    const std::string picture = graph_picture(graph, "");
    EXPECT_EQ(picture, graph_picture(graph, ""));
    for (size_t id = 0; id < graph.nodes().size(); ++id) {
      const Node& node = graph.nodes()[id];
      const std::string line = box_line(picture, fmt::format("n{}", id));
      EXPECT_TRUE(contains(line, fmt::format("<B>{}", to_string(node.op)))) << id;
      for (size_t i = 0; i < node.operands.size(); ++i) {
        if (!node.operands[i].valid()) continue;
        const std::string role = role_of(node, i);
        const std::string name = called(picture, graph, node.operands[i]);
        const bool said = contains(line, role + " = " + name) ||
                          contains(line, role + "&#160;</FONT><FONT COLOR=\"#8a3b8f\">" + name + "&#160;<");
        EXPECT_TRUE(said || has_edge(picture, graph, node.operands[i], id)) << id << " reads " << name;
      }
    }
  }
}

// Values have the numbers that the text form gives them, those after a body included.
TEST(GraphPicture, NumbersAreThoseOfTheText) {
  RandomEngine random(7);
  for (const Graph& graph : {parse(fused), random_graph(random).graph}) {
    std::vector<std::byte> sidecar;
    const std::string text = print(graph, &sidecar), picture = graph_picture(graph, "");
    for (size_t id = 0; id < graph.nodes().size(); ++id) {
      const std::string line = box_line(picture, fmt::format("n{}", id));
      std::smatch number;
      ASSERT_TRUE(std::regex_search(line, number, std::regex(">(%[0-9]+)&#160;<"))) << line;
      const std::regex definition(
          fmt::format("\n  {}(, %[0-9]+)* = {}\\(", number[1].str(), to_string(graph.nodes()[id].op)));
      EXPECT_TRUE(std::regex_search(text, definition)) << line;
    }
  }
}

}  // namespace
}  // namespace sinter::cli
