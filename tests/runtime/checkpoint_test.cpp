#include "runtime/checkpoint.h"

#include <sys/file.h>
#include <sys/wait.h>

#include <fcntl.h>
#include <unistd.h>

#include "runtime/files/atomic_file.h"
#include "runtime/files/file_lock.h"
#include "runtime/initialize.h"
#include "runtime/weights.h"
#include "tests/runtime/small_data.h"
#include "tests/runtime/small_models.h"
#include "tests/runtime/temporary_folder.h"

namespace sinter {
namespace {

namespace fs = std::filesystem;

TrainOptions options_of(double momentum = 0.9) {
  TrainOptions options{.batch_size = 16, .lr = 0.05, .seed = 3};
  options.augmentation = {.crop_padding = 2, .flip = true};
  options.pass_options.momentum = momentum;
  return options;
}

std::shared_ptr<ThreadPool> pool_of(int threads) { return std::make_shared<ThreadPool>(threads); }

class CheckpointFile : public testing::Test {
 protected:
  Checkpoint taken(const Weights& weights, const Trainer& trainer) const {
    return take_checkpoint(model_, weights, trainer.position(), recipe_of(model_, data_, options_of()),
                           plan_of(trainer));
  }
  // A checkpoint after `steps` steps, in a file.
  void write_after(int64_t steps) const {
    const Weights weights(initialize(model_, "default", 1));
    Trainer trainer(model_, data_, weights, pool_of(2), options_of());
    for (int64_t epoch = 0; epoch < 3 && steps > 0; ++epoch)
      trainer.run_epoch([&](const Progress&) {
        if (--steps == 0) write_checkpoint(file_, taken(weights, trainer));
        return steps > 0;
      });
  }
  std::string message() const {
    const std::string text = message_of<InputError>([&] { read_checkpoint(file_); });
    EXPECT_EQ(text.find(file_ + ": "), 0U) << text;
    return text.substr(std::min(text.size(), file_.size() + 2));
  }

  TemporaryFolder folder_;
  const std::string file_ = folder_ / "run.checkpoint";
  const DataSet data_ = small_data(50, 20);  // 4 steps an epoch, the last of 2 examples
  const Graph model_ = small_lenet(true);
};

TEST_F(CheckpointFile, GoesOnWithTheVeryBitsFromAnyStep) {
  const Weights straight(initialize(model_, "default", 1));
  std::vector<EpochReport> reports;
  {
    Trainer trainer(model_, data_, straight, pool_of(1), options_of());
    for (int epoch = 0; epoch < 3; ++epoch) reports.push_back(trainer.run_epoch());
  }
  for (const int64_t steps : {1, 3, 4, 6, 12}) {
    write_after(steps);
    const Checkpoint checkpoint = read_checkpoint(file_);
    EXPECT_EQ((checkpoint.position.epoch - 1) * 4 + checkpoint.position.step, steps);
    const Weights weights(checkpoint.tensors());
    Trainer trainer(model_, data_, weights, pool_of(3), options_of());
    EXPECT_EQ(plan_of(trainer), checkpoint.plan);
    check_states(file_, checkpoint, trainer.executable().graph);
    check_parameters(file_, checkpoint, model_);
    trainer.go_on_from(checkpoint.position);
    for (int64_t epoch = checkpoint.position.epoch; epoch <= 3; ++epoch) {
      const EpochReport report = trainer.run_epoch();
      EXPECT_EQ(report.epoch, epoch);
      EXPECT_EQ(report.images,
                epoch == checkpoint.position.epoch ? 50 - checkpoint.position.totals.count : 50);
      EXPECT_EQ(report.train.loss, reports[epoch - 1].train.loss) << steps;
      EXPECT_EQ(report.train.accuracy, reports[epoch - 1].train.accuracy);
      EXPECT_EQ(report.test.loss, reports[epoch - 1].test.loss);
    }
    EXPECT_EQ(weights.tensors(), straight.tensors()) << steps;
    EXPECT_EQ(trainer.position().epoch, 4);
    EXPECT_EQ(trainer.position().step, 0);
  }
}

TEST_F(CheckpointFile, EveryDamagedByteIsFound) {
  write_after(2);
  const std::string whole = content_of(file_);
  for (size_t i = 0; i < whole.size(); i += 97) {
    std::string damaged = whole;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x20);
    folder_.file("run.checkpoint", damaged);
    message();
  }
  for (size_t length = 0; length < whole.size(); length += 89) {
    folder_.file("run.checkpoint", whole.substr(0, length));
    message();
  }
  folder_.file("run.checkpoint", whole + "x");
  EXPECT_EQ(message(), fmt::format("damaged: the part at byte {} is cut off by the file's end at {}",
                                   whole.size(), whole.size() + 1));
  const size_t parameter = whole.find("parameter 0.weight");
  std::string damaged = whole;
  damaged[parameter + 40] ^= 1;
  folder_.file("run.checkpoint", damaged);
  EXPECT_EQ(message(), fmt::format("damaged: the checksum of part \"parameter 0.weight\" at byte {} does not "
                                   "fit its bytes",
                                   parameter - 20));
  folder_.file("run.checkpoint", whole.substr(0, whole.size() - 23));  // without its last part
  EXPECT_EQ(message(), "the checkpoint ends early: its last part is missing");
  folder_.file("run.checkpoint", "something else");
  EXPECT_EQ(message(), "it does not begin with \"sinter checkpoint 2\"");
  fs::remove(file_);
  EXPECT_EQ(message_of<InputError>([&] { read_checkpoint(file_); }),
            "cannot read " + file_ + ": No such file or directory");
}

TEST_F(CheckpointFile, OfAnotherModelShowsTheFirstParameterThatDiffers) {
  write_after(1);
  const Checkpoint checkpoint = read_checkpoint(file_);
  const auto message = [&](const Graph& model) {
    return message_of<InputError>([&] { check_parameters("c", checkpoint, model); });
  };
  const ValueInfo& last = model_.info(model_.parameters()[model_.parameters().size() - 2]);
  EXPECT_EQ(
      message(small_lenet(true, 7)),
      fmt::format(
          "c: a checkpoint of another model: it has \"{0}\": {1} as parameter {2}; model \"lenet_relu\" has "
          "\"{0}\": f32[7, {3}] as parameter {2}",
          last.name, to_string(last.type), model_.parameters().size() - 1, last.type.shape[1].size));
  Graph named;
  named.name = "other";
  const Value x = named.input("x", {DType::f32, {"N", 1, 28, 28}});
  named.parameter("first.weight", {DType::f32, {6, 1, 5, 5}});
  named.add_result(x);
  const ValueInfo& first = model_.info(model_.parameters()[0]);
  EXPECT_EQ(message(named),
            fmt::format("c: a checkpoint of another model: it has \"{}\": {} as parameter 1; model \"other\" "
                        "has \"first.weight\": f32[6, 1, 5, 5] as parameter 1",
                        first.name, to_string(first.type)));
  Graph none;
  none.name = "none";
  EXPECT_EQ(
      message(none),
      fmt::format("c: a checkpoint of another model: it has \"{}\": {} as parameter 1; model \"none\" has "
                  "0 parameters",
                  first.name, to_string(first.type)));
  Checkpoint less = checkpoint;
  less.parameters.resize(1);
  EXPECT_EQ(message_of<InputError>([&] {
              check_parameters("c", less, model_);
            }).find("c: a checkpoint of another model: it has 1 parameter; model \"lenet_relu\" has \""),
            0U);
}

TEST_F(CheckpointFile, OfAnotherOptimizerOrRecipeIsRefused) {
  write_after(1);
  const Checkpoint checkpoint = read_checkpoint(file_);
  const Weights weights(initialize(model_, "default", 1));
  Trainer plain(model_, data_, weights, pool_of(1), options_of(0));
  EXPECT_EQ(
      message_of<InputError>([&] { check_states("c", checkpoint, plain.executable().graph); }),
      fmt::format("c: the checkpoint has {} states; this training keeps 0", model_.parameters().size()));
  Checkpoint bare = checkpoint;
  bare.states.clear();
  Trainer moving(model_, data_, weights, pool_of(1), options_of());
  EXPECT_EQ(message_of<InputError>([&] {
              check_states("c", bare, moving.executable().graph);
            }).find("c: the checkpoint lacks \""),
            0U);
  const auto difference = [&](const std::function<void(TrainOptions&)>& change) {
    TrainOptions options = options_of();
    change(options);
    return message_of<InputError>(
        [&] { check_recipe("c", checkpoint.recipe, recipe_of(model_, data_, options)); });
  };
  const std::string goes_on = ". A training goes on as it began";
  EXPECT_EQ(difference([](TrainOptions& o) { o.batch_size = 8; }),
            "c: the checkpoint's batch size is 16; this run's is 8" + goes_on);
  EXPECT_EQ(difference([](TrainOptions& o) { o.seed = 4; }),
            "c: the checkpoint's seed is 3; this run's is 4" + goes_on);
  EXPECT_EQ(difference([](TrainOptions& o) {
              o.lr = 0.1;
              o.pass_options = {.optimizer = "adam"};
            }),
            "c: the checkpoint's optimizer is sgd; this run's is adam" + goes_on);
  EXPECT_EQ(difference([](TrainOptions& o) { o.lr = 0.1; }),
            "c: the checkpoint's learning rate is 0.05; this run's is 0.1" + goes_on);
  EXPECT_EQ(difference([](TrainOptions& o) { o.augmentation.flip = false; }),
            "c: the checkpoint's augmentation is crop:2,flip; this run's is crop:2" + goes_on);
  EXPECT_EQ(difference([](TrainOptions& o) {
              o.normalization = {{0.5F}, {0.25F}};
            }),
            "c: the checkpoint's normalisation is none; this run's is 0.5,0.25" + goes_on);
  const DataSet other = small_data(51, 20);
  EXPECT_EQ(message_of<InputError>([&] {
              check_recipe("c", checkpoint.recipe, recipe_of(model_, other, options_of()));
            }).find("c: the checkpoint's data is 50 pictures of 1 x 28 x 28, checksum "),
            0U);
  EXPECT_EQ(message_of<InputError>([&] { plain.go_on_from({.epoch = 1, .step = 5}); }),
            "step 5 of epoch 1; expected 0 to 4, the steps of an epoch on this data");
}

TEST_F(CheckpointFile, TakesAFolderWhoseNameIsNoText) {
  const Weights weights(initialize(model_, "default", 1));
  DataSet data = data_;
  data.name = "caf\xe9";
  const Recipe recipe = recipe_of(model_, data, options_of());
  write_checkpoint(file_, take_checkpoint(model_, weights, {}, recipe, ""));
  EXPECT_NO_THROW(check_recipe("c", read_checkpoint(file_).recipe, recipe));
}

// Files of before there was such an item are still gone on with.
TEST_F(CheckpointFile, WhatItsRecipeDoesNotTellContradictsNothing) {
  Recipe run = recipe_of(model_, data_, options_of()), before = run;
  std::erase_if(before, [](const auto& item) { return item.first == "recompute"; });
  ASSERT_EQ(before.size() + 1, run.size());
  EXPECT_NO_THROW(check_recipe("c", before, run));
  before.emplace_back("recompute", "never");
  EXPECT_EQ(message_of<InputError>([&] { check_recipe("c", before, run); }),
            "c: the checkpoint's recompute is never; this run's is auto. A training goes on as it began");
}

TEST_F(CheckpointFile, TemporariesOfKilledProcessesAreRemoved) {
  const auto old = [&](const std::string& name) {
    const fs::path path = folder_.file(name, "x");
    fs::last_write_time(path, fs::file_time_type::clock::now() - std::chrono::minutes(5));
    return path;
  };
  const fs::path abandoned = old(".sinter-1-0.tmp"), other = old("notes.tmp"), held = old(".sinter-2-0.tmp");
  const fs::path young = folder_.file(".sinter-3-0.tmp", "x");
  const int descriptor = open(held.c_str(), O_RDONLY);
  ASSERT_EQ(flock(descriptor, LOCK_EX | LOCK_NB), 0);
  remove_abandoned_temporaries(file_);
  close(descriptor);
  EXPECT_FALSE(fs::exists(abandoned));
  EXPECT_TRUE(fs::exists(other));
  EXPECT_TRUE(fs::exists(held));
  EXPECT_TRUE(fs::exists(young));
}

// Ends with its file half written.
void write_and_die(const fs::path& target) {
  const pid_t child = fork();
  if (child == 0) {
    const AtomicFile file(target);
    _exit(0);
  }
  ASSERT_EQ(waitpid(child, nullptr, 0), child);
}

TEST_F(CheckpointFile, WhoWritesItAloneRemovesYoungTemporariesOfIt) {
  const auto temporaries = [&] {
    int64_t count = 0;
    for (const auto& entry : fs::directory_iterator(folder_.path()))
      count += entry.path().extension() == ".tmp" ? 1 : 0;
    return count;
  };
  write_and_die(file_);
  write_and_die(folder_ / "another");
  EXPECT_EQ(temporaries(), 2);
  remove_abandoned_temporaries(file_);
  EXPECT_EQ(temporaries(), 2);
  remove_abandoned_temporaries(file_, true);
  EXPECT_EQ(temporaries(), 1) << "another process may be about to write the other file";
}

TEST(FileLock, IsOfOneAtATimeAndEndsWithItsProcess) {
  const TemporaryFolder folder;
  const fs::path file = folder.file("c", "x"), lock = folder / ".sinter-c.lock";
  const std::string in_use =
      file.string() + " is in use by process " + std::to_string(getpid()) + "; expected one at a time";
  {
    const FileLock first(file), other(folder / "d");
    EXPECT_TRUE(first.held() && other.held());
    EXPECT_EQ(message_of<InputError>([&] { FileLock second(file); }), in_use);
    fs::create_symlink(file, folder / "link");
    EXPECT_THROW(FileLock(folder / "link"), InputError) << "it is the same file";
  }
  EXPECT_FALSE(fs::exists(lock));
  const pid_t child = fork();
  if (child == 0) {
    const FileLock held(file);
    _exit(held.held() ? 7 : 1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(WEXITSTATUS(status), 7);
  EXPECT_TRUE(fs::exists(lock)) << "the process could not remove it";
  EXPECT_TRUE(FileLock(file).held());
  EXPECT_FALSE(fs::exists(lock));
}

TEST(FileLock, IsDoneWithoutWhereThereIsNone) {
  const TemporaryFolder folder;
  EXPECT_FALSE(FileLock("").held());
  EXPECT_EQ(FileLock("").remark(), "");
  const FileLock device("/dev/null");
  EXPECT_TRUE(!device.held() && device.remark().empty());
  const fs::path file = folder / std::string(250, 'c');  // the lock's name would be too long
  const FileLock lock(file);
  EXPECT_FALSE(lock.held());
  EXPECT_EQ(lock.remark(), file.string() +
                               " cannot be locked: File name too long; a second process that writes it would "
                               "go unnoticed");
}

}  // namespace
}  // namespace sinter
