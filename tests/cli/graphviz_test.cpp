#include <sys/stat.h>

#include <cstdlib>

#include "cli/graph_picture.h"
#include "cli/graphviz.h"
#include "tests/cli/program.h"

namespace sinter {
namespace {

namespace fs = std::filesystem;

// PATH is this folder alone until the end of the test.
class ProgramsIn {
 public:
  explicit ProgramsIn(const fs::path& folder) : before_(std::getenv("PATH")) {
    setenv("PATH", folder.c_str(), 1);
  }
  ~ProgramsIn() { setenv("PATH", before_.c_str(), 1); }
  ProgramsIn(const ProgramsIn&) = delete;
  ProgramsIn& operator=(const ProgramsIn&) = delete;

 private:
  std::string before_;
};

bool is_well_formed(const fs::path& xml) {
  const std::string command =
      "python3 -c 'import sys, xml.dom.minidom; xml.dom.minidom.parse(sys.argv[1])' '" + xml.string() + "'";
  return std::system(command.c_str()) == 0;
}

bool is_empty(const TemporaryFolder& folder) { return fs::is_empty(folder.path()); }

TEST(Drawing, Svg) {
  const TemporaryFolder folder;
  const fs::path file = folder / "lenet.svg";
  const Outcome outcome =
      run_program({"inspect", "lenet", "--mode", "train", "--batch-size", "4", "--svg", file});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(outcome.out, "");
  EXPECT_EQ(outcome.err, "");
  const std::string svg = content_of(file);
  EXPECT_EQ(svg.find("<?xml"), 0U);
  for (const std::string part : {">lenet<", ">softmax_cross_entropy", ">image<", ">0.weight", ">backward<",
                                 ">update<", ">into 11.bias<", ">training step"})
    EXPECT_NE(svg.find(part), std::string::npos) << part;
  EXPECT_TRUE(is_well_formed(file));
  EXPECT_EQ(std::distance(fs::directory_iterator(folder.path()), {}), 1);
}

TEST(Drawing, Png) {
  const TemporaryFolder folder;
  EXPECT_EQ(run_program({"inspect", "lenet", "--stage", "parsed", "--svg", folder / "lenet.png"}).exit_code,
            0);
  EXPECT_EQ(content_of(folder / "lenet.png").find("\x89PNG\r\n"), 0U);
}

TEST(Drawing, WithTheText) {
  const TemporaryFolder folder;
  const Outcome outcome = run_program({"inspect", "lenet", "--stage", "parsed", "--output",
                                       folder / "lenet.ir", "--svg", folder / "lenet.dot"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(outcome.out + outcome.err, "");
  EXPECT_EQ(content_of(folder / "lenet.ir"), run_program({"inspect", "lenet", "--stage", "parsed"}).out);
  EXPECT_EQ(content_of(folder / "lenet.dot").find("digraph sinter {\n"), 0U);
}

TEST(Drawing, AnyNamesGiveAWellFormedSvg) {
  const TemporaryFolder folder;
  Graph graph;
  graph.name = "</svg>&\\N";
  const std::string nasty = "a\"b<c>&amp;\\N\\G%s\n\t\x01\xff{|}]; --é😀";
  Value value = graph.input(nasty, {DType::f32, {"N", 2}, {}});
  graph.at({.node = "--><" + nasty});
  value = graph.append(OpKind::relu, std::vector<std::optional<Value>>{value}, Attributes(OpKind::relu))[0];
  graph.add_result(value, "\\");
  graph.add_result(value, "", graph.state("", {DType::f32, {"N", 2}, {}}));
  cli::write_drawing(cli::graph_picture(graph, "]]> \x02"), folder / "a.svg");
  EXPECT_TRUE(is_well_formed(folder / "a.svg"));
  const std::string svg = content_of(folder / "a.svg");
  EXPECT_NE(svg.find("a&quot;b&lt;c&gt;&amp;amp;\\N\\G%s\\x0a\\x09\\x01\\xff{|}]; &#45;&#45;é😀<"),
            std::string::npos)
      << svg;
}

TEST(Drawing, WrongNames) {
  for (const std::string name : {"lenet.pdf", "lenet", "svg", ".svg", ""})
    expect_input_error({"inspect", "lenet", "--svg", name},
                       "cannot draw \"" + name + "\": expected a file name that ends in .svg, .png or .dot");
  for (const std::string ending : {"svg", "dot"})
    expect_input_error({"inspect", "lenet", "--stage", "parsed", "--svg", "/nowhere/lenet." + ending},
                       "cannot write /nowhere/lenet." + ending + ": there is no folder /nowhere");
  const TemporaryFolder folder;
  fs::create_directory(folder / "a.svg");
  expect_input_error({"inspect", "lenet", "--stage", "parsed", "--svg", folder / "a.svg"},
                     "cannot write " + (folder / "a.svg").string() + ": it is a folder, not a file");
  EXPECT_TRUE(fs::is_empty(folder / "a.svg"));
}

TEST(Drawing, WithoutGraphviz) {
  const TemporaryFolder folder, programs;
  const ProgramsIn only(programs.path());
  const std::string file = folder / "lenet.svg";
  const Outcome outcome = run_program({"inspect", "lenet", "--stage", "parsed", "--svg", file});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_EQ(outcome.err,
            "sinter: cannot draw " + file +
                ": the program \"dot\" was not found; install the package graphviz, or write the "
                "drawing as FILE.dot\n");
  EXPECT_TRUE(is_empty(folder));
  EXPECT_EQ(run_program({"inspect", "lenet", "--stage", "parsed", "--svg", folder / "a.dot"}).exit_code, 0);
}

TEST(Drawing, GraphvizThatFails) {
  const TemporaryFolder folder, programs;
  const std::string file = folder / "lenet.svg";
  const auto expect_failure = [&](const std::string& script, const std::string& message) {
    chmod(programs.file("dot", "#!/bin/sh\n" + script).c_str(), 0700);
    const ProgramsIn only(programs.path());
    const Outcome outcome = run_program({"inspect", "lenet", "--stage", "parsed", "--svg", file});
    EXPECT_EQ(outcome.exit_code, 1);
    EXPECT_EQ(outcome.err, "sinter: cannot draw " + file + ": dot " + message + "\n");
    EXPECT_TRUE(is_empty(folder));
  };
  expect_failure("echo '<svg>'; echo 'no fonts' >&2; exit 3\n", "ended with 3: no fonts");
  expect_failure("kill -TERM $$\n", "ended by signal 15");
  expect_failure("exit 0\n", "drew nothing");
}

}  // namespace
}  // namespace sinter
