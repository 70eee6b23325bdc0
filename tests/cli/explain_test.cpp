#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "cli/explain_json.h"
#include "cli/explain_table.h"
#include "runtime/executable.h"
#include "tests/cli/program.h"

namespace sinter {
namespace {

using Json = nlohmann::json;

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (size_t at = 0; at < text.size();) {
    const size_t end = text.find('\n', at);
    lines.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return lines;
}

std::vector<Json> objects_of(const std::string& text) {
  std::vector<Json> objects;
  for (const std::string& line : lines_of(text)) objects.push_back(Json::parse(line));
  return objects;
}

StepTimes times(double least, double median) { return {3, median, least, median}; }

// A loop with two kernels, a view, and a kernel that was measured too short.
StepReport small_report() {
  StepReport report{.backend = "auto", .batch_size = 32, .threads = 2, .peak_flops = 2e11};
  report.kernels.push_back({.ops = "slab_loop",
                            .reads = {"abcd"},
                            .writes = {"abcd"},
                            .slabs = SlabSizes{2, 16, 2},
                            .flops = 3e6,
                            .least_flops = 2.25e6,
                            .bytes = 40960,
                            .predicted = 30e-6,
                            .limit = {15e-6, false},
                            .seconds = times(50e-6, 60e-6)});
  report.kernels.push_back({.ops = "conv2d + relu + max_pool2d_argmax",
                            .source = "0",
                            .backend = "jit",
                            .reads = {"abcd", "abcd", "a"},
                            .writes = {"Abcd16a", "Abcd16a"},
                            .loop = 0,
                            .flops = 2e6,
                            .least_flops = 2e6,
                            .bytes = 20480,
                            .predicted = 20e-6,
                            .limit = {10e-6, false},
                            .seconds = times(20e-6, 25e-6),
                            .remarks = {0}});
  report.kernels.push_back({.ops = "matmul + mul + sub + mul + mul + add + sigmoid",
                            .form = "sparse",
                            .source = "7",
                            .backend = "onednn",
                            .reads = {"ab", "ab"},
                            .writes = {"ab"},
                            .loop = 0,
                            .flops = 1e6,
                            .least_flops = 250e3,
                            .bytes = 20480,
                            .predicted = 10e-6,
                            .limit = {5e-6, true},
                            .seconds = times(20e-6, 22e-6),
                            .remarks = {0}});
  report.kernels.push_back({.ops = "reorder", .source = "7", .reads = {"abcd"}, .writes = {"aBcd16b"}});
  report.kernels.push_back({.ops = "sum",
                            .source = "7.bias",
                            .backend = "reference",
                            .reads = {"ab"},
                            .writes = {"a"},
                            .flops = 100,
                            .least_flops = 100,
                            .bytes = 1300,
                            .limit = {3e-6, true},
                            .seconds = times(2e-6, 4e-6)});
  report.total = {.ops = "total",
                  .flops = 3000100,
                  .least_flops = 2250100,
                  .bytes = 42260,
                  .limit = {18e-6, false},
                  .seconds = times(42e-6, 51e-6)};
  report.step = times(60e-6, 70e-6);
  report.remarks = {{"fuse_epilogues", "0", "conv2d + add is not fused: no", OpKind::conv2d},
                    {"form_slab_loops", "", "the batch of 2 samples is one slab"}};
  return report;
}

TEST(ExplainTable, HasARowForEachKernelAndItsRemarksBelow) {
  EXPECT_EQ("\n" + cli::explain_table({"lenet", "train"}, small_report()), R"(
lenet, training step, batch 32, 2 threads; peak 200.0 GFLOP/s; the limit is set by f: FLOPs, b: bytes

#  kernel                               layer   backend    layouts read -> written  FLOPs     bytes  limit us  predicted  least us  median us   share
-----------------------------------------------------------------------------------------------------------------------------------------------------
1  slab_loop: 2 slabs of 16, 2 lanes                                                3.0 M  40.0 KiB    15.0         30.0      50.0       60.0  30.0 %
2    conv2d + relu + max_pool2d_argmax  0       jit        abcd -> Abcd16a          2.0 M  20.0 KiB    10.0 f       20.0      20.0       25.0  50.0 %
3    matmul + mul + sub + mul + mul +   7       onednn     ab -> ab                 1.0 M  20.0 KiB    5.00 b       10.0      20.0       22.0  25.0 %
       add + sigmoid, sparse
4  reorder                              7       a view     abcd -> aBcd16b
5  sum                                  7.bias  reference  ab -> a                    100   1.3 KiB    3.00 b          -      2.00       4.00   error
-----------------------------------------------------------------------------------------------------------------------------------------------------
   sum of the kernels                                                               3.0 M  41.3 KiB    18.0            -      42.0       51.0  42.9 %
   whole step (3 timed)                         auto                                3.0 M  41.3 KiB    18.0                   60.0       70.0  30.0 %
kernel 5: above the limit: measurement error; the limit is 3.00 us, measured were 2.00 us

What was left alone, and why, by kernel:
    2,3  fuse_epilogues: "0": conv2d + add is not fused: no

What was left alone, and belongs to no kernel:
         form_slab_loops: the batch of 2 samples is one slab
)");
}

TEST(ExplainTable, HasAPeakForEachWidthOfVectors) {
  StepReport report = small_report();
  for (KernelReport& kernel : report.kernels)
    if (!kernel.backend.empty()) kernel.peak_flops = 2e11;
  const std::string start = "lenet, inference, batch 32, 2 threads; peak ";
  EXPECT_TRUE(cli::explain_table({"lenet", "infer"}, report).starts_with(start + "200.0 GFLOP/s; "));
  report.kernels[1].peak_flops = 1e11;
  EXPECT_TRUE(cli::explain_table({"lenet", "infer"}, report)
                  .starts_with(start + "100.0 (jit), 200.0 (onednn), 200.0 (reference) GFLOP/s; "));
}

TEST(ExplainJson, HasALineForEachKernel) {
  StepReport report = small_report();
  report.kernels[1].peak_flops = 1e11;
  EXPECT_EQ(Json(objects_of(cli::explain_json({"lenet", "train"}, report))), Json::parse(R"([
{"kind": "slab_loop", "number": 1, "loop": null, "slabs": 2, "slab": 16, "lanes": 2, "ops":
"slab_loop", "form": null, "layer": "", "backend": null, "reads": ["abcd"], "writes": ["abcd"], "flops":
3000000.0, "least_flops": 2250000.0, "bytes": 40960.0, "predicted_ms": 0.03, "limit_ms": 0.015, "limited_by": null, "peak_gflops": null, "min_ms":
0.05, "median_ms": 0.06, "roofline_share": 0.3, "remarks": []},
{"kind": "kernel", "number": 2, "loop": 1, "ops": "conv2d + relu + max_pool2d_argmax", "form": null, "layer": "0",
"backend": "jit", "reads": ["abcd", "abcd", "a"], "writes": ["Abcd16a", "Abcd16a"], "flops":
2000000.0, "least_flops": 2000000.0, "bytes": 20480.0, "predicted_ms": 0.02, "limit_ms": 0.01, "limited_by": "flops", "peak_gflops": 100.0,
"min_ms": 0.02, "median_ms": 0.025, "roofline_share": 0.5, "remarks": [{"pass": "fuse_epilogues",
"layer": "0", "text": "conv2d + add is not fused: no"}]},
{"kind": "kernel", "number": 3, "loop": 1, "ops": "matmul + mul + sub + mul + mul + add + sigmoid",
"form": "sparse", "layer": "7", "backend": "onednn", "reads": ["ab", "ab"], "writes": ["ab"], "flops": 1000000.0, "least_flops": 250000.0,
"bytes": 20480.0, "predicted_ms": 0.01, "limit_ms": 0.005, "limited_by": "bytes", "peak_gflops": null, "min_ms": 0.02,
"median_ms": 0.022, "roofline_share": 0.25, "remarks": [{"pass": "fuse_epilogues", "layer": "0",
"text": "conv2d + add is not fused: no"}]},
{"kind": "kernel", "number": 4, "loop": null, "ops": "reorder", "form": null, "layer": "7", "backend": null,
"reads": ["abcd"], "writes": ["aBcd16b"], "flops": 0.0, "least_flops": 0.0, "bytes": 0.0, "predicted_ms": null,
"limit_ms": 0.0, "limited_by": null, "peak_gflops": null, "min_ms": null, "median_ms": null, "roofline_share": null,
"remarks": []},
{"kind": "kernel", "number": 5, "loop": null, "ops": "sum", "form": null, "layer": "7.bias", "backend":
"reference", "reads": ["ab"], "writes": ["a"], "flops": 100.0, "least_flops": 100.0, "bytes": 1300.0, "predicted_ms":
null, "limit_ms": 0.003, "limited_by": "bytes", "peak_gflops": null, "min_ms": 0.002, "median_ms": 0.004,
"roofline_share": null, "error": "above the limit: measurement error", "remarks": []},
{"kind": "total", "model": "lenet", "mode": "train", "backend": "auto", "batch_size": 32, "threads":
2, "peak_gflops": 200.0, "repeat": 3, "flops": 3000100.0, "least_flops": 2250100.0, "bytes": 42260.0, "predicted_ms": null,
"limit_ms": 0.018, "kernels_min_ms": 0.042, "kernels_median_ms": 0.051, "min_ms": 0.06, "median_ms":
0.07, "roofline_share": 0.3},
{"kind": "remark", "pass": "form_slab_loops", "layer": "", "text":
"the batch of 2 samples is one slab"}])"));
}

// The objects that the program prints, with 2 steps of each kind timed.
std::vector<Json> explained(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "explain");
  arguments.insert(arguments.end(), {"--repeat", "2", "--json"});
  const Outcome outcome = run_program(arguments);
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  return objects_of(outcome.out);
}

std::vector<std::string> backends() {
  std::vector<std::string> names = backend_names();
  names.emplace_back("auto");
  return names;
}

TEST(Explain, ExplainsEveryBackend) {
  for (const std::string& backend : backends())
    for (const std::string mode : {"infer", "train"}) {
      SCOPED_TRACE(backend + " " + mode);
      const auto objects =
          explained({"lenet_relu", "--mode", mode, "--batch-size", "17", "--backend", backend});
      const auto total =
          std::ranges::find_if(objects, [](const Json& one) { return one["kind"] == "total"; });
      ASSERT_NE(total, objects.end());
      EXPECT_EQ((*total)["backend"], backend);
      EXPECT_EQ((*total)["batch_size"], 17);
      double flops = 0;
      for (const Json& one : objects) {
        if (one["kind"] != "kernel") continue;
        flops += one["flops"].get<double>();
        EXPECT_TRUE(backend != "reference" || one["backend"].is_null() || one["backend"] == "reference");
        if (one["roofline_share"].is_null()) continue;
        EXPECT_GT(one["roofline_share"], 0.0);
        EXPECT_LE(one["roofline_share"], 1.0);
        EXPECT_NEAR(one["roofline_share"].get<double>(),
                    one["limit_ms"].get<double>() / one["min_ms"].get<double>(), 1e-4);
      }
      EXPECT_DOUBLE_EQ((*total)["flops"].get<double>(), flops);
    }
}

TEST(Explain, ThePlainCommandPrintsATable) {
  const Outcome outcome = run_program(
      {"explain", "lenet", "--batch-size", "2", "--threads", "1", "--repeat", "1", "--backend", "reference"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(outcome.err, "");
  const auto lines = lines_of(outcome.out);
  ASSERT_GT(lines.size(), 6U);
  EXPECT_TRUE(lines[0].starts_with("lenet, inference, batch 2, 1 thread; peak ")) << lines[0];
  EXPECT_TRUE(lines[4].starts_with(" 1  conv2d")) << lines[4];
  EXPECT_NE(outcome.out.find("\n    sum of the kernels"), std::string::npos) << outcome.out;
  EXPECT_NE(outcome.out.find("\n    whole step (1 timed)"), std::string::npos) << outcome.out;
  EXPECT_NE(outcome.out.find("fuse_epilogues: \"0\": conv2d + sigmoid is not fused: reference: conv2d is not "
                             "elementwise\n"),
            std::string::npos)
      << outcome.out;
}

TEST(Explain, WarnsOfEachFallback) {
  const TemporaryFolder folder;
  const std::string model =
      folder.file("double.sinter", "model d() {\n  input x: f64[N, 4]\n  x | linear(3) | linear(2)\n}\n");
  for (const std::string& backend : backend_names()) {
    const Outcome outcome = run_program({"explain", model, "--repeat", "1", "--backend", backend});
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    const auto lines = lines_of(outcome.err);
    EXPECT_EQ(lines.empty(), backend == "reference") << outcome.err;
    for (const std::string& line : lines) {
      EXPECT_TRUE(line.starts_with(fmt::format("warning: {}: {}: \"", model, backend))) << line;
      EXPECT_NE(line.find(" of the FLOPs) runs on reference: "), std::string::npos) << line;
    }
  }
  EXPECT_EQ(run_program({"explain", model, "--repeat", "1", "--log-level", "quiet"}).err, "");
}

// Of ten parameters each has its update, which oneDNN has no primitive for.
TEST(Explain, WarnsOnceOfFallbacksThatAreAlike) {
  const Outcome outcome = run_program(
      {"explain", "lenet", "--mode", "train", "--batch-size", "2", "--repeat", "1", "--backend", "onednn"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  std::set<std::string> said;
  for (const std::string& line : lines_of(outcome.err)) {
    const std::string what = line.substr(line.rfind("\""));
    EXPECT_TRUE(said.insert(what.substr(what.find(": "))).second) << line;
  }
  EXPECT_NE(outcome.err.find("\" and 9 more: sgd_update ("), std::string::npos) << outcome.err;
}

TEST(Explain, WrongOptions) {
  expect_usage_error({"explain", "lenet", "--mode", "both"}, "--mode: both not in {infer,train}");
  expect_usage_error({"explain", "lenet", "--batch-size", "0"},
                     "--batch-size: 0 is no number from 1 to 1048576");
  expect_usage_error({"explain", "lenet", "--repeat", "0"}, "--repeat: 0 is no number from 1 to 1000000000");
  const TemporaryFolder folder;
  const std::string fixed =
      folder.file("double.sinter", "model double() {\n  input x: f32[2]\n  add(x, x)\n}\n");
  expect_input_error(
      {"explain", fixed, "--batch-size", "4"},
      "--batch-size 4: model \"double\" has a fixed batch: no input's first dimension is a symbol such as N");
  expect_input_error({"explain", fixed, "--mode", "train"},
                     "model \"double\" has no parameters; there is nothing to train");
}

}  // namespace
}  // namespace sinter
