#include "runtime/evaluation.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>

#include "runtime/early_stop.h"
#include "runtime/initialize.h"
#include "tests/runtime/small_data.h"
#include "tests/runtime/small_models.h"

namespace sinter {
namespace {

TEST(RankOf, CountsTheClassesBefore) {
  const float nan = std::nanf("");
  const std::array<float, 4> scores = {2, 5, 2, 1};
  EXPECT_EQ(rank_of(scores, 1), 0);
  EXPECT_EQ(rank_of(scores, 0), 1);
  EXPECT_EQ(rank_of(scores, 2), 2) << "of equal scores the first class comes first";
  EXPECT_EQ(rank_of(scores, 3), 3);
  const std::array<float, 3> odd = {1, nan, nan};
  EXPECT_EQ(rank_of(odd, 1), 0);
  EXPECT_EQ(rank_of(odd, 2), 1);
  EXPECT_EQ(rank_of(odd, 0), 2) << "NaN comes before numbers, as in argmax";
}

// What the host counts from the scores against what the graph counts.
TEST(Evaluate, AgreesWithItself) {
  const DataSet data = small_data(10, 50);
  const Graph model = small_lenet(true);
  const Weights weights(initialize(model, "kaiming_normal", 3));
  Classifier classifier(model, data, weights, std::make_shared<ThreadPool>(2),
                        evaluation_options("auto", {}, {}));
  BatchLoader loader(data.test, {.batch_size = 16});
  prepare_for(classifier, loader, 16);
  const TestScore result = evaluate(classifier, loader, true);
  const ConfusionMatrix& matrix = result.confusion;
  ASSERT_EQ(matrix.classes(), 10);
  int64_t right = 0, all = 0;
  for (int64_t label = 0; label < 10; ++label) {
    right += matrix.at(label, label);
    all += matrix.of_class(label);
    int64_t of_class = 0;
    for (const uint8_t other : data.test.labels) of_class += other == label ? 1 : 0;
    EXPECT_EQ(matrix.of_class(label), of_class);
  }
  EXPECT_EQ(all, 50);
  EXPECT_DOUBLE_EQ(static_cast<double>(right) / 50, result.accuracy);
  EXPECT_GE(result.top5, result.accuracy);
  EXPECT_LE(result.top5, 1);
  EXPECT_GT(result.top5, 0.2) << "half of the classes are among the first five";
}

TestScore tested(double loss, double accuracy) {
  TestScore result;
  result.loss = loss;
  result.accuracy = accuracy;
  return result;
}

TEST(EarlyStop, EndsAfterEpochsThatAreNoBetter) {
  EarlyStop stop(EarlyStop::Watch::loss, 2, 0.1);
  EXPECT_FALSE(stop.ends_after(1, tested(1.0, 0)));
  EXPECT_FALSE(stop.ends_after(2, tested(0.95, 0))) << "better, but by too little";
  EXPECT_FALSE(stop.ends_after(3, tested(0.8, 0)));
  EXPECT_EQ(stop.best_epoch(), 3);
  EXPECT_FALSE(stop.ends_after(4, tested(0.9, 0)));
  EXPECT_TRUE(stop.ends_after(5, tested(0.75, 0)));
  EXPECT_EQ(stop.best_epoch(), 3);
  EXPECT_DOUBLE_EQ(stop.best(), 0.8);
  EarlyStop accuracy(EarlyStop::Watch::accuracy, 1, 0);
  EXPECT_FALSE(accuracy.ends_after(1, tested(9, 0.5)));
  EXPECT_FALSE(accuracy.ends_after(2, tested(9, 0.6)));
  EXPECT_TRUE(accuracy.ends_after(3, tested(1, 0.6)));
}

}  // namespace
}  // namespace sinter
