#include <cmath>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>

#include "cli/confusion_picture.h"
#include "cli/plot_file.h"
#include "cli/sparkline.h"
#include "cli/training_plot.h"
#include "cli/training_record.h"
#include "tests/cli/program.h"

/// Pictures that training and evaluation draw.
namespace sinter {
namespace {

bool is_png(const std::string& content) { return content.starts_with("\x89PNG\r\n"); }

size_t count_of(const std::string& text, const std::string& part) {
  size_t count = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

bool is_well_formed(const std::filesystem::path& xml) {
  const std::string command =
      "python3 -c 'import sys, xml.dom.minidom; xml.dom.minidom.parse(sys.argv[1])' '" + xml.string() + "'";
  return std::system(command.c_str()) == 0;
}

std::vector<std::string> train(const std::vector<std::string>& more) {
  std::vector<std::string> arguments = {"train",   "lenet_relu", "--data",       "synthetic",
                                        "--limit", "200",        "--batch-size", "20"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

TEST(TrainingPlot, HasAxesCurvesAndALegend) {
  cli::TrainingCurves curves{.epochs = 10};
  curves.train_loss = {{0.5, 2.3}, {1, 1.1}, {1.5, std::nan("")}, {2, 0.7}};
  curves.train_accuracy = {{0.5, 0.2}, {1, 0.6}};
  curves.test_accuracy = {{1, 0.65}};
  const std::string svg = cli::training_plot(curves).svg();
  for (const char* part : {">train loss<", ">train accuracy<", ">test accuracy<", ">epoch<", ">10<", ">2.5<"})
    EXPECT_NE(svg.find(part), std::string::npos) << part;
  EXPECT_EQ(svg.find("nan"), std::string::npos);
  EXPECT_EQ(count_of(svg, "stroke=\"#1f77b4\""), 2U) << "the curve and its sample in the legend";
  EXPECT_EQ(count_of(svg, "stroke=\"#2b8a3e\""), 1U) << "one point is a box";
}

TEST(TrainingPlot, IsDrawnAsTheTrainingGoes) {
  const TemporaryFolder folder;
  const Outcome outcome =
      run_program(train({"--epochs", "2", "--plot", folder / "run.svg", "--metrics", folder / "run.jsonl"}));
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_TRUE(is_well_formed(folder / "run.svg"));
  EXPECT_EQ(count_of(content_of(folder / "run.svg"), "stroke=\"#2b8a3e\""), 2U);
  ASSERT_EQ(run_program(train({"--epochs", "1", "--plot", folder / "run.png"})).exit_code, 0);
  EXPECT_TRUE(is_png(content_of(folder / "run.png")));
}

TEST(TrainingPlot, IsDrawnWithinAnEpochUpToWhereTheTrainingIs) {
  const TemporaryFolder folder;
  const std::string file = folder / "run.svg";
  const auto drawn = [&] { return content_of(file); };
  cli::TrainingRecord record({.plot = file, .plot_interval = 0}, {.text = "a on b", .epochs = 1});
  const std::string empty = drawn();
  Progress progress{.epoch = 1, .images_total = 1000};
  const auto step = [&](double loss) {
    ++progress.step;
    progress.images += 10;
    progress.score.loss = loss;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    record.step(progress);
  };
  step(2);
  for (int i = 0; i < 2000 && drawn() == empty; ++i) step(2);
  const std::string begun = drawn();
  EXPECT_NE(begun, empty);
  EXPECT_LT(progress.images, progress.images_total) << "before the epoch's end";
  // What was drawn in between stays out of the curves that a checkpoint keeps: five points an epoch.
  while (progress.images < progress.images_total) step(1);
  EXPECT_EQ(nlohmann::json::parse(record.curves())["train_loss"].size(), 5U);

  cli::TrainingRecord seldom({.plot = file, .plot_interval = 3600}, {.text = "a on b", .epochs = 1});
  EXPECT_EQ(drawn(), empty);
  seldom.step(progress);
  EXPECT_EQ(drawn(), empty) << "not before its time";
}

TEST(TrainingPlot, GoesOnWithTheCurvesOfTheCheckpoint) {
  const TemporaryFolder folder;
  const auto run = [&](std::vector<std::string> options) {
    const Outcome outcome = run_program(train(std::move(options)));
    ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  };
  const std::string checkpoint = folder / "run.checkpoint";
  run({"--epochs", "2", "--plot", folder / "whole.svg"});
  run({"--epochs", "1", "--checkpoint", checkpoint});
  run({"--epochs", "2", "--checkpoint", checkpoint, "--resume", "--plot", folder / "resumed.svg"});
  EXPECT_EQ(content_of(folder / "resumed.svg"), content_of(folder / "whole.svg"));
}

TEST(TrainingPlot, OtherEndingsAreRefusedBeforeTheTraining) {
  expect_input_error(train({"--plot", "run.gif"}),
                     "cannot draw \"run.gif\": expected a file name that ends in .svg or .png");
}

ConfusionMatrix small_matrix() {
  ConfusionMatrix matrix(3);
  for (int i = 0; i < 8; ++i) matrix.add(0, 0);
  for (int i = 0; i < 2; ++i) matrix.add(0, 1);
  for (int i = 0; i < 5; ++i) matrix.add(1, 1);
  return matrix;
}

TEST(ConfusionPicture, NamesItsClassesAndCounts) {
  const TemporaryFolder folder;
  const cli::SvgPicture picture =
      cli::confusion_picture(small_matrix(), {"T-shirt", "<b>&\x01", "boot"}, "on it");
  cli::write_picture(picture, folder / "a.svg");
  EXPECT_TRUE(is_well_formed(folder / "a.svg"));
  const std::string svg = picture.svg();
  for (const char* part : {">T-shirt<", ">&lt;b&gt;&amp;\\x01<", ">boot<", ">on it<", ">8<", ">2<", ">5<",
                           ">predicted<", ">true<"})
    EXPECT_NE(svg.find(part), std::string::npos) << part;
  EXPECT_EQ(svg.find(">0<"), std::string::npos) << "empty cells stay empty";
}

TEST(ConfusionTable, HasRecallAndPrecision) {
  EXPECT_EQ(cli::confusion_table(small_matrix(), {"a", "b", "c"}),
            "true \\ predicted       a       b  c  recall\n"
            "-------------------------------------------\n"
            "a                      8       2  0  0.8000\n"
            "b                      0       5  0  1.0000\n"
            "c                      0       0  0       -\n"
            "-------------------------------------------\n"
            "precision         1.0000  0.7143  -\n");
}

TEST(Eval, WritesTheConfusionMatrix) {
  const TemporaryFolder folder;
  const std::string weights = folder / "w.safetensors";
  ASSERT_EQ(run_program(train({"--epochs", "1", "--save", weights})).exit_code, 0);
  const auto eval = [&](const std::string& file) {
    const Outcome outcome =
        run_program({"eval", "lenet_relu", "--weights", weights, "--data", "synthetic", "--confusion", file});
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    return content_of(file);
  };
  const auto json = nlohmann::json::parse(eval(folder / "c.json"));
  EXPECT_EQ(json["classes"].size(), 10U);
  EXPECT_EQ(json["matrix"].size(), 10U);
  int64_t all = 0;
  for (const auto& row : json["matrix"])
    for (const auto& count : row) all += count.get<int64_t>();
  EXPECT_GT(all, 0);
  EXPECT_NE(eval(folder / "c.svg").find(">predicted<"), std::string::npos);
  EXPECT_TRUE(is_png(eval(folder / "c.png")));
  EXPECT_TRUE(eval(folder / "c.txt").starts_with("true \\ predicted"));
  expect_input_error(
      {"eval", "lenet_relu", "--weights", weights, "--data", "synthetic", "--confusion", "c.gif"},
      "--confusion c.gif: expected a file name that ends in .svg, .png, .json or .txt");
  expect_input_error({"eval", "lenet_relu", "--weights", weights, "--data", "fashion-mnist:/nowhere",
                      "--confusion", "/nowhere/c.json"},
                     "cannot write /nowhere/c.json: there is no folder /nowhere");
}

TEST(Train, WritesTheConfusionMatrixOfEachEpochAsEvalDoes) {
  const TemporaryFolder folder;
  const std::string weights = folder / "w.safetensors";
  for (const std::string ending : {"json", "txt"}) {
    const std::string trained = folder / ("trained." + ending), tested = folder / ("tested." + ending);
    const Outcome training = run_program(
        train({"--epochs", "2", "--test-limit", "300", "--save", weights, "--confusion", trained}));
    EXPECT_EQ(training.exit_code, 0) << training.err;
    const Outcome eval = run_program({"eval", "lenet_relu", "--weights", weights, "--data", "synthetic",
                                      "--test-limit", "300", "--confusion", tested});
    EXPECT_EQ(eval.exit_code, 0) << eval.err;
    EXPECT_EQ(content_of(trained), content_of(tested));
  }
  const std::string picture = folder / "c.svg";
  ASSERT_EQ(run_program(train({"--epochs", "2", "--test-limit", "300", "--confusion", picture})).exit_code,
            0);
  EXPECT_NE(content_of(picture).find(">lenet_relu on synthetic, epoch 2: accuracy 0."), std::string::npos);
  EXPECT_NE(content_of(picture).find(" of 300<"), std::string::npos);
  expect_input_error(train({"--confusion", "c.gif"}),
                     "--confusion c.gif: expected a file name that ends in .svg, .png, .json or .txt");
  expect_input_error(train({"--confusion", "/nowhere/c.svg"}),
                     "cannot write /nowhere/c.svg: there is no folder /nowhere");
}

TEST(Train, StopsEarlyAndSaysSo) {
  const Outcome outcome = run_program(train({"--epochs", "50", "--lr", "1e-9", "--early-stop", "2,0.5"}));
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_NE(outcome.out.find("epoch  3/50"), std::string::npos) << outcome.out;
  EXPECT_EQ(outcome.out.find("epoch  4/50"), std::string::npos) << outcome.out;
  EXPECT_NE(outcome.out.find("stopped early: the test loss was best in epoch 1, 2.3"), std::string::npos)
      << outcome.out;
  for (const char* text : {"0", "1.5", "x", "3,-1", "1,2,3"})
    expect_input_error(train({"--early-stop", text}),
                       "--early-stop " + std::string(text) +
                           ": expected PATIENCE, a whole number of epochs, or PATIENCE,MIN_DELTA");
}

TEST(Train, TakesEveryOptionOfItsCourse) {
  const Outcome outcome = run_program(
      train({"--epochs",     "1",    "--optimizer",       "adamw", "--lr-schedule", "one-cycle",
             "--warmup",     "0.2e", "--label-smoothing", "0.1",   "--clip-norm",   "1",
             "--clip-value", "0.5",  "--accumulate",      "3",     "--init",        "kaiming_normal",
             "--beta1",      "0.8",  "--beta2",           "0.99",  "--eps",         "1e-6"}));
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  expect_input_error(train({"--lr-schedule", "cosin"}),
                     "learning rate schedule \"cosin\": expected constant, step:EPOCHS,GAMMA, "
                     "multistep:EPOCH,...,GAMMA, cosine[:MIN] or one-cycle[:MAX]");
  expect_input_error(
      train({"--lr", "0.1", "--lr-schedule", "cosine:9"}),
      "learning rate schedule \"cosine:9\": expected cosine or cosine:MIN with a last rate from "
      "0 to the base, 0.1");
  const auto warning = [](const std::string& warmup) {
    return run_program(train({"--epochs", "1", "--test-limit", "20", "--warmup", warmup})).err;
  };
  EXPECT_EQ(
      warning("11"),
      "warning: the warm-up takes 11 updates and the training has 10, 10 an epoch: the learning rate does "
      "not get to that of the schedule; expected a warm-up of at most 10\n");
  EXPECT_EQ(warning("1e"), "");
}

TEST(Sparkline, ShowsTheWholeCurve) {
  cli::Sparkline line;
  EXPECT_EQ(line.text(8), "");
  for (int i = 0; i < 8; ++i) line.add(8 - i);
  EXPECT_EQ(line.text(8), "█▇▆▅▄▃▂▁");
  EXPECT_EQ(line.text(2), "█▁");
  for (int i = 0; i < 1000; ++i) line.add(1);
  line.add(std::nan(""));
  EXPECT_TRUE(line.text(16).starts_with("█▁▁▁▁▁▁▁▁▁▁▁▁▁▁")) << line.text(16);
}

}  // namespace
}  // namespace sinter
