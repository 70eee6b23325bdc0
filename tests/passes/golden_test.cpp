#include <gtest/gtest.h>

#include <fstream>
#include <iostream>
#include <sstream>

#include "ir/text.h"
#include "ir/verify.h"
#include "passes/pass_table.h"
#include "passes/pipeline.h"
#include "passes/run_passes.h"
#include "passes/same_numbers.h"
#include "tests/passes/test_target.h"
#include "tests/source_path.h"

/// tests/passes/<pass>.ir, one file a pass, and inference.ir and training.ir for the pipelines, hold named
/// cases:
///
///   ==== name
///   a graph in canonical text
///   ---- set N=4            a symbol or a field of PassOptions; any number
///   ---- expect             what the pass makes of it, or
///   ---- unchanged          nothing, or
///   ---- same as            a second graph, of which it makes the same, or
///   ---- error              the whole message of the InputError
///
/// Passes that ask a target are given TestTarget. Every case is also executed before and after: the numbers
/// must agree. `passes_test --update` writes what the passes do into the files.
namespace sinter {
namespace {

const std::string folder = source_path("tests/passes").string() + "/";

struct Case {
  std::string name;
  std::string input;
  std::vector<std::string> settings;
  std::string outcome;   ///< expect, unchanged, same as or error
  std::string expected;  ///< the text that stands below
};

std::vector<Case> read_cases(const std::string& path) {
  std::ifstream file(path);
  std::vector<Case> cases;
  std::string* section = nullptr;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("==== ")) {
      cases.push_back({line.substr(5), {}, {}, {}, {}});
      section = &cases.back().input;
    } else if (line.starts_with("---- set ")) {
      cases.back().settings.push_back(line.substr(9));
    } else if (line.starts_with("---- ")) {
      cases.back().outcome = line.substr(5);
      section = &cases.back().expected;
    } else {
      *section += line + "\n";
    }
  }
  return cases;
}

std::string write_cases(const std::vector<Case>& cases) {
  std::string text;
  for (const Case& c : cases) {
    text += "==== " + c.name + "\n" + c.input;
    for (const std::string& setting : c.settings) text += "---- set " + setting + "\n";
    text += "---- " + c.outcome + "\n" + c.expected;
  }
  return text;
}

// What hoist_weights takes out; hoist_weights_test looks at it.
std::vector<Body> prepared;

PassOptions read_settings(const std::vector<std::string>& settings) {
  PassOptions options;
  for (const std::string& setting : settings) {
    const size_t equals = setting.find('=');
    const std::string name = setting.substr(0, equals), value = setting.substr(equals + 1);
    if (name == "loss")
      options.loss = value;
    else if (name == "loss_reduction")
      options.loss_reduction = value;
    else if (name == "label_smoothing")
      options.label_smoothing = std::stod(value);
    else if (name == "scores")
      options.scores = value == "true";
    else if (name == "clip_value")
      options.clip.value = std::stod(value);
    else if (name == "clip_norm")
      options.clip.norm = std::stod(value);
    else if (name == "accumulate")
      options.accumulate = value == "true";
    else if (name == "optimizer")
      options.optimizer = value;
    else if (name == "eps")
      options.adaptive.eps = std::stod(value);
    else if (name == "centered")
      options.adaptive.centered = value == "true";
    else if (name == "momentum")
      options.momentum = std::stod(value);
    else if (name == "weight_decay")
      options.weight_decay = std::stod(value);
    else if (name == "nesterov")
      options.nesterov = value == "true";
    else if (name == "prepared")
      options.prepared = value == "true" ? &prepared : nullptr;
    else if (name == "recompute")
      options.recompute = value == "always" ? Recompute::always : Recompute::never;
    else if (name == "slab")
      options.slabs.slab = std::stoll(value);
    else if (name == "lanes")
      options.slabs.lanes = std::stoll(value);
    else if (name == "accumulated_bytes")
      options.slabs.accumulated_bytes = std::stoll(value);
    else if (name == "cache_bytes")
      options.slabs.cache_bytes = std::stoll(value);
    else
      options.symbols[name] = std::stoll(value);
  }
  return options;
}

std::vector<std::string> passes_of(const std::string& file) {
  if (file != "inference" && file != "training") return {file};
  std::vector<std::string> passes;
  for (const Step& step : file == "inference" ? inference_pipeline() : training_pipeline())
    passes.emplace_back(step.pass);
  return passes;
}

class Golden : public testing::Test {
 public:
  Golden(std::string file, bool update)
      : file_(std::move(file)), passes_(passes_of(file_)), update_(update) {}

  void TestBody() override {
    const std::string path = folder + file_ + ".ir";
    const auto cases = read_cases(path);
    ASSERT_FALSE(cases.empty()) << path << " cannot be read or is empty";
    std::vector<Case> now;
    for (const Case& c : cases) {
      SCOPED_TRACE("case " + c.name);
      now.push_back(run(c));
      if (!update_) expect_same(c, now.back());
    }
    if (update_) std::ofstream(path) << write_cases(now);
  }

 private:
  static void expect_same(const Case& expected, const Case& actual) {
    EXPECT_EQ(actual.input, expected.input) << "the input is not in canonical text";
    EXPECT_EQ(actual.outcome, expected.outcome);
    EXPECT_EQ(actual.expected, expected.expected);
  }

  // The case as it is now: its input in canonical text, and what comes of it.
  Case run(const Case& c) const {
    PassOptions options = read_settings(c.settings);
    const TestTarget target;
    options.target = &target;
    Case now{c.name, print(read(c.input)), c.settings, {}, {}};
    try {
      const std::string after = apply(c.input, options);
      const bool changed = after != now.input;
      now.outcome = changed ? "expect" : "unchanged";
      if (changed) now.expected = after;
      if (c.outcome == "same as") compare(c, after, options, now);
    } catch (const InputError& error) {
      now.outcome = "error";
      now.expected = std::string(error.what()) + "\n";
    }
    return now;
  }

  void compare(const Case& c, const std::string& after, const PassOptions& options, Case& now) const {
    const Graph first = read(c.input), second = read(c.expected);
    EXPECT_EQ(numeric_difference(first, second, Meaning::kept), std::nullopt) << "the two inputs differ";
    if (apply(c.expected, options) != after) return;
    now.outcome = c.outcome;
    now.expected = print(second);
  }

  Graph read(const std::string& text) const {
    const Graph graph = parse(text, file_ + ".ir");
    verify_or_fail(graph, "input");
    return graph;
  }

  std::string apply(const std::string& text, const PassOptions& options) const {
    Graph graph = read(text);
    std::string before = print(graph);
    run_passes(graph, passes_, options,
               {.verify = Verify::execute,
                .print_after = {"all"},
                .print =
                    [&](std::string_view pass, const Graph& after) {
                      EXPECT_EQ(print(after) != before, said_changed_)
                          << pass << " says whether it changed the graph";
                      before = print(after);
                    },
                .timed = [&](std::string_view, double, bool changed) { said_changed_ = changed; }});
    return before;
  }

  std::string file_;
  std::vector<std::string> passes_;
  bool update_;
  mutable bool said_changed_ = false;
};

void register_golden(const std::string& file, bool update) {
  testing::RegisterTest("Golden", file.c_str(), nullptr, nullptr, __FILE__, __LINE__,
                        [=]() -> testing::Test* { return new Golden(file, update); });
}

}  // namespace
}  // namespace sinter

int main(int count, char** arguments) {
  testing::InitGoogleTest(&count, arguments);
  const bool update = count == 2 && std::string_view(arguments[1]) == "--update";
  if (count > 1 && !update) {
    std::cerr << "usage: passes_test [--update] [--gtest_...]\n";
    return 2;
  }
  for (const sinter::Pass& pass : sinter::pass_table())
    sinter::register_golden(std::string(pass.name), update);
  for (const char* pipeline : {"inference", "training"}) sinter::register_golden(pipeline, update);
  return RUN_ALL_TESTS();
}
