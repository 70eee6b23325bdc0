#include "passes/rewrite.h"

#include <gtest/gtest.h>

#include "ir/text.h"
#include "ir/verify.h"

namespace sinter {
namespace {

Graph parsed(std::string_view text) {
  Graph graph = parse(text);
  verify_or_fail(graph, "input");
  return graph;
}

// What one rule makes of `%1 = ...` lines over %x, %y and %z; empty where it changes nothing.
std::string rewritten(std::string_view lines, const Rule& rule) {
  Graph graph =
      parsed(fmt::format("graph f(%x: f32[2], %y: f32[2], %z: f32[2]) -> (f32[2]) {{\n{}\n}}", lines));
  const Graph before = graph;
  const bool changed = rewrite(graph, {&rule, 1});
  verify_or_fail(graph, "after the rewrite");
  EXPECT_EQ(changed, !(graph == before));
  if (!changed) return "";
  const std::string text = print(graph);
  return text.substr(text.find('\n') + 1);
}

TEST(Rewrite, APatternUsedTwiceMeansTheSameValue) {
  const auto x = any();
  const Rule rule{pattern(OpKind::sub, {pattern(OpKind::exp, {x}), x}),
                  [=](const Match& m) { return relu(m[x]); }};
  EXPECT_EQ(rewritten("%1 = exp(%x) : f32[2] %2 = sub(%1, %x) : f32[2] return %2", rule),
            "  %1 = relu(%x) : f32[2]\n  return %1\n}\n");
  EXPECT_EQ(rewritten("%1 = exp(%x) : f32[2] %2 = sub(%1, %y) : f32[2] return %2", rule), "");
}

TEST(Rewrite, TwoPatternsMayMatchTheSameValue) {
  const auto a = any(), b = any();
  const Rule rule{pattern(OpKind::mul, {a, b}), [=](const Match& m) { return sub(m[a], m[b]); }};
  EXPECT_EQ(rewritten("%1 = mul(%x, %x) : f32[2] return %1", rule),
            "  %1 = sub(%x, %x) : f32[2]\n  return %1\n}\n");
}

TEST(Rewrite, CommutativeOperandsMatchInEitherOrderAndOthersDoNot) {
  const auto a = any(), b = any();
  const auto rule = [&](OpKind op) {
    return Rule{pattern(op, {pattern(OpKind::exp, {a}), b}),
                [=](const Match& m) { return maximum(m[a], m[b]); }};
  };
  const std::string result = "  %1 = maximum(%x, %y) : f32[2]\n  return %1\n}\n";
  EXPECT_EQ(rewritten("%1 = exp(%x) : f32[2] %2 = add(%1, %y) : f32[2] return %2", rule(OpKind::add)),
            result);
  EXPECT_EQ(rewritten("%1 = exp(%x) : f32[2] %2 = add(%y, %1) : f32[2] return %2", rule(OpKind::add)),
            result);
  EXPECT_EQ(rewritten("%1 = exp(%x) : f32[2] %2 = sub(%1, %y) : f32[2] return %2", rule(OpKind::sub)),
            result);
  EXPECT_EQ(rewritten("%1 = exp(%x) : f32[2] %2 = sub(%y, %1) : f32[2] return %2", rule(OpKind::sub)), "");
}

// add(mul(a, b), mul(a, c)): the inner products may be turned round each, so the first choice for `a` is
// wrong in seven of eight spellings.
TEST(Rewrite, TakesAChoiceBack) {
  const auto a = any(), b = any(), c = any();
  const Rule distribute{pattern(OpKind::add, {pattern(OpKind::mul, {a, b}), pattern(OpKind::mul, {a, c})}),
                        [=](const Match& m) { return sub(m[a], maximum(m[b], m[c])); }};
  for (const char* first : {"%x, %y", "%y, %x"})
    for (const char* second : {"%x, %z", "%z, %x"})
      for (const char* sum : {"%1, %2", "%2, %1"}) {
        const std::string text = rewritten(
            fmt::format("%1 = mul({}) : f32[2] %2 = mul({}) : f32[2] %3 = add({}) : f32[2] return %3", first,
                        second, sum),
            distribute);
        EXPECT_NE(text.find("%2 = sub(%x, %1) : f32[2]\n"), std::string::npos)
            << first << "; " << second << "; " << sum;
      }
  EXPECT_EQ(
      rewritten("%1 = mul(%x, %y) : f32[2] %2 = mul(%z, %z) : f32[2] %3 = add(%1, %2) : f32[2] return %3",
                distribute),
      "");
}

TEST(Rewrite, TriesTheOtherOrderWhereTheRuleRefusesTheFirst) {
  const auto a = any(), b = any(), c = scalar_constant();
  const Rule rule{pattern(OpKind::add, {a, pattern(OpKind::mul, {b, c})}),
                  [=](const Match& m) -> OptionalValue {
                    if (m.scalar(c) != 3) return std::nullopt;
                    return maximum(m[a], m[b]);
                  }};
  for (const char* sum : {"%3, %4", "%4, %3"})
    EXPECT_EQ(rewritten(fmt::format("const %1: f32[] = 2 const %2: f32[] = 3 %3 = mul(%x, %1) : f32[2] "
                                    "%4 = mul(%y, %2) : f32[2] %5 = add({}) : f32[2] return %5",
                                    sum),
                        rule),
              "  const %1: f32[] = 2\n  %2 = mul(%x, %1) : f32[2]\n  %3 = maximum(%2, %y) : f32[2]\n  return "
              "%3\n}\n");
}

TEST(Rewrite, ScalarConstantsHaveOneElement) {
  const auto x = any(), c = scalar_constant();
  const Rule rule{pattern(OpKind::mul, {x, c}), [=](const Match& m) { return m[x] + m.scalar(c); }};
  EXPECT_NE(rewritten("const %1: f32[] = 2 %2 = mul(%x, %1) : f32[2] return %2", rule), "");
  EXPECT_NE(rewritten("const %1: f32[1] = [2] %2 = mul(%1, %x) : f32[2] return %2", rule), "");
  EXPECT_EQ(rewritten("const %1: f32[2] = [2, 2] %2 = mul(%x, %1) : f32[2] return %2", rule), "");
  EXPECT_EQ(rewritten("%1 = mul(%x, %y) : f32[2] return %1", rule), "");
}

TEST(Rewrite, OptionalOperandsCount) {
  const auto x = any(), w = any(), linear_pattern = pattern(OpKind::linear, {x, w});
  const Rule rule{linear_pattern, [=](const Match& m) { return matmul(m[x], m[w], {.transpose_b = true}); }};
  Graph graph = parsed(R"(graph f(%x: f32[1, 2]) -> (f32[1, 3], f32[1, 3]) {
    param %w: f32[3, 2] param %b: f32[3]
    %1 = linear(%x, %w) : f32[1, 3] %2 = linear(%x, %w, %b) : f32[1, 3] return %1, %2 })");
  EXPECT_TRUE(rewrite(graph, {&rule, 1}));
  EXPECT_EQ(graph.nodes()[0].op, OpKind::matmul);
  EXPECT_EQ(graph.nodes()[1].op, OpKind::linear);
}

TEST(Rewrite, ReadsTheAttributesOfWhatItMatched) {
  const auto x = any(), leaky = pattern(OpKind::leaky_relu, {x});
  const Rule rule{leaky, [=](const Match& m) -> OptionalValue {
                    if (m.node(leaky).attributes.real("alpha") != 0) return std::nullopt;
                    return relu(m[x]);
                  }};
  EXPECT_EQ(rewritten("%1 = leaky_relu(%x) {alpha = 0} : f32[2] return %1", rule),
            "  %1 = relu(%x) : f32[2]\n  return %1\n}\n");
  EXPECT_EQ(rewritten("%1 = leaky_relu(%x) : f32[2] return %1", rule), "");
}

TEST(Rewrite, OfANodeWithTwoResultsOnlyTheFirstMatches) {
  const auto x = any();
  const Rule rules[] = {{pattern(OpKind::relu, {pattern(OpKind::max_pool2d_argmax, {x})}),
                         [=](const Match& m) {
                           return max_pool2d(relu(m[x]), {.kernel_size = {2, 2}});
                         }},
                        {pattern(OpKind::cast, {pattern(OpKind::max_pool2d_argmax, {x})}),
                         [=](const Match& m) { return m.root(); }}};
  Graph graph = parsed(R"(graph f(%x: f32[1, 1, 2, 2]) -> (f32[1, 1, 1, 1], f32[1, 1, 1, 1]) {
    %1, %2 = max_pool2d_argmax(%x) {kernel_size = [2, 2]} : f32[1, 1, 1, 1], u8[1, 1, 1, 1]
    %3 = relu(%1) : f32[1, 1, 1, 1]
    %4 = cast(%2) {dtype = f32} : f32[1, 1, 1, 1]
    return %3, %4 })");
  EXPECT_TRUE(rewrite(graph, rules));
  EXPECT_EQ(print(graph),
            "graph f(%x: f32[1, 1, 2, 2]) -> (f32[1, 1, 1, 1], f32[1, 1, 1, 1]) {\n"
            "  %1, %2 = max_pool2d_argmax(%x) {kernel_size = [2, 2]} : f32[1, 1, 1, 1], u8[1, 1, 1, 1]\n"
            "  %3 = relu(%x) : f32[1, 1, 2, 2]\n"
            "  %4 = max_pool2d(%3) {kernel_size = [2, 2]} : f32[1, 1, 1, 1]\n"
            "  %5 = cast(%2) {dtype = f32} : f32[1, 1, 1, 1]\n"
            "  return %4, %5\n}\n");
}

TEST(Rewrite, TheOtherResultOfAReplacedNodeStays) {
  const auto x = any();
  const Rule rule{pattern(OpKind::max_pool2d_argmax, {x}), [=](const Match& m) -> OptionalValue {
                    if (m.root().graph().nodes().size() > 2) return std::nullopt;  // once
                    return max_pool2d(m[x], {.kernel_size = {2, 2}});
                  }};
  Graph graph = parsed(R"(graph f(%x: f32[1, 1, 2, 2]) -> (f32[1, 1, 1, 1], u8[1, 1, 1, 1]) {
    %1, %2 = max_pool2d_argmax(%x) {kernel_size = [2, 2]} : f32[1, 1, 1, 1], u8[1, 1, 1, 1]
    return %1, %2 })");
  EXPECT_THROW(rewrite(graph, {&rule, 1}), InternalError) << "it is still there, and matches again";
}

TEST(Rewrite, AChainOfRewritesInOneCall) {
  const auto x = any();
  const Rule rules[] = {
      {pattern(OpKind::exp, {pattern(OpKind::log, {x})}), [=](const Match& m) { return m[x]; }},
      {pattern(OpKind::sqrt, {x}),
       [=](const Match& m) { return log(m[x]); }},  // makes a match of the first rule
      {pattern(OpKind::tanh, {pattern(OpKind::relu, {x})}), [=](const Match& m) { return sigmoid(m[x]); }},
  };
  Graph graph = parsed(R"(graph f(%x: f32[2]) -> (f32[2]) {
    %1 = relu(%x) : f32[2] %2 = sqrt(%1) : f32[2] %3 = exp(%2) : f32[2] %4 = tanh(%3) : f32[2] return %4 })");
  EXPECT_TRUE(rewrite(graph, rules));
  EXPECT_EQ(print(graph), "graph f(%x: f32[2]) -> (f32[2]) {\n  %1 = sigmoid(%x) : f32[2]\n  return %1\n}\n");
}

TEST(Rewrite, TheFirstRuleThatFitsWins) {
  const auto x = any();
  const Rule rules[] = {{pattern(OpKind::exp, {x}), [](const Match&) { return std::nullopt; }},
                        {pattern(OpKind::exp, {x}), [=](const Match& m) { return tanh(m[x]); }},
                        {pattern(OpKind::exp, {x}), [=](const Match& m) { return relu(m[x]); }}};
  Graph graph = parsed("graph f(%x: f32[2]) -> (f32[2]) { %1 = exp(%x) : f32[2] return %1 }");
  EXPECT_TRUE(rewrite(graph, rules));
  EXPECT_EQ(graph.nodes()[0].op, OpKind::tanh);
}

TEST(Rewrite, WhatARefusingRuleBuiltIsNotKept) {
  const auto a = any(), b = any();
  const Rule rule{pattern(OpKind::add, {a, b}), [=](const Match& m) -> OptionalValue {
                    for (int i = 0; i < 100; ++i) exp(m[a]);
                    return std::nullopt;
                  }};
  EXPECT_EQ(rewritten("%1 = add(%x, %y) : f32[2] return %1", rule), "");
}

TEST(Rewrite, RemovesWhatItReplacedAndKeepsNamesAndSources) {
  const auto x = any();
  const Rule rule{pattern(OpKind::exp, {x}), [=](const Match& m) { return tanh(relu(m[x])); }};
  Graph graph = parsed(R"(graph f(%x: f32[2]) -> (first: f32[2], "w'": f32[2]) {
    param %w: f32[2]
    state %s: f32[2]
    %1 = exp(%x) : f32[2]  @ "features.0"
    %2 = sigmoid(%1) : f32[2]  @ "features.1"
    return %2, %1 into %w })");
  EXPECT_TRUE(rewrite(graph, {&rule, 1}));
  EXPECT_EQ(print(graph),
            "graph f(%x: f32[2]) -> (first: f32[2], \"w'\": f32[2]) {\n"
            "  param %w: f32[2]\n"
            "  state %s: f32[2]\n"
            "  %1 = relu(%x) : f32[2]  @ \"features.0\"\n"
            "  %2 = tanh(%1) : f32[2]  @ \"features.0\"\n"
            "  %3 = sigmoid(%2) : f32[2]  @ \"features.1\"\n"
            "  return %3, %2 into %w\n}\n");
}

TEST(Rewrite, DoesNotEnterBodies) {
  const auto x = any();
  const Rule rule{pattern(OpKind::exp, {x}), [=](const Match& m) { return tanh(m[x]); }};
  EXPECT_EQ(
      rewritten("%1 = fusion(%x) (%a: f32[2]) { %2 = exp(%a) : f32[2] return %2 } : f32[2] return %1", rule),
      "");
}

void expect_internal_error(const Rule& rule, std::string_view message) {
  Graph graph = parsed("graph f(%x: f32[2]) -> (f32[2]) { %1 = exp(%x) : f32[2] return %1 }");
  try {
    rewrite(graph, {&rule, 1});
    FAIL() << "no error";
  } catch (const InternalError& error) {
    EXPECT_TRUE(std::string_view(error.what()).ends_with(message)) << error.what();
  }
}

TEST(Rewrite, RulesThatDoNotComeToAnEndAreABug) {
  const auto x = any();
  expect_internal_error({pattern(OpKind::exp, {x}), [=](const Match& m) { return exp(m[x]); }},
                        ": rewrite rules do not come to an end");
  expect_internal_error({pattern(OpKind::exp, {x}), [=](const Match& m) { return exp(relu(m[x])); }},
                        ": rewrite rules do not come to an end");
}

TEST(Rewrite, AReplacementOfAnotherTypeIsABug) {
  const auto x = any();
  const std::string_view message = ": a rewrite keeps the type of what it replaces";
  expect_internal_error({pattern(OpKind::exp, {x}), [=](const Match& m) { return cast(m[x], DType::f64); }},
                        message);
  expect_internal_error({pattern(OpKind::exp, {x}),
                         [=](const Match& m) {
                           return reshape(m[x], {1, 2});
                         }},
                        message);
}

TEST(Rewrite, AskingForWhatDidNotMatchIsABug) {
  const auto x = any(), other = any();
  expect_internal_error({pattern(OpKind::exp, {x}), [=](const Match& m) { return m[other]; }},
                        ": a part of the pattern that matched");
}

}  // namespace
}  // namespace sinter
