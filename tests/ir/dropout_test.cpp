#include <gtest/gtest.h>

#include <cmath>

#include "ir/op_table.h"
#include "tests/ir/by_hand.h"

namespace sinter {
namespace {

Tensor numbers(const std::vector<int64_t>& values) {
  Tensor tensor(DType::i64, {static_cast<int64_t>(values.size())});
  for (size_t i = 0; i < values.size(); ++i) tensor.values<int64_t>()[i] = values[i];
  return tensor;
}

Tensor mask_of(const std::vector<int64_t>& samples, int64_t seed, double p, int64_t stream = 0,
               const Ints& size = {1000}) {
  Tensor key(DType::i64, {});
  key.values<int64_t>()[0] = seed;
  return apply_one(OpKind::dropout_mask, {numbers(samples), key},
                   {{"sample_size", size}, {"p", p}, {"stream", stream}});
}

std::vector<double> row(const Tensor& mask, int64_t n) {
  const int64_t count = mask.count() / mask.shape()[0];
  std::vector<double> values;
  for (int64_t i = n * count; i < (n + 1) * count; ++i) values.push_back(mask.at(i));
  return values;
}

TEST(DropoutMask, KeepsTheMean) {
  for (const double p : {0.1, 0.5, 0.8}) {
    const Tensor mask = mask_of({0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, 3, p);
    double dropped = 0;
    for (int64_t i = 0; i < mask.count(); ++i) {
      ASSERT_TRUE(mask.at(i) == 0 || mask.at(i) == static_cast<float>(1 / (1 - p))) << mask.at(i);
      dropped += mask.at(i) == 0;
    }
    // Five standard deviations of a binomial distribution.
    EXPECT_NEAR(dropped / 10000, p, 5 * std::sqrt(p * (1 - p) / 10000));
  }
}

TEST(DropoutMask, NoneAndAll) {
  for (const double value : row(mask_of({5}, 1, 0), 0)) ASSERT_EQ(value, 1);
  for (const double value : row(mask_of({5}, 1, 1), 0)) ASSERT_EQ(value, 0);
}

// Whatever batch or slab a sample is in, and wherever.
TEST(DropoutMask, FollowsFromTheSamplesNumber) {
  const Tensor mask = mask_of({7, 1000000007, -1, 7}, 9, 0.5);
  EXPECT_EQ(row(mask, 0), row(mask, 3));
  EXPECT_EQ(row(mask, 1), row(mask_of({1000000007}, 9, 0.5), 0));
  EXPECT_NE(row(mask, 0), row(mask, 1));
  EXPECT_EQ(row(mask_of({7}, 9, 0.5, 0, {10, 100}), 0), row(mask, 0));
}

TEST(DropoutMask, SeedsLayersAndSamplesDiffer) {
  const auto first = row(mask_of({1}, 0, 0.5), 0);
  EXPECT_NE(first, row(mask_of({1}, 1, 0.5), 0));
  EXPECT_NE(first, row(mask_of({1}, 0, 0.5, 1), 0));
  EXPECT_NE(first, row(mask_of({1 + (int64_t{1} << 32)}, 0, 0.5), 0));
  EXPECT_NE(first, row(mask_of({1}, int64_t{1} << 32, 0.5), 0));
}

TEST(DropoutMask, SaysWhatItCannotMake) {
  try {
    apply_one(OpKind::dropout_mask, {numbers({1}), numbers({1}).reshaped({})}, {{"dtype", DType::i32}});
    FAIL() << "no error";
  } catch (const InputError& error) {
    EXPECT_EQ(error.message().substr(0, error.message().find('\n')),
              "dropout_mask: a mask of i32; expected f32 or f64");
  }
}

}  // namespace
}  // namespace sinter
