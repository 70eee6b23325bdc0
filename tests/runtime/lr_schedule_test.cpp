#include "runtime/lr_schedule.h"

#include <gtest/gtest.h>

#include "ir/error.h"
#include "tests/runtime/temporary_folder.h"

namespace sinter {
namespace {

constexpr double base = 0.5;

TEST(LrSchedule, IsWrittenAsItIsRead) {
  for (const char* text : {"constant", "step:30,0.1", "multistep:30,60,0.25", "cosine", "cosine:0.001",
                           "one-cycle", "one-cycle:0.5"})
    EXPECT_EQ(schedule_text(parse_lr_schedule(text, base)), text);
  for (const char* text : {"0", "500", "2e", "0.5e"}) {
    LrSchedule schedule;
    parse_warmup(text, schedule);
    EXPECT_EQ(warmup_text(schedule), text);
  }
}

// Recorded from PyTorch 1.13 in f64: SGD with lr=0.5, param_groups[0]['lr'] before each scheduler.step().
// By epoch, 6 epochs of 2 updates:
//   StepLR(o, 2, 0.1); MultiStepLR(o, [2, 3], 0.1)
// By update, 12 in all:
//   CosineAnnealingLR(o, 12, 0.05); OneCycleLR(o, 0.5, total_steps=12)
//   CosineAnnealingLR(o, 12, 0) with LinearLR(o, 1/4, 1, 3), both stepped each time
struct Recorded {
  const char* schedule;
  const char* warmup;
  bool by_epoch;
  std::vector<double> rates;
};

const Recorded recorded[] = {
    {"constant", "0", true, {0.5, 0.5, 0.5, 0.5, 0.5, 0.5}},
    {"step:2,0.1", "0", true, {0.5, 0.5, 0.05, 0.05, 0.005, 0.005}},
    {"multistep:2,3,0.1", "0", true, {0.5, 0.5, 0.05, 0.005, 0.005, 0.005}},
    {"cosine:0.05",
     "0",
     false,
     {0.5, 0.49233331091504035, 0.4698557158514987, 0.4340990257669731, 0.38749999999999996,
      0.33323428514806713, 0.27499999999999997, 0.21676571485193286, 0.16250000000000006, 0.11590097423302684,
      0.0801442841485013, 0.05766668908495966}},
    {"one-cycle",
     "0",
     false,
     {0.020000000000000018, 0.17489482710979154, 0.43964257956106434, 0.49720771772545586,
      0.46650648492070584, 0.4058728269748815, 0.32368949884755166, 0.23131855133348753, 0.14153049910434962,
      0.0667387650944153, 0.01728349371269761, 2e-06}},
    {"cosine",
     "4",
     false,
     {0.125, 0.24574072828613353, 0.34987976320958225, 0.4267766952966368, 0.37499999999999994,
      0.31470476127563013, 0.24999999999999994, 0.18529523872436982, 0.12500000000000003, 0.07322330470336312,
      0.033493649053890316, 0.008518543427732948}},
};

constexpr TrainingLength length{.epochs = 6, .updates_per_epoch = 2};

TEST(LrSchedule, HasTheRatesOfPyTorch) {
  for (const Recorded& expected : recorded) {
    SCOPED_TRACE(expected.schedule);
    LrSchedule schedule = parse_lr_schedule(expected.schedule, base);
    parse_warmup(expected.warmup, schedule);
    for (int64_t update = 0; update < 12; ++update)
      EXPECT_NEAR(learning_rate(schedule, base, update, length),
                  expected.rates[expected.by_epoch ? update / 2 : update], 1e-15)
          << "update " << update;
  }
}

TEST(LrSchedule, OneCycleTakesItsHighestRate) {
  EXPECT_NEAR(learning_rate(parse_lr_schedule("one-cycle:2", base), base, 0, length), 2.0 / 25, 1e-15);
  EXPECT_NEAR(learning_rate(parse_lr_schedule("one-cycle:2", base), base, 11, length), 2.0 / 25 / 1e4, 1e-15);
}

TEST(LrSchedule, WarmsUpForEpochsToo) {
  LrSchedule schedule;
  parse_warmup("1.5e", schedule);
  EXPECT_NEAR(learning_rate(schedule, 0.3, 0, length), 0.1, 1e-15);
  EXPECT_NEAR(learning_rate(schedule, 0.3, 1, length), 0.2, 1e-15);
  EXPECT_NEAR(learning_rate(schedule, 0.3, 2, length), 0.3, 1e-15);
  EXPECT_NEAR(learning_rate(schedule, 0.3, 9, length), 0.3, 1e-15);
}

TEST(LrSchedule, RemarksOnAWarmUpThatDoesNotEnd) {
  const auto remark = [](std::string_view warmup, const TrainingLength& all) {
    LrSchedule schedule;
    parse_warmup(warmup, schedule);
    return warmup_remark(schedule, all);
  };
  EXPECT_EQ(
      remark("13", length),
      "the warm-up takes 13 updates and the training has 12, 2 an epoch: the learning rate does not get "
      "to that of the schedule; expected a warm-up of at most 12");
  EXPECT_EQ(remark("6.5e", length), remark("13", length));
  for (const char* warmup : {"0", "12", "6e"}) EXPECT_EQ(remark(warmup, length), "");
  EXPECT_EQ(remark("13", {.updates_per_epoch = 2}), "") << "the number of epochs is not known";
}

// Trainings of a few updates, and ones that go on past their end.
TEST(LrSchedule, StaysWithinItsBounds) {
  for (const char* text : {"cosine:0.1", "one-cycle"})
    for (const int64_t updates : {1, 2, 3, 4, 5})
      for (int64_t update = 0; update < 10; ++update) {
        const double rate = learning_rate(parse_lr_schedule(text, base), base, update, {1, updates});
        EXPECT_GE(rate, 0) << text << ", update " << update << " of " << updates;
        EXPECT_LE(rate, 0.5 + 1e-15) << text << ", update " << update << " of " << updates;
      }
}

TEST(LrSchedule, SaysWhatItExpects) {
  const auto message = [](std::string_view text) {
    return message_of<InputError>([&] { parse_lr_schedule(text, base); });
  };
  for (const char* text : {"", "cosin", "constant:1", "cosine,1"})
    EXPECT_EQ(message(text), "learning rate schedule \"" + std::string(text) +
                                 "\": expected constant, step:EPOCHS,GAMMA, multistep:EPOCH,...,GAMMA, "
                                 "cosine[:MIN] or one-cycle[:MAX]");
  for (const char* text :
       {"step", "step:3", "step:0,0.1", "step:1.5,0.1", "step:2,0", "step:2,x", "step:1,2,0.1"})
    EXPECT_EQ(message(text),
              "learning rate schedule \"" + std::string(text) +
                  "\": expected step:EPOCHS,GAMMA with a whole number of epochs and a factor above 0, as in "
                  "step:30,0.1");
  for (const char* text : {"multistep:3", "multistep:3,2,0.1", "multistep:3,3,0.1", "multistep:"})
    EXPECT_EQ(message(text),
              "learning rate schedule \"" + std::string(text) +
                  "\": expected multistep:EPOCH,...,GAMMA with whole epochs that grow and a factor above 0, "
                  "as in multistep:30,60,0.1");
  for (const char* text : {"cosine:", "cosine:-1", "cosine:1,2", "cosine:nan", "cosine:0.6"})
    EXPECT_EQ(message(text),
              "learning rate schedule \"" + std::string(text) +
                  "\": expected cosine or cosine:MIN with a last rate from 0 to the base, 0.5");
  for (const char* text : {"one-cycle:0", "one-cycle:x", "one-cycle:inf"})
    EXPECT_EQ(message(text), "learning rate schedule \"" + std::string(text) +
                                 "\": expected one-cycle or one-cycle:MAX with a highest rate above 0");
  for (const char* text : {"", "e", "-1", "1.5", "-1e", "5 e", "1e13"}) {
    LrSchedule schedule;
    EXPECT_EQ(message_of<InputError>([&] { parse_warmup(text, schedule); }),
              "warm-up \"" + std::string(text) +
                  "\": expected a number of updates such as 500, or of epochs such as 2e");
  }
}

}  // namespace
}  // namespace sinter
