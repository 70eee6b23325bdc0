#include <gtest/gtest.h>

#include <sys/wait.h>

#include <algorithm>
#include <cmath>
#include <csignal>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <numeric>
#include <sstream>
#include <thread>

#include "ir/philox.h"
#include "runtime/executable.h"
#include "runtime/files/safetensors.h"
#include "tests/cli/program.h"

namespace sinter {
namespace {

// A folder with data sets in it: a Fashion-MNIST of a few pictures, whose class shows as a bright row.
class DataFolder {
 public:
  DataFolder() {
    std::filesystem::create_directory(folder_ / "fashion-mnist");
    write("train", 200);
    write("t10k", 50);
  }

  ProgramOptions options() const { return {.data_folder = folder_.path()}; }
  std::string path(const std::string& name) const { return folder_ / name; }

 private:
  static std::string big_endian(uint32_t value) {
    return {static_cast<char>(value >> 24), static_cast<char>(value >> 16), static_cast<char>(value >> 8),
            static_cast<char>(value)};
  }

  void write(const std::string& split, uint32_t count) const {
    std::string images = big_endian(0x803) + big_endian(count) + big_endian(28) + big_endian(28);
    std::string labels = big_endian(0x801) + big_endian(count);
    Random random(1, stream_id(split));
    for (uint32_t i = 0; i < count; ++i) {
      const auto label = static_cast<int>(i % 10);
      labels += static_cast<char>(label);
      for (int row = 0; row < 28; ++row)
        for (int column = 0; column < 28; ++column)
          images += static_cast<char>(random.uniform_int(60) + (row / 2 == label + 2 ? 180 : 0));
    }
    folder_.file("fashion-mnist/" + split + "-images-idx3-ubyte", images);
    folder_.file("fashion-mnist/" + split + "-labels-idx1-ubyte", labels);
  }

  TemporaryFolder folder_;
};

std::vector<std::string> train(std::vector<std::string> more) {
  std::vector<std::string> arguments = {"train",         "lenet_relu",   "--data",
                                        "fashion-mnist", "--batch-size", "32"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

std::vector<nlohmann::json> lines_of(const std::string& path) {
  std::vector<nlohmann::json> lines;
  std::istringstream text(content_of(path));
  for (std::string line; std::getline(text, line);) lines.push_back(nlohmann::json::parse(line));
  return lines;
}

TEST(Train, LearnsSavesAndReports) {
  const DataFolder data;
  const std::string weights = data.path("w.safetensors"), metrics = data.path("m.jsonl"),
                    steps = data.path("s.jsonl");
  const Outcome outcome =
      run_program(train({"--epochs", "12", "--lr", "0.05", "--momentum", "0.9", "--save", weights,
                         "--metrics", metrics, "--step-metrics", steps, "--threads", "2"}),
                  data.options());
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_TRUE(
      outcome.out.starts_with("training lenet_relu on fashion-mnist: 200 training and 50 test examples, 2 "
                              "threads, backend auto\nepoch  1/12  loss "))
      << outcome.out;
  EXPECT_TRUE(outcome.out.ends_with("saved " + weights + "\n")) << outcome.out;
  EXPECT_EQ(outcome.err, "");  // no bar where there is no terminal
  const auto epochs = lines_of(metrics);
  ASSERT_EQ(epochs.size(), 12U);
  const std::string text = content_of(metrics);
  const auto first = nlohmann::ordered_json::parse(text.substr(0, text.find('\n')));
  std::vector<std::string> keys;
  for (const auto& [key, value] : first.items()) keys.push_back(key);
  EXPECT_EQ(keys, (std::vector<std::string>{"epoch", "train_loss", "train_accuracy", "test_loss",
                                            "test_accuracy", "test_top5", "lr", "seconds",
                                            "images_per_second", "data_wait_seconds", "confusion"}));
  EXPECT_GT(epochs.back()["test_accuracy"], 0.9);
  int64_t right = 0, all = 0;
  for (size_t label = 0; label < 10; ++label) {
    const auto row = epochs.back()["confusion"][label].get<std::vector<int64_t>>();
    right += row.at(label);
    all += std::accumulate(row.begin(), row.end(), int64_t{0});
  }
  EXPECT_EQ(all, 50);
  EXPECT_EQ(static_cast<double>(right) / 50, epochs.back()["test_accuracy"]);
  EXPECT_EQ(lines_of(steps).size(), 12U * 7);
  const Outcome eval =
      run_program({"eval", "lenet_relu", "--weights", weights, "--data", "fashion-mnist"}, data.options());
  EXPECT_EQ(eval.exit_code, 0) << eval.err;
  EXPECT_EQ(eval.out,
            fmt::format(
                "lenet_relu on fashion-mnist: 50 test examples  loss {:.4f}  accuracy {:.4f}  top-5 {:.4f}\n",
                epochs.back()["test_loss"].get<double>(), epochs.back()["test_accuracy"].get<double>(),
                epochs.back()["test_top5"].get<double>()));
}

// With --loss-reduction sum too. Of 200 examples in batches of 32 the last has 8.
TEST(Train, LossesThatAreShownAreMeans) {
  const DataFolder data;
  const std::string metrics = data.path("m"), steps = data.path("s");
  std::vector<double> first_losses;
  for (const std::string reduction : {"mean", "sum"}) {
    ASSERT_EQ(run_program(train({"--epochs", "1", "--lr", "1e-5", "--loss-reduction", reduction, "--metrics",
                                 metrics, "--step-metrics", steps}),
                          data.options())
                  .exit_code,
              0);
    const auto losses = lines_of(steps);
    double sum = 0;
    for (const auto& step : losses) sum += step["loss"].get<double>() * (step["step"] == 7 ? 8 : 32);
    EXPECT_NEAR(sum / 200, lines_of(metrics).at(0)["train_loss"].get<double>(), 1e-6) << reduction;
    first_losses.push_back(losses.at(0)["loss"]);
  }
  EXPECT_NEAR(first_losses[0], first_losses[1], 1e-5);
}

// A frozen layer that was never trained has weights as any other, not zeros.
TEST(Train, WhatIsFrozenIsDrawnAsIfItWereNot) {
  const DataFolder data;
  const auto first_weight = [&](std::vector<std::string> more) {
    more.insert(more.end(), {"--epochs", "1", "--lr", "1e-20", "--save", data.path("w")});
    EXPECT_EQ(run_program(train(more), data.options()).exit_code, 0);
    return read_safetensors(data.path("w")).at("0.weight");
  };
  const Tensor drawn = first_weight({"--freeze", "0.*"});
  EXPECT_NE(drawn.at(0), 0);
  EXPECT_EQ(drawn, first_weight({}));
}

TEST(Train, TakesOnlyTheFirstTestExamplesWhereAsked) {
  const DataFolder data;
  const std::string weights = data.path("w"), metrics = data.path("m");
  const Outcome outcome =
      run_program(train({"--epochs", "1", "--test-limit", "20", "--save", weights, "--metrics", metrics}),
                  data.options());
  EXPECT_TRUE(
      outcome.out.starts_with("training lenet_relu on fashion-mnist: 200 training and 20 test examples, "))
      << outcome.out << outcome.err;
  const Outcome eval = run_program(
      {"eval", "lenet_relu", "--weights", weights, "--data", "fashion-mnist", "--test-limit", "20"},
      data.options());
  const auto epoch = lines_of(metrics).at(0);
  EXPECT_TRUE(eval.out.starts_with(
      fmt::format("lenet_relu on fashion-mnist: 20 test examples  loss {:.4f}  accuracy {:.4f}",
                  epoch["test_loss"].get<double>(), epoch["test_accuracy"].get<double>())))
      << eval.out << eval.err;
}

TEST(Train, TheSeedDecidesAndThreadsDoNot) {
  const DataFolder data;
  const auto weights_of = [&](const std::string& name, std::vector<std::string> more) {
    more.insert(more.end(), {"--epochs", "1", "--save", data.path(name)});
    const Outcome outcome = run_program(train(more), data.options());
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    return content_of(data.path(name));
  };
  const std::string one = weights_of("a", {"--threads", "1", "--seed", "4"});
  EXPECT_EQ(weights_of("b", {"--threads", "3", "--seed", "4"}), one);
  EXPECT_NE(weights_of("c", {"--threads", "1", "--seed", "5"}), one);
}

TEST(Train, GoesOnFromSavedWeights) {
  const DataFolder data;
  const std::string first = data.path("first.safetensors"), second = data.path("second.safetensors");
  ASSERT_EQ(run_program(train({"--epochs", "1", "--no-shuffle", "--save", first}), data.options()).exit_code,
            0);
  ASSERT_EQ(run_program(train({"--epochs", "1", "--no-shuffle", "--weights", first, "--save", second}),
                        data.options())
                .exit_code,
            0);
  const std::string both = data.path("both.safetensors");
  ASSERT_EQ(run_program(train({"--epochs", "2", "--no-shuffle", "--save", both}), data.options()).exit_code,
            0);
  EXPECT_EQ(content_of(second), content_of(both));
}

TEST(Train, AnInterruptSavesAndEndsCleanly) {
  const DataFolder data;
  const std::string weights = data.path("w.safetensors");
  Program program(train({"--epochs", "100000", "--save", weights}), data.options());
  while (program.out().find("epoch      2/") == std::string::npos)
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  EXPECT_FALSE(std::filesystem::exists(weights));
  program.send(SIGINT);
  const Outcome outcome = program.wait();
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_TRUE(
      outcome.out.ends_with("interrupted; the weights are those of the last step\nsaved " + weights + "\n"))
      << outcome.out;
  EXPECT_EQ(read_safetensors(weights).size(), 10U);
}

TEST(Train, AnInterruptWithNothingToKeepFails) {
  const DataFolder data;
  Program program(train({"--epochs", "100000"}), data.options());
  while (program.out().find("epoch      2/") == std::string::npos)
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  program.send(SIGINT);
  const Outcome outcome = program.wait();
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_EQ(outcome.err, "sinter: interrupted, nothing was saved\n");
}

TEST(Train, ALossThatIsNotFiniteNamesStepAndOpAndSavesTheLastGoodWeights) {
  const DataFolder data;
  const std::string weights = data.path("w.safetensors");
  const Outcome outcome =
      run_program(train({"--epochs", "9", "--lr", "1e15", "--save", weights}), data.options());
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_TRUE(outcome.err.starts_with("sinter: the loss is nan in step ") ||
              outcome.err.starts_with("sinter: the loss is infinite in step "))
      << outcome.err;
  EXPECT_NE(outcome.err.find(" of epoch 1: "), std::string::npos) << outcome.err;
  EXPECT_NE(outcome.err.find(" first made "), std::string::npos) << outcome.err;
  for (const auto& [name, tensor] : read_safetensors(weights))
    for (int64_t i = 0; i < tensor.count(); ++i) ASSERT_TRUE(std::isfinite(tensor.at(i))) << name;
}

TEST(Train, WeightsThatAreNotFiniteAreNotSavedAndTheOldFileStays) {
  const DataFolder data;
  const std::string weights = data.path("w.safetensors");
  ASSERT_EQ(run_program(train({"--epochs", "1", "--save", weights}), data.options()).exit_code, 0);
  NamedTensors broken = read_safetensors(weights);
  broken.at("3.weight").values<float>()[7] = std::nanf("");
  write_safetensors(weights, broken);
  const std::string before = content_of(weights);
  const Outcome outcome =
      run_program(train({"--epochs", "1", "--weights", weights, "--save", weights}), data.options());
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_EQ(outcome.err, "not saved: parameter 3.weight holds nan; " + weights +
                             " is as it was\nsinter: parameter 3.weight holds nan before epoch 1; training "
                             "stopped\n");
  EXPECT_EQ(content_of(weights), before);
}

TEST(Train, WarnsOfOpsThatTheBackendDeclines) {
  const auto names = backend_names();
  if (std::ranges::find(names, "onednn") == names.end()) GTEST_SKIP() << "built without oneDNN";
  const DataFolder data;
  const Outcome outcome = run_program({"train", "lenet_relu", "--data", "fashion-mnist", "--batch-size", "2",
                                       "--epochs", "1", "--backend", "onednn"},
                                      data.options());
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_TRUE(outcome.err.starts_with("warning: lenet_relu: onednn declines sgd_update, ")) << outcome.err;
}

TEST(Train, AFailingMetricsFileOrOutputKeepsWhatWasLearnt) {
  const DataFolder data;
  const std::string weights = data.path("w.safetensors");
  const Outcome outcome =
      run_program(train({"--epochs", "1", "--metrics", "/dev/full", "--save", weights}), data.options());
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_EQ(outcome.err, "sinter: cannot write /dev/full: No space left on device\n");
  EXPECT_EQ(read_safetensors(weights).size(), 10U);
}

// What a shell makes of the program with its standard output sent elsewhere.
int exit_code_in_shell(const DataFolder& data, const std::string& arguments, const std::string& redirection) {
  const std::string command = "SINTER_DATA=" + data.path("") +
                              " " SINTER_PROGRAM " train lenet_relu --data fashion-mnist " + arguments + " " +
                              redirection;
  const int status = std::system(command.c_str());
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(Train, AFullStandardOutputIsAFailure) {
  const DataFolder data;
  const std::string error = data.path("error");
  EXPECT_EQ(exit_code_in_shell(data, "--epochs 1", "> /dev/full 2> " + error), 1);
  EXPECT_EQ(content_of(error), "sinter: cannot write to standard output: No space left on device\n");
}

TEST(Train, AClosedStandardOutputDoesNotEndUpInAnotherFile) {
  const DataFolder data;
  const std::string metrics = data.path("m.jsonl");
  EXPECT_EQ(exit_code_in_shell(data, "--epochs 2 --metrics " + metrics, ">&-"), 0);
  EXPECT_EQ(lines_of(metrics).size(), 2U);  // each of them JSON
}

TEST(Train, UsageErrors) {
  const auto usage = [](const std::vector<std::string>& more, const std::string& message) {
    expect_usage_error(train(more), message);
  };
  usage({"--epochs", "-1"}, "--epochs: -1 is no number from 1 to 1000000");
  usage({"--epochs", "1.5"}, "Could not convert: --epochs = 1.5");
  usage({"--lr", "nan"}, "--lr: nan is no number from 0 to 1e+30");
  usage({"--lr", "inf"}, "--lr: inf is no number from 0 to 1e+30");
  usage({"--lr", "-0.1"}, "--lr: -0.1 is no number from 0 to 1e+30");
  usage({"--lr", "1e40"}, "--lr: 1e40 is no number from 0 to 1e+30");
  usage({"--batch-size", "0"}, "--batch-size: 0 is no number from 1 to 1048576");
  usage({"--momentum", "1.5"}, "--momentum: 1.5 is no number from 0 to 1");
  usage({"--limit", "0"}, "--limit: 0 is no number from 1 to 1000000000000");
  usage({"--test-limit", "0"}, "--test-limit: 0 is no number from 1 to 1000000000000");
  usage({"--optimizer", "magic"}, "--optimizer: magic not in {sgd,adam,adamw,rmsprop}");
  usage({"--loss-reduction", "none"}, "--loss-reduction: none not in {mean,sum}");
  usage({"--init", "zeros"}, "--init: zeros not in {default,xavier_uniform,kaiming_uniform,kaiming_normal}");
}

TEST(Train, InputErrors) {
  const DataFolder data;
  const auto message = [&](const std::vector<std::string>& arguments) {
    const Outcome outcome = run_program(arguments, data.options());
    EXPECT_EQ(outcome.exit_code, 2) << outcome.err;
    EXPECT_EQ(outcome.out, "");
    return outcome.err;
  };
  EXPECT_EQ(message({"train", "lenet5", "--data", "fashion-mnist"}),
            "sinter: " + no_such_model("lenet5") + "\n");
  EXPECT_EQ(message({"train", "lenet.txt", "--data", "fashion-mnist"}),
            "sinter: lenet.txt: a model is a .sinter or .onnx file or the name of an embedded model\n");
  EXPECT_EQ(message(train({"--nesterov"})), "sinter: nesterov needs a momentum above 0\n");
  const auto foreign = [&](const std::string& optimizer, std::vector<std::string> option,
                           const std::string& owners) {
    option.insert(option.end(), {"--optimizer", optimizer});
    EXPECT_EQ(message(train(option)), "sinter: " + option[0] + " is an option of " + owners +
                                          "; the optimizer is " + optimizer + "\n");
  };
  for (const std::string optimizer : {"adam", "adamw"}) {
    foreign(optimizer, {"--momentum", "0"}, "sgd, rmsprop");
    foreign(optimizer, {"--nesterov"}, "sgd");
    foreign(optimizer, {"--alpha", "0.9"}, "rmsprop");
    foreign(optimizer, {"--centered"}, "rmsprop");
  }
  for (const std::string optimizer : {"sgd", "rmsprop"}) {
    foreign(optimizer, {"--beta1", "0.9"}, "adam, adamw");
    foreign(optimizer, {"--beta2", "0.9"}, "adam, adamw");
  }
  foreign("sgd", {"--alpha", "0.9"}, "rmsprop");
  foreign("sgd", {"--eps", "1e-8"}, "adam, adamw, rmsprop");
  foreign("sgd", {"--centered"}, "rmsprop");
  foreign("rmsprop", {"--nesterov"}, "sgd");
  EXPECT_EQ(message(train({"--normalize", "0.5"})),
            "sinter: --normalize 0.5: expected MEAN,STD with deviations above 0\n");
  EXPECT_EQ(message(train({"--normalize", "0.5,0"})),
            "sinter: --normalize 0.5,0: expected MEAN,STD with deviations above 0\n");
  for (const std::string augment :
       {"crop", "crop:0", "crop:-1", "crop:2000", "crop:4,crop:4", "flip,flip", "flip,", "turn", "crop:4x"})
    EXPECT_EQ(message(train({"--augment", augment})),
              "sinter: --augment " + augment +
                  ": expected crop:PADDING (1 to 1024), flip, or both, as crop:4,flip\n");
  EXPECT_EQ(message({"train", "lenet", "--set", "classes", "--data", "fashion-mnist"}),
            "sinter: --set classes: expected name=value\n");
  EXPECT_EQ(message({"train", "lenet", "--set", "classes=7", "--data", "fashion-mnist"}),
            "sinter: model \"lenet\" results in [N, 7]; fashion-mnist has 10 classes and needs [N, 10]; "
            "--set classes=10 makes them fit where the model takes it\n");
}

// Data that is not there is not missed: nothing of it was read.
TEST(Train, FilesThatCannotBeWrittenAreToldBeforeTheDataIsRead) {
  const TemporaryFolder folder;
  const auto message = [](const std::string& option, const std::string& file) {
    const Outcome outcome =
        run_program({"train", "lenet_relu", "--data", "fashion-mnist:/nowhere", option, file});
    EXPECT_EQ(outcome.exit_code, 2) << option;
    EXPECT_EQ(outcome.out, "") << option;
    return outcome.err.substr(0, outcome.err.find('\n'));
  };
  for (const char* option :
       {"--save", "--metrics", "--step-metrics", "--plot", "--confusion", "--checkpoint"}) {
    EXPECT_EQ(message(option, "/nowhere/x.svg"),
              "sinter: cannot write /nowhere/x.svg: there is no folder /nowhere")
        << option;
    EXPECT_EQ(message(option, "/proc/x.svg"),
              "sinter: cannot write /proc/x.svg: no file can be made in /proc")
        << option;
  }
  const std::string place = folder.path().string();
  EXPECT_EQ(message("--save", place), "sinter: cannot write " + place + ": it is a folder, not a file");
  EXPECT_EQ(message("--metrics", place), "sinter: cannot write " + place + ": Is a directory");
  EXPECT_EQ(message("--plot", "run.gif"),
            "sinter: cannot draw \"run.gif\": expected a file name that ends in .svg or .png");
  for (const char* option : {"--save", "--metrics", "--step-metrics", "--plot", "--confusion"}) {
    const std::string file = folder.file("old.svg", "as it was\n");
    EXPECT_EQ(message(option, file), "sinter: fashion-mnist: the data is not there");
    EXPECT_EQ(content_of(file), "as it was\n") << option;
    message(option, folder / "new.svg");
    EXPECT_FALSE(std::filesystem::exists(folder / "new.svg")) << option;
  }
}

TEST(Eval, NamesTheFirstParameterThatDiffers) {
  const DataFolder data;
  const auto message = [&](const NamedTensors& tensors) {
    write_safetensors(data.path("w.safetensors"), tensors);
    const Outcome outcome =
        run_program({"eval", "lenet", "--weights", data.path("w.safetensors"), "--data", "fashion-mnist"},
                    data.options());
    EXPECT_EQ(outcome.exit_code, 2);
    return outcome.err;
  };
  const std::string prefix = "sinter: " + data.path("w.safetensors") + ": ";
  NamedTensors tensors;
  EXPECT_EQ(message(tensors), prefix + "no tensor \"0.weight\"; model \"lenet\" has f32[6, 1, 5, 5] there\n");
  tensors.emplace("0.weight", Tensor(DType::f32, {6, 3, 5, 5}));
  EXPECT_EQ(message(tensors),
            prefix + "tensor \"0.weight\" is f32[6, 3, 5, 5]; model \"lenet\" has f32[6, 1, 5, 5] there\n");
  ASSERT_EQ(run_program({"train", "lenet", "--data", "fashion-mnist", "--epochs", "1", "--save",
                         data.path("ok.safetensors")},
                        data.options())
                .exit_code,
            0);
  tensors = read_safetensors(data.path("ok.safetensors"));
  tensors.emplace("12.bias", Tensor(DType::f32, {3}));
  EXPECT_EQ(message(tensors), prefix + "tensor \"12.bias\" (f32[3]) is no parameter of model \"lenet\"\n");
}

}  // namespace
}  // namespace sinter
