#include <gtest/gtest.h>

#include <sys/wait.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>

#include "ir/philox.h"
#include "tests/cli/program.h"

namespace sinter {
namespace {

namespace fs = std::filesystem;

constexpr int last = 128 + SIGKILL;

// Trainings on CIFAR-10 of a few random pictures: 16 steps an epoch.
class Resume : public testing::Test {
 protected:
  Resume() {
    fs::create_directory(folder_ / "cifar10");
    std::string records;
    Random random(1, 0);
    for (int i = 0; i < 500; ++i) {
      records += static_cast<char>(i % 10);
      for (int byte = 0; byte < 3072; ++byte) records += static_cast<char>(random.word());
    }
    folder_.file("cifar10/data_batch_1.bin", records);
    folder_.file("cifar10/test_batch.bin", records.substr(0, 50 * 3073));
    model_ =
        folder_.file("net.sinter",
                     "model net() {\n  input image: f32[N, 3, 32, 32]\n  image | conv2d(8, kernel_size=3)"
                     " | relu | max_pool2d(2, stride=2) | conv2d(16, kernel_size=3) | relu |"
                     " avg_pool2d(2, stride=2) | flatten | linear(10)\n}\n");
  }

  // What is given twice is taken from `more`.
  std::vector<std::string> arguments(const std::vector<std::string>& more) const {
    const std::pair<std::string, std::string> usual[] = {
        {"--data", "cifar10"},       {"--batch-size", "32"}, {"--lr", "0.01"},
        {"--momentum", "0.9"},       {"--seed", "5"},        {"--log-level", "quiet"},
        {"--augment", "crop:4,flip"}};
    std::vector<std::string> words = {"train", model_};
    for (const auto& [option, value] : usual)
      if (std::ranges::find(more, option) == more.end()) words.insert(words.end(), {option, value});
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
  Outcome run(const std::vector<std::string>& more) const { return run_program(arguments(more), options()); }
  ProgramOptions options() const { return {.data_folder = folder_.path()}; }
  std::string path(const std::string& name) const { return folder_ / name; }
  // The weights that a run without interruption comes to.
  std::string straight(const std::string& epochs) const {
    EXPECT_EQ(
        run({"--epochs", epochs, "--save", path("straight"), "--metrics", path("straight.jsonl")}).exit_code,
        0);
    return content_of(path("straight"));
  }

  static uint64_t size_of_file(const std::string& file) {
    std::error_code missing;
    const uint64_t size = fs::file_size(file, missing);
    return missing ? 0 : size;
  }
  static void wait_for_size(const std::string& file, uint64_t size) {
    for (int i = 0; i < 60000 && size_of_file(file) < size; ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    EXPECT_GE(size_of_file(file), size) << file;
  }

  TemporaryFolder folder_;
  std::string model_;
};

TEST_F(Resume, AfterKillsAtAnyMomentTheBitsAreThoseOfAStraightRun) {
  const std::string expected = straight("6");
  const std::vector<std::string> checkpointed = {"--epochs",
                                                 "6",
                                                 "--checkpoint",
                                                 path("c"),
                                                 "--checkpoint-every",
                                                 "3",
                                                 "--threads",
                                                 "2",
                                                 "--save",
                                                 path("w"),
                                                 "--metrics",
                                                 path("m.jsonl"),
                                                 "--step-metrics",
                                                 path("s.jsonl")};
  Random random(static_cast<uint64_t>(getpid()), 0);
  int kills = 0;
  for (int attempt = 0; attempt < 100; ++attempt) {
    std::vector<std::string> more = checkpointed;
    const uint64_t reached = size_of_file(path("s.jsonl"));
    if (fs::exists(path("c"))) more.emplace_back("--resume");
    Program program(arguments(more), options());
    if (kills < 4) {
      // Some steps further than the last time, and then at any moment: a step, a checkpoint.
      wait_for_size(path("s.jsonl"), reached + random.uniform_int(1200));
      std::this_thread::sleep_for(std::chrono::microseconds(random.uniform_int(5000)));
      program.send(SIGKILL);
    }
    const Outcome outcome = program.wait();
    if (outcome.exit_code == last) {
      ++kills;
      continue;
    }
    ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
    break;
  }
  EXPECT_GT(kills, 0);
  EXPECT_EQ(content_of(path("w")), expected);
  // The metrics are those of a straight run: no line is missing, none is there twice.
  std::istringstream lines(content_of(path("m.jsonl"))), straight_lines(content_of(path("straight.jsonl")));
  std::string line, straight_line;
  int epochs = 0;
  while (std::getline(lines, line) && std::getline(straight_lines, straight_line)) {
    auto json = nlohmann::json::parse(line), other = nlohmann::json::parse(straight_line);
    EXPECT_EQ(json["epoch"], ++epochs);
    for (const std::string key : {"train_loss", "train_accuracy", "test_loss", "test_accuracy"})
      EXPECT_EQ(json[key], other[key]) << key;
  }
  EXPECT_EQ(epochs, 6);
  std::istringstream steps(content_of(path("s.jsonl")));
  int64_t count = 0;
  for (; std::getline(steps, line); ++count) EXPECT_EQ(nlohmann::json::parse(line)["step"], count % 16 + 1);
  EXPECT_EQ(count, 6 * 16);
}

TEST_F(Resume, AnInterruptWritesACheckpointAndEndsCleanly) {
  const std::string expected = straight("3");
  Program program(arguments({"--epochs", "100000", "--checkpoint", path("c"), "--step-metrics", path("s")}),
                  options());
  wait_for_size(path("s"), 500);
  program.send(SIGINT);
  const Outcome outcome = program.wait();
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(outcome.out, "interrupted; the weights are those of the last step\n");
  const std::string steps = content_of(path("s"));
  const auto done = nlohmann::json::parse(steps.substr(steps.rfind('\n', steps.size() - 2) + 1));
  std::vector<std::string> more = {"--epochs", done["epoch"].dump(), "--checkpoint", path("c"),
                                   "--resume", "--log-level",        "info"};
  const Outcome resumed = run(more);
  EXPECT_EQ(resumed.exit_code, 0) << resumed.err;
  EXPECT_NE(resumed.out.find("going on from " + path("c") + ": epoch " + done["epoch"].dump() + ", step " +
                             done["step"].dump() + "\n"),
            std::string::npos)
      << resumed.out;
  // More epochs may be asked of a training that was finished.
  if (done["epoch"] <= 3) {
    EXPECT_EQ(run({"--epochs", "3", "--checkpoint", path("c"), "--resume", "--save", path("w")}).exit_code,
              0);
    EXPECT_EQ(content_of(path("w")), expected);
  }
}

TEST_F(Resume, AFileThatMayNotGrowLeavesTheOldCheckpointWhole) {
  ASSERT_EQ(run({"--epochs", "1", "--checkpoint", path("c")}).exit_code, 0);
  const std::string before = content_of(path("c"));
  std::string command = "ulimit -f 1; SINTER_DATA=" + path("") + " " SINTER_PROGRAM;
  for (const std::string& word :
       arguments({"--no-kernel-cache", "--epochs", "2", "--checkpoint", path("c"), "--resume"}))
    command += " " + word;
  const int status = std::system(("bash -c '" + command + "' > /dev/null 2> " + path("error")).c_str());
  EXPECT_EQ(WIFEXITED(status) ? WEXITSTATUS(status) : -1, 1);
  EXPECT_EQ(content_of(path("error")), "sinter: cannot write " + path("c") + ": File too large\n");
  EXPECT_EQ(content_of(path("c")), before);
  for (const auto& entry : fs::directory_iterator(folder_.path()))
    EXPECT_NE(entry.path().extension(), ".tmp") << entry.path();
}

TEST_F(Resume, WhatDoesNotFitIsNamed) {
  ASSERT_EQ(run({"--epochs", "1", "--checkpoint", path("c")}).exit_code, 0);
  const auto message = [&](std::vector<std::string> more) {
    more.insert(more.end(), {"--checkpoint", path("c"), "--resume"});
    const Outcome outcome = run(more);
    EXPECT_EQ(outcome.exit_code, 2);
    EXPECT_EQ(outcome.out, "");
    return outcome.err;
  };
  EXPECT_EQ(
      message({"--limit", "100"}),
      "sinter: " + path("c") +
          ": the checkpoint's limit of examples is 0; this run's is 100. A training goes on as it began\n");
  EXPECT_EQ(
      message({"--momentum", "0.8"}),
      "sinter: " + path("c") +
          ": the checkpoint's optimizer is sgd with momentum 0.9, weight decay default, betas 0.9 0.999, eps "
          "1e-08, alpha 0.99; this run's is sgd with momentum 0.8, weight decay default, betas 0.9 0.999, "
          "eps 1e-08, alpha 0.99. A training goes on as it began\n");
  folder_.file("net.sinter",
               "model net() {\n  input image: f32[N, 3, 32, 32]\n  image | conv2d(8, kernel_size=5)"
               " | flatten | linear(10)\n}\n");
  EXPECT_EQ(message({}),
            "sinter: " + path("c") +
                ": a checkpoint of another model: its parameter 1 is \"0.weight\": f32[8, 3, 3, 3]; "
                "model \"net\" has \"0.weight\": f32[8, 3, 5, 5] there\n");
  folder_.file("c", "");
  EXPECT_EQ(message({}), "sinter: " + path("c") + ": it does not begin with \"sinter checkpoint 1\"\n");
  fs::remove(path("c"));
  EXPECT_EQ(message({}), "sinter: cannot read " + path("c") + ": No such file or directory\n");
}

TEST_F(Resume, WrongOptions) {
  const auto message = [&](const std::vector<std::string>& more) {
    const Outcome outcome = run(more);
    EXPECT_EQ(outcome.exit_code, 2);
    return outcome.err.substr(0, outcome.err.find('\n'));
  };
  EXPECT_EQ(message({"--resume"}), "sinter: --resume requires --checkpoint");
  EXPECT_EQ(message({"--checkpoint-every", "5"}), "sinter: --checkpoint-every requires --checkpoint");
  EXPECT_EQ(message({"--checkpoint", "c", "--checkpoint-every", "0"}),
            "sinter: --checkpoint-every: 0 is no number from 1 to 1000000000000");
  EXPECT_EQ(message({"--checkpoint", path("c"), "--resume", "--weights", "w"}),
            "sinter: --resume excludes --weights");
  EXPECT_EQ(message({"--checkpoint", "/nowhere/c"}),
            "sinter: cannot write /nowhere/c: there is no folder /nowhere");
}

}  // namespace
}  // namespace sinter
