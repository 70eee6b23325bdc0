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
    model_ = folder_.file("net.sinter", layers("relu"));
  }

  static std::string layers(const std::string& activation) {
    return "model net() {\n  input image: f32[N, 3, 32, 32]\n  image | conv2d(8, kernel_size=3) | " +
           activation +
           " | max_pool2d(2, stride=2) | conv2d(16, kernel_size=3) | relu | avg_pool2d(2, stride=2) | "
           "flatten |"
           " linear(10)\n}\n";
  }

  // What is given twice is taken from `more`; another optimizer may have no momentum.
  std::vector<std::string> arguments(const std::vector<std::string>& more) const {
    const std::pair<std::string, std::string> usual[] = {
        {"--data", "cifar10"},       {"--batch-size", "32"}, {"--lr", "0.01"},
        {"--momentum", "0.9"},       {"--seed", "5"},        {"--log-level", "quiet"},
        {"--augment", "crop:4,flip"}};
    std::vector<std::string> words = {"train", model_};
    const auto given = [&](const std::string& option) { return std::ranges::count(more, option) > 0; };
    for (const auto& [option, value] : usual)
      if (!given(option) && !(option == "--momentum" && given("--optimizer")))
        words.insert(words.end(), {option, value});
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
  const std::vector<std::string> checkpointed = {
      "--epochs",     "6", "--checkpoint", path("c"), "--resume",  "--checkpoint-every", "3",
      "--threads",    "2", "--save",       path("w"), "--metrics", path("m.jsonl"),      "--step-metrics",
      path("s.jsonl")};
  Random random(static_cast<uint64_t>(getpid()), 0);
  int kills = 0;
  for (int attempt = 0; attempt < 100; ++attempt) {
    const uint64_t reached = size_of_file(path("s.jsonl"));
    Program program(arguments(checkpointed), options());
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
  const std::string steps = content_of(path("s"));
  const auto done = nlohmann::json::parse(steps.substr(steps.rfind('\n', steps.size() - 2) + 1));
  EXPECT_EQ(outcome.out, "interrupted: checkpoint " + path("c") + " holds epoch " + done["epoch"].dump() +
                             ", step " + done["step"].dump() + "; go on with --resume\n");
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
  const std::string file = "sinter: " + path("c") + ": ", goes_on = ". A training goes on as it began\n";
  EXPECT_EQ(message({"--limit", "100"}),
            file + "the checkpoint's limit of examples is none; this run's is 100 (--limit)" + goes_on);
  EXPECT_EQ(message({"--momentum", "0.8"}),
            file + "the checkpoint's momentum is 0.9; this run's is 0.8 (--momentum)" + goes_on);
  EXPECT_EQ(message({"--weight-decay", "0.01", "--lr", "0.5", "--batch-size", "16"}),
            file + "the checkpoint's weight decay is 0; this run's is 0.01 (--weight-decay)" + goes_on)
      << "what is most fundamental comes first";
  EXPECT_EQ(message({"--optimizer", "adam", "--lr", "0.001"}),
            file + "the checkpoint's optimizer is sgd; this run's is adam (--optimizer)" + goes_on);
  EXPECT_EQ(
      message({"--lr-schedule", "step:3,0.1"}),
      file + "the checkpoint's learning rate schedule is constant; this run's is step:3,0.1 (--lr-schedule)" +
          goes_on);
  EXPECT_EQ(message({"--warmup", "2e"}),
            file + "the checkpoint's warm-up is 0; this run's is 2e (--warmup)" + goes_on);
  EXPECT_EQ(message({"--batch-size", "16"}),
            file + "the checkpoint's batch size is 32; this run's is 16 (--batch-size)" + goes_on);
  EXPECT_EQ(message({"--augment", "flip"}),
            file + "the checkpoint's augmentation is crop:4,flip; this run's is flip (--augment)" + goes_on);
  EXPECT_EQ(message({"--no-shuffle"}),
            file + "the checkpoint's shuffling is on; this run's is off (--no-shuffle)" + goes_on);
  EXPECT_EQ(message({"--seed", "6"}),
            file + "the checkpoint's seed is 5; this run's is 6 (--seed)" + goes_on);
  EXPECT_EQ(message({"--recompute", "never"}),
            file + "the checkpoint's recompute is auto; this run's is never (--recompute)" + goes_on);
  EXPECT_EQ(message({"--freeze", "0.*"}),
            file +
                "the checkpoint's training has trained \"0.weight\" and 1 more, "
                "which this run has frozen (--freeze)" +
                goes_on);
  folder_.file("net.sinter", layers("sigmoid"));
  EXPECT_EQ(message({}), file +
                             "a checkpoint of another model: line 9 of its graph is\n"
                             "  %2 = relu(%1) : f32[N, 8, 30, 30]  @ \"1\"\n"
                             "model \"net\" has\n"
                             "  %2 = sigmoid(%1) : f32[N, 8, 30, 30]  @ \"1\"\n"
                             "there (MODEL, --output)\n");
  folder_.file("net.sinter",
               "model net() {\n  input image: f32[N, 3, 32, 32]\n  image | conv2d(8, kernel_size=5)"
               " | flatten | linear(10)\n}\n");
  EXPECT_EQ(message({}),
            file +
                "a checkpoint of another model: it has \"0.weight\": f32[8, 3, 3, 3] as parameter 1; model "
                "\"net\" has \"0.weight\": f32[8, 3, 5, 5] as parameter 1\n");
  folder_.file("c", "");
  EXPECT_EQ(message({}), file + "it does not begin with \"sinter checkpoint 2\"\n");
}

TEST_F(Resume, WhereTheTrainingBeganIsNotToldOtherwise) {
  const auto train = [&](const char* epochs, const std::vector<std::string>& more) {
    std::vector<std::string> words = {"--epochs", epochs, "--limit", "32", "--checkpoint", path("c")};
    words.insert(words.end(), more.begin(), more.end());
    return run(words);
  };
  const auto refused = [&](const std::vector<std::string>& more) {
    std::vector<std::string> words = more;
    words.emplace_back("--resume");
    const Outcome outcome = train("9", words);
    EXPECT_EQ(outcome.exit_code, 2);
    EXPECT_EQ(outcome.out, "");
    return outcome.err;
  };
  const std::string file = "sinter: " + path("c") + ": ", goes_on = ". A training goes on as it began\n";
  ASSERT_EQ(train("1", {"--init", "xavier_uniform", "--save", path("w")}).exit_code, 0);
  EXPECT_EQ(train("2", {"--resume", "--init", "xavier_uniform"}).exit_code, 0);
  EXPECT_EQ(train("3", {"--resume"}).exit_code, 0) << "what is left out contradicts nothing";
  EXPECT_EQ(
      refused({"--init", "default"}),
      file + "the checkpoint's initialisation is xavier_uniform; this run's is default (--init)" + goes_on);
  EXPECT_EQ(refused({"--weights", path("w")}),
            file + "the checkpoint's file of first weights is none; this run's is " + path("w") +
                " (--weights)" + goes_on);

  const std::vector<std::string> in_place = {"--weights", path("w"), "--save", path("w")};
  std::vector<std::string> anew = in_place, again = in_place;
  anew.emplace_back("--overwrite");
  again.emplace_back("--resume");
  ASSERT_EQ(train("1", anew).exit_code, 0);
  EXPECT_EQ(train("2", again).exit_code, 0) << "although other weights are in the file by now";
  fs::remove(path("w"));
  EXPECT_EQ(train("3", {"--resume", "--weights", path("./w")}).exit_code, 0) << "nor is the file needed";
  EXPECT_EQ(refused({"--weights", path("v")}), file + "the checkpoint's file of first weights is " +
                                                   path("w") + "; this run's is " + path("v") +
                                                   " (--weights)" + goes_on);
  EXPECT_EQ(
      refused({"--init", "xavier_uniform"}),
      file + "the checkpoint's initialisation is default; this run's is xavier_uniform (--init)" + goes_on);
}

// Its pictures are others, but it was the seed that was changed.
TEST_F(Resume, AnotherSeedOfSyntheticDataIsNamed) {
  const auto train = [&](const std::string& seed) {
    return run_program({"train", "lenet_relu", "--data", "synthetic", "--limit", "64", "--test-limit", "16",
                        "--epochs", "1", "--checkpoint", path("c"), "--resume", "--seed", seed});
  };
  ASSERT_EQ(train("1").exit_code, 0);
  EXPECT_EQ(train("2").err,
            "sinter: " + path("c") +
                ": the checkpoint's seed is 1; this run's is 2 (--seed). A training goes on as it began\n");
  EXPECT_EQ(train("1").exit_code, 0);
}

TEST_F(Resume, FrozenParametersStayFrozen) {
  ASSERT_EQ(run({"--epochs", "1", "--checkpoint", path("c"), "--freeze", "3.*"}).exit_code, 0);
  const Outcome outcome = run({"--epochs", "2", "--checkpoint", path("c"), "--resume"});
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_EQ(outcome.err, "sinter: " + path("c") +
                             ": the checkpoint's training has frozen \"3.weight\" and 1 more, which this run "
                             "has not (--freeze). A training goes on as it began\n");
  EXPECT_EQ(run({"--epochs", "2", "--checkpoint", path("c"), "--freeze", "3.*", "--resume"}).exit_code, 0);
}

TEST_F(Resume, AnotherInstructionSetIsWarnedOf) {
  const auto train = [&](const char* epochs, const char* instructions) {
    return run(
        {"--epochs", epochs, "--checkpoint", path("c"), "--resume", "--instruction-set", instructions});
  };
  EXPECT_EQ(train("1", "baseline").err, "");
  EXPECT_EQ(train("2", "baseline").err, "");
  const Outcome other = train("3", "host");
  EXPECT_EQ(other.exit_code, 0);
  EXPECT_EQ(
      other.err,
      "warning: " + path("c") +
          ": this program makes another plan of the model than the checkpoint's, or makes it for another "
          "instruction set; the training goes on, though not to the last bit as it would have\n");
}

TEST_F(Resume, OneCommandBeginsAndGoesOn) {
  const std::string expected = straight("2");
  const auto train_to = [&](const std::string& epochs) {
    const Outcome outcome = run({"--epochs", epochs, "--checkpoint", path("c"), "--resume", "--save",
                                 path("w"), "--metrics", path("m"), "--log-level", "info"});
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    return outcome.out.substr(outcome.out.find('\n') + 1);  // after what is trained on what
  };
  const std::string first = train_to("1");
  EXPECT_TRUE(first.starts_with(path("c") + " is not there yet: the training begins\nepoch 1/1  loss "))
      << first;
  // The first epoch's test was done and is not done again.
  const std::string second = train_to("2");
  EXPECT_TRUE(second.starts_with("going on from " + path("c") + ": the end of epoch 1\nepoch 2/2  loss "))
      << second;
  EXPECT_EQ(content_of(path("w")), expected);
  const std::string metrics = content_of(path("m"));
  EXPECT_EQ(train_to("2"), "going on from " + path("c") +
                               ": the end of epoch 2\nnothing is left to do: 2 epochs are done\nsaved " +
                               path("w") + "\n");
  EXPECT_EQ(content_of(path("w")), expected);
  EXPECT_EQ(content_of(path("m")), metrics);
  EXPECT_EQ(std::ranges::count(metrics, '\n'), 2);
}

TEST_F(Resume, MetricsThatAreGoneAreWarnedOf) {
  const auto train_to = [&](const std::string& epochs) {
    const Outcome outcome = run({"--epochs", epochs, "--limit", "64", "--checkpoint", path("c"), "--resume",
                                 "--metrics", path("m"), "--step-metrics", path("s"), "--log-level", "info"});
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    return outcome.err;
  };
  EXPECT_EQ(train_to("1").find("warning"), std::string::npos) << "a training that begins has no lines";
  EXPECT_EQ(train_to("2").find("warning"), std::string::npos);
  fs::remove(path("m"));
  EXPECT_NE(train_to("3").find("warning: " + path("m") +
                               ": the lines of before are not there; it begins with epoch 3\n"),
            std::string::npos);
  EXPECT_EQ(nlohmann::json::parse(content_of(path("m")))["epoch"], 3);
  fs::remove(path("s"));
  EXPECT_NE(train_to("4").find("warning: " + path("s") +
                               ": the lines of before are not there; it begins with epoch 4, step 1\n"),
            std::string::npos);
}

TEST_F(Resume, ATrainingThatStoppedEarlyStaysSo) {
  const auto train = [&] {
    return run({"--epochs", "9", "--lr", "1e-9", "--early-stop", "1,0.5", "--checkpoint", path("c"),
                "--resume"})
        .out;
  };
  const std::string first = train();
  const size_t end = first.find("stopped early: the test loss was best in epoch 1, ");
  ASSERT_NE(end, std::string::npos) << first;
  EXPECT_EQ(train(), first.substr(end));
}

TEST_F(Resume, OneTrainingAtATimeHasACheckpoint) {
  const std::vector<std::string> endless = {"--epochs", "100000",         "--checkpoint", path("c"),
                                            "--resume", "--step-metrics", path("s")};
  Program program(arguments(endless), options());
  wait_for_size(path("s"), 200);
  const std::string before = content_of(path("c"));
  for (const std::string how : {"--resume", "--overwrite"}) {
    const Outcome second = run({"--epochs", "1", "--checkpoint", path("c"), how});
    EXPECT_EQ(second.exit_code, 2);
    EXPECT_TRUE(second.err.starts_with("sinter: " + path("c") + " is in use by process ") &&
                second.err.ends_with("; expected one at a time\n"))
        << second.err;
  }
  program.send(SIGKILL);
  EXPECT_EQ(program.wait().exit_code, last);
  const std::string lock = path(".sinter-c.lock");
  EXPECT_TRUE(fs::exists(lock)) << "the process could not remove it";
  EXPECT_EQ(run({"--epochs", "1", "--checkpoint", path("c"), "--resume"}).exit_code, 0);
  EXPECT_FALSE(fs::exists(lock));
}

TEST_F(Resume, ACheckpointIsNotOverwrittenUnasked) {
  ASSERT_EQ(run({"--epochs", "1", "--checkpoint", path("c")}).exit_code, 0);
  const std::string before = content_of(path("c"));
  const std::vector<std::string> again = {"--epochs", "1", "--checkpoint", path("c"), "--seed", "6"};
  const Outcome refused = run(again);
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_EQ(refused.out, "");
  EXPECT_EQ(refused.err, "sinter: " + path("c") +
                             " holds a training of net at the end of epoch 1: --resume goes on with it, "
                             "--overwrite begins anew\n");
  EXPECT_EQ(content_of(path("c")), before);
  std::vector<std::string> overwriting = again;
  overwriting.emplace_back("--overwrite");
  EXPECT_EQ(run(overwriting).exit_code, 0);
  EXPECT_NE(content_of(path("c")), before);
  folder_.file("c", "a letter");
  EXPECT_EQ(run(again).err, "sinter: " + path("c") +
                                ": it does not begin with \"sinter checkpoint 2\"; --overwrite begins a "
                                "training in its place\n");
  EXPECT_EQ(content_of(path("c")), "a letter");
  folder_.file("c", "");  // such as mktemp makes
  EXPECT_EQ(run(again).exit_code, 0);
}

// The reference backend takes long for the test after one step of training.
TEST_F(Resume, AnInterruptOfTheTestKeepsTheEpochThatWasTrained) {
  folder_.file("cifar10/test_batch.bin", content_of(path("cifar10/data_batch_1.bin")));
  const std::vector<std::string> arguments_of_both = {
      "--epochs", "1",         "--limit", "32",           "--backend", "reference", "--step-metrics",
      path("s"),  "--metrics", path("m"), "--checkpoint", path("c"),   "--resume"};
  Program program(arguments(arguments_of_both), options());
  wait_for_size(path("s"), 20);
  program.send(SIGTERM);
  const Outcome outcome = program.wait();
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(outcome.out,
            "interrupted: checkpoint " + path("c") + " holds epoch 1, step 1; go on with --resume\n");
  EXPECT_EQ(content_of(path("m")), "");
  const Outcome resumed = run(arguments_of_both);
  EXPECT_EQ(resumed.exit_code, 0) << resumed.err;
  EXPECT_TRUE(resumed.out.starts_with("epoch 1/1  loss ") && resumed.out.ends_with("  trained before\n"))
      << resumed.out;
  EXPECT_TRUE(nlohmann::json::parse(content_of(path("m")))["images_per_second"].is_null());
}

TEST_F(Resume, AnInterruptWhilePicturesAreLoadedSavesNothing) {
  ASSERT_EQ(run_program({"data", "cifar10", "--export", path("p"), "--count", "1"}, options()).exit_code, 0);
  const fs::path picture = fs::directory_iterator(path("p"))->path();
  for (const char* split : {"train", "test"}) {
    const fs::path folder = fs::path(path("images")) / split / "frog";
    fs::create_directories(folder);
    for (int i = 0; i < 3000; ++i) fs::create_hard_link(picture, folder / (std::to_string(i) + ".png"));
  }
  const auto interrupted = [&](const std::vector<std::string>& more) {
    std::vector<std::string> words = {
        "--data", "images:" + path("images"), "--resize", "1000x1000", "--checkpoint", path("c"), "--resume"};
    words.insert(words.end(), more.begin(), more.end());
    Outcome outcome{};
    // Too early, and the program has not come to where it minds a signal.
    for (int milliseconds = 100; milliseconds < 5000; milliseconds *= 3) {
      Program program(arguments(words), options());
      std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds));
      program.send(SIGINT);
      outcome = program.wait();
      if (outcome.exit_code != 128 + SIGINT) break;
    }
    return outcome;
  };
  const Outcome begun = interrupted({"--save", path("w"), "--metrics", path("m")});
  EXPECT_EQ(begun.exit_code, 1);
  EXPECT_EQ(begun.err, "sinter: interrupted, nothing was saved\n");
  EXPECT_EQ(begun.out, "");
  for (const char* name : {"c", "w", "m"}) EXPECT_FALSE(fs::exists(path(name))) << name;
  for (const auto& entry : fs::directory_iterator(folder_.path()))
    EXPECT_NE(entry.path().extension(), ".tmp") << entry.path();
  // Where there is a checkpoint to go on from, it holds what was done before.
  ASSERT_EQ(run({"--epochs", "1", "--checkpoint", path("c")}).exit_code, 0);
  const std::string before = content_of(path("c"));
  const Outcome resumed = interrupted({});
  EXPECT_EQ(resumed.exit_code, 0) << resumed.err;
  EXPECT_EQ(resumed.out,
            "interrupted: checkpoint " + path("c") + " holds the end of epoch 1; go on with --resume\n");
  EXPECT_EQ(content_of(path("c")), before);
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
  EXPECT_EQ(message({"--overwrite"}), "sinter: --overwrite requires --checkpoint");
  EXPECT_EQ(message({"--checkpoint", path("c"), "--resume", "--overwrite"}),
            "sinter: --resume excludes --overwrite");
}

}  // namespace
}  // namespace sinter
