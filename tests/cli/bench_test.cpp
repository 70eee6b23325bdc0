#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>
#include <sstream>

#include "runtime/executable.h"
#include "tests/cli/program.h"

namespace sinter {
namespace {

using Json = nlohmann::ordered_json;

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

std::vector<Json> measured(const std::vector<std::string>& arguments) {
  std::vector<std::string> words = {"bench"};
  words.insert(words.end(), arguments.begin(), arguments.end());
  words.insert(words.end(), {"--json", "--backend", "reference"});
  const Outcome outcome = run_program(words);
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(outcome.err, "");
  std::vector<Json> objects;
  for (const std::string& line : lines_of(outcome.out)) objects.push_back(Json::parse(line));
  return objects;
}

std::vector<std::string> cells_of(const std::string& line) {
  std::istringstream words(line);
  return {std::istream_iterator<std::string>(words), {}};
}

TEST(Bench, JsonHasTheKeysInTheirOrder) {
  const auto objects = measured({"lenet_relu", "--mode", "train", "--batch-size", "8", "--repeat", "4"});
  ASSERT_EQ(objects.size(), 1U);
  std::vector<std::string> keys;
  for (const auto& [key, value] : objects[0].items()) keys.push_back(key);
  EXPECT_EQ(keys,
            (std::vector<std::string>{"model", "mode", "backend", "batch_size", "threads", "repeat",
                                      "median_ms", "min_ms", "max_ms", "images_per_second", "gflops",
                                      "peak_fraction", "compile_ms", "activation_bytes", "peak_rss_bytes"}));
}

TEST(Bench, FiguresAgreeWithEachOther) {
  const Json one = measured({"lenet", "--batch-size", "16", "--repeat", "7", "--threads", "2"}).at(0);
  EXPECT_EQ(one["model"], "lenet");
  EXPECT_EQ(one["mode"], "infer");
  EXPECT_EQ(one["backend"], "reference");
  EXPECT_EQ(one["batch_size"], 16);
  EXPECT_EQ(one["threads"], 2);
  EXPECT_EQ(one["repeat"], 7);
  const double median = one["median_ms"];
  EXPECT_GT(one["min_ms"], 0.0);
  EXPECT_LE(one["min_ms"], median);
  EXPECT_LE(median, one["max_ms"]);
  EXPECT_NEAR(one["images_per_second"].get<double>() * median, 16 * 1e3, 0.2);
  // 845.9 k an image, as `sinter summary lenet` has it; the peak is some hundred times what this backend
  // does.
  EXPECT_NEAR(one["gflops"].get<double>() * median, 16 * 845888e-6, 0.01);
  EXPECT_GT(one["peak_fraction"], 0.0);
  EXPECT_LT(one["peak_fraction"], 1.0);
  EXPECT_GT(one["compile_ms"], 0.0);
  EXPECT_GT(one["activation_bytes"], 16 * 4704);
  EXPECT_GT(one["peak_rss_bytes"], one["activation_bytes"]);
}

TEST(Bench, OneLineForEachCombination) {
  const auto objects =
      measured({"lenet,lenet_relu", "--mode", "infer,train", "--batch-size", "1,3", "--repeat", "1"});
  std::vector<std::string> found;
  for (const Json& one : objects)
    found.push_back(fmt::format("{} {} {}", one["model"].get<std::string>(), one["mode"].get<std::string>(),
                                one["batch_size"].get<int>()));
  EXPECT_EQ(found, (std::vector<std::string>{"lenet infer 1", "lenet infer 3", "lenet train 1",
                                             "lenet train 3", "lenet_relu infer 1", "lenet_relu infer 3",
                                             "lenet_relu train 1", "lenet_relu train 3"}));
}

TEST(Bench, PeakMemoryIsThatOfEachCombination) {
  const auto objects = measured({"lenet", "--batch-size", "4096,1", "--repeat", "1"});
  ASSERT_EQ(objects.size(), 2U);
  EXPECT_GT(objects[0]["peak_rss_bytes"], objects[0]["activation_bytes"]);
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "the address sanitizer keeps freed memory for a while";
#endif
  if (access("/proc/self/clear_refs", W_OK) != 0) GTEST_SKIP() << "the peak cannot be reset here";
  constexpr int64_t pictures = 4095 * 28 * 28 * 4;  // bytes, that one batch has more than the other
  EXPECT_LT(objects[1]["peak_rss_bytes"].get<int64_t>() + pictures / 2,
            objects[0]["peak_rss_bytes"].get<int64_t>());
}

TEST(Bench, TheTableHasARowForEachCombination) {
  const Outcome outcome = run_program({"bench", "lenet", "--mode", "infer,train", "--batch-size", "2",
                                       "--repeat", "2", "--threads", "1", "--backend", "reference"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(outcome.err, "");
  const auto lines = lines_of(outcome.out);
  ASSERT_EQ(lines.size(), 4U) << outcome.out;
  EXPECT_EQ(cells_of(lines[0]),
            cells_of("model mode backend batch threads repeat median ms min ms max ms images/s GFLOP/s % of "
                     "peak compile ms activations peak memory"));
  const std::vector<std::string> first = {"lenet", "infer", "reference", "2", "1", "2"};
  for (const size_t row : {2, 3}) {
    auto cells = cells_of(lines[row]);
    ASSERT_EQ(cells.size(), 17U) << lines[row];  // two of them with a unit
    cells.resize(first.size());
    EXPECT_EQ(cells[1], row == 2 ? "infer" : "train");
    cells[1] = "infer";
    EXPECT_EQ(cells, first);
  }
}

TEST(Bench, ModelsInFilesWithSeveralInputsAndAFixedBatch) {
  const TemporaryFolder folder;
  const std::string model = folder.file("two.sinter",
                                        "model two(outputs = 3) {\n  input a: f64[6, 4]\n  input b: i32[2]\n"
                                        "  a | linear(outputs)\n}\n");
  const auto objects =
      measured({model, "--mode", "infer,train", "--repeat", "2", "--set", "outputs=5", "--loss", "mse"});
  ASSERT_EQ(objects.size(), 2U);
  EXPECT_EQ(objects[0]["batch_size"], 6);
  EXPECT_NEAR(objects[0]["gflops"].get<double>() * objects[0]["median_ms"].get<double>(), 2e-6 * 6 * 4 * 5,
              1e-8);
  expect_input_error(
      {"bench", model, "--batch-size", "4"},
      "--batch-size 4: model \"two\" has a fixed batch: no input's first dimension is a symbol "
      "such as N");
}

TEST(Bench, AResultThatIsNotFiniteFails) {
  const TemporaryFolder folder;
  const std::string model =
      folder.file("nan.sinter", "model n() {\n  input x: f32[N, 2]\n  div(x, sub(x, x))\n}\n");
  const std::string error =
      "result 0 of \"n\" is not finite after 1 step on random inputs; what was timed is worth nothing\n";
  const Outcome outcome = run_program({"bench", model + ",lenet", "--repeat", "1"});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_EQ(outcome.err, "sinter: " + model + " infer N=1: " + error +
                             "sinter: 1 of 2 combinations could not be measured\n");
  EXPECT_EQ(lines_of(outcome.out).size(), 3U) << outcome.out;  // what was measured after it
  const Outcome alone = run_program({"bench", model, "--repeat", "1"});
  EXPECT_EQ(alone.exit_code, 1);
  EXPECT_EQ(alone.err, "sinter: " + error);
  EXPECT_EQ(alone.out, "");
}

TEST(Bench, WrongLists) {
  expect_input_error(
      {"bench", "lenet,"},
      "MODEL \"lenet,\": element 2 is empty; expected a model, or several separated by commas");
  expect_input_error({"bench", "lenet,,lenet"},
                     "MODEL \"lenet,,lenet\": element 2 is empty; expected a model, or several separated by "
                     "commas");
  expect_input_error(
      {"bench", "lenet", "--mode", ",train"},
      "--mode \",train\": element 1 is empty; expected infer or train, or several separated by "
      "commas");
  expect_input_error({"bench", "lenet", "--mode", "infer,fast"},
                     "--mode infer,fast: \"fast\" is no mode; expected infer or train");
  expect_input_error({"bench", "lenet", "--batch-size", ""},
                     "--batch-size \"\": element 1 is empty; expected an integer from 1 to 1048576, or "
                     "several separated by commas");
  for (const std::string size : {"0", "-1", "1.5", "x", "1048577", "99999999999999999999"})
    expect_input_error({"bench", "lenet", "--batch-size", "4," + size},
                       "--batch-size 4," + size + ": \"" + size + "\" is not an integer from 1 to 1048576");
}

TEST(Bench, WrongOptionsAndModels) {
  expect_usage_error({"bench"}, "MODEL is required");
  expect_usage_error({"bench", "lenet", "--repeat", "0"}, "--repeat: 0 is no number from 1 to 1000000000");
  expect_usage_error({"bench", "lenet", "--repeat", "-3"}, "--repeat: -3 is no number from 1 to 1000000000");
  expect_input_error({"bench", "lenet,alexnett"},  // found before anything is measured
                     no_such_model("alexnett"));
  expect_input_error({"bench", "lenet", "--weights", "/nowhere/w.safetensors"},
                     "cannot read /nowhere/w.safetensors: No such file or directory");
  expect_input_error({"bench", "lenet,lenet_relu", "--weights", "w.safetensors"},
                     "--weights w.safetensors: weights are one model's; MODEL names lenet and lenet_relu");
}

TEST(Bench, SaysWhatCannotBeTrained) {
  const TemporaryFolder folder;
  const std::string features =
      folder.file("f.sinter", "model f() {\n  input x: f32[N, 1, 8, 8]\n  x | conv2d(2, kernel_size=3)\n}\n");
  expect_input_error({"bench", features, "--mode", "infer,train"},
                     "graph \"f\" results in f32[1, 2, 6, 6]; cross entropy needs logits [N, C]");
  const std::string plain = folder.file("p.sinter", "model p() {\n  input x: f32[N, 2]\n  relu(x)\n}\n");
  expect_input_error({"bench", plain, "--mode", "train"},
                     "model \"p\" has no parameters; there is nothing to train");
  expect_input_error({"bench", "lenet", "--mode", "infer,train", "--nesterov"},
                     "nesterov needs a momentum above 0");
}

TEST(Bench, ARefusedPlanDoesNotKeepOthersFromBeingMeasured) {
  const TemporaryFolder folder;
  const std::string model =  // at the largest batch more than any machine has
      folder.file("big.sinter", "model big() {\n  input x: f32[N, 4096, 4096]\n  relu(x)\n}\n");
  for (const bool json : {false, true}) {
    std::vector<std::string> words = {"bench", model,    "--batch-size", "1048576,1", "--repeat",
                                      "1",     "--mode", "infer",        "--backend", "reference"};
    if (json) words.emplace_back("--json");
    const Outcome outcome = run_program(words);
    EXPECT_EQ(outcome.exit_code, 1);
    EXPECT_TRUE(outcome.err.starts_with("sinter: " + model + " infer N=1048576: graph \"big\" needs "))
        << outcome.err;
    EXPECT_NE(outcome.err.find(" TiB of memory ("), std::string::npos) << outcome.err;
    EXPECT_TRUE(outcome.err.ends_with("\nsinter: 1 of 2 combinations could not be measured\n"))
        << outcome.err;
    EXPECT_EQ(lines_of(outcome.out).size(), json ? 1U : 3U) << outcome.out;
  }
}

TEST(Bench, JsonNumbersHaveSixDigitsAtMost) {
  const Outcome outcome =
      run_program({"bench", "lenet", "--repeat", "3", "--json", "--backend", "reference"});
  const Json one = Json::parse(outcome.out);
  for (const auto& [key, value] : one.items()) {
    if (!value.is_number_float()) continue;
    const double number = value;
    EXPECT_EQ(number, std::stod(fmt::format("{:.6g}", number))) << key;
    EXPECT_LE(value.dump().size(), 13U) << key << " " << value.dump();
  }
}

TEST(Bench, AModelsPathNeedNotBeText) {
  const TemporaryFolder folder;
  const std::string model = folder.file("a\xff.sinter", "model a() {\n  input x: f32[N, 2]\n  relu(x)\n}\n");
  const auto objects = measured({model, "--repeat", "1"});
  ASSERT_EQ(objects.size(), 1U);
  EXPECT_TRUE(objects[0]["model"].get<std::string>().ends_with("a\xef\xbf\xbd.sinter")) << objects[0];
  const Outcome outcome = run_program({"bench", model, "--repeat", "1"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_NE(outcome.out.find("a?.sinter  infer"), std::string::npos) << outcome.out;
}

TEST(Bench, WarnsOfOpsThatTheBackendDeclines) {
  const TemporaryFolder folder;
  const std::string model = folder.file(
      "d.sinter",
      "model d() {\n  input x: f64[N, 3, 8, 8]\n  x | conv2d(4, kernel_size=3) | softmax(dim=1)\n}\n");
  const auto names = backend_names();
  if (std::ranges::find(names, "onednn") == names.end()) GTEST_SKIP() << "built without oneDNN";
  const std::vector<std::string> words = {"bench", model, "--repeat", "1", "--backend", "onednn"};
  const auto err = [&](const std::string& level) {
    auto with_level = words;
    with_level.insert(with_level.end(), {"--log-level", level});
    return run_program(with_level).err;
  };
  const std::string warning = "warning: " + model + ": onednn declines conv2d";
  EXPECT_TRUE(err("info").starts_with(warning)) << err("info");
  EXPECT_TRUE(err("info").ends_with(
      "which run on reference and are slow: there is no arithmetic for f64[1, 3, 8, 8]\n"))
      << err("info");
  EXPECT_EQ(lines_of(err("info")).size(), 1U);
  EXPECT_EQ(err("quiet"), "");
  EXPECT_TRUE(err("debug").starts_with("onednn: \"0\": conv2d (")) << err("debug");
  EXPECT_EQ(lines_of(err("debug")).size(), 3U);
  const Outcome inspected = run_program({"inspect", model, "--remarks", "--backend", "onednn"});
  EXPECT_NE(inspected.err.find("# onednn: \"0\": conv2d ("), std::string::npos) << inspected.err;
  EXPECT_NE(inspected.err.find("# onednn: \"1\": softmax ("), std::string::npos) << inspected.err;
}

}  // namespace
}  // namespace sinter
