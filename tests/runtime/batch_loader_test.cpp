#include "runtime/data/batch_loader.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <numeric>

#include "tests/runtime/allocation_count.h"
#include "tests/runtime/temporary_folder.h"

namespace sinter {
namespace {

// Pictures of 1 x 2 pixels in two channels. The first pixel tells the example, the rest its channel and
// column.
Examples numbered(int64_t count) {
  Examples examples{.count = count, .channels = 2, .height = 1, .width = 2};
  for (int64_t i = 0; i < count; ++i) {
    const auto number = static_cast<uint8_t>(i);
    examples.pixels.insert(examples.pixels.end(), {number, 50, 100, 255});
    examples.labels.push_back(static_cast<uint8_t>(i % 10));
  }
  return examples;
}

int number_of(const Batch& batch, int64_t index) {
  return static_cast<int>(std::lround(batch.images.values<float>()[index * 4] * 255));
}

struct Epoch {
  std::vector<int> numbers = {};
  std::vector<int64_t> batch_sizes = {};
};

Epoch read_epoch(BatchLoader& loader, int64_t epoch, std::chrono::milliseconds delay = {}) {
  Epoch seen;
  loader.start(epoch);
  while (const Batch* batch = loader.next()) {
    std::this_thread::sleep_for(delay);
    seen.batch_sizes.push_back(batch->count);
    EXPECT_EQ(batch->images.shape(), (std::vector<int64_t>{batch->count, 2, 1, 2}));
    EXPECT_EQ(batch->labels.shape(), std::vector<int64_t>{batch->count});
    for (int64_t i = 0; i < batch->count; ++i) {
      seen.numbers.push_back(number_of(*batch, i));
      EXPECT_EQ(batch->labels.values<int64_t>()[i], seen.numbers.back() % 10);
    }
  }
  EXPECT_EQ(loader.next(), nullptr);
  return seen;
}

std::vector<int> first_numbers(int count) {
  std::vector<int> numbers(count);
  std::iota(numbers.begin(), numbers.end(), 0);
  return numbers;
}

TEST(BatchLoader, EveryExampleOnceAnEpoch) {
  const Examples examples = numbered(250);
  for (const int64_t batch_size : {1, 7, 50, 249, 250, 251}) {
    BatchLoader loader(examples, {.batch_size = batch_size, .shuffle = true, .seed = 5});
    EXPECT_EQ(loader.count(), 250);
    for (int64_t epoch = 0; epoch < 2; ++epoch) {
      Epoch seen = read_epoch(loader, epoch);
      std::vector<int64_t> sizes(250 / batch_size, batch_size);
      if (250 % batch_size != 0) sizes.push_back(250 % batch_size);
      EXPECT_EQ(seen.batch_sizes, sizes);
      EXPECT_EQ(static_cast<int64_t>(sizes.size()), loader.batches());
      EXPECT_NE(seen.numbers, first_numbers(250));
      std::sort(seen.numbers.begin(), seen.numbers.end());
      EXPECT_EQ(seen.numbers, first_numbers(250)) << "batch size " << batch_size;
    }
  }
}

TEST(BatchLoader, InOrderWithoutShuffling) {
  const Examples examples = numbered(20);
  BatchLoader loader(examples, {.batch_size = 6});
  EXPECT_EQ(read_epoch(loader, 0).numbers, first_numbers(20));
  EXPECT_EQ(read_epoch(loader, 1).numbers, first_numbers(20));
}

TEST(BatchLoader, OrderDependsOnSeedAndEpochAlone) {
  using namespace std::chrono_literals;
  const Examples examples = numbered(100);
  const BatchOptions options = {.batch_size = 8, .shuffle = true, .seed = 11};
  BatchOptions slow_options = options;
  slow_options.prepare = [](Batch&) { std::this_thread::sleep_for(1ms); };
  BatchOptions other_options = options;
  other_options.seed = 12;
  BatchLoader loader(examples, options), slow(examples, slow_options), other(examples, other_options);
  const Epoch first = read_epoch(loader, 0), second = read_epoch(loader, 1);
  EXPECT_NE(first.numbers, second.numbers);
  EXPECT_EQ(read_epoch(slow, 1).numbers, second.numbers);
  EXPECT_EQ(read_epoch(slow, 0).numbers, first.numbers);
  EXPECT_EQ(read_epoch(loader, 0, 1ms).numbers, first.numbers);
  EXPECT_NE(read_epoch(other, 0).numbers, first.numbers);
}

TEST(BatchLoader, LimitTakesTheFirst) {
  const Examples examples = numbered(100);
  BatchLoader some(examples, {.batch_size = 8, .shuffle = true, .limit = 30});
  Epoch seen = read_epoch(some, 0);
  std::sort(seen.numbers.begin(), seen.numbers.end());
  EXPECT_EQ(seen.numbers, first_numbers(30));
  BatchLoader all(examples, {.batch_size = 8, .limit = 1000});
  EXPECT_EQ(read_epoch(all, 0).numbers, first_numbers(100));
}

std::vector<float> first_picture(const Normalization& normalization) {
  const Examples examples = numbered(1);
  BatchLoader loader(examples, {.normalization = normalization});
  loader.start(0);
  const auto values = loader.next()->images.values<float>();
  return {values.begin(), values.end()};
}

TEST(BatchLoader, Normalises) {
  const float p50 = 50.f / 255, p100 = 100.f / 255;
  EXPECT_EQ(first_picture({}), (std::vector<float>{0, p50, p100, 1}));
  EXPECT_EQ(first_picture({{0.5f}, {0.25f}}),
            (std::vector<float>{-2, (p50 - 0.5f) / 0.25f, (p100 - 0.5f) / 0.25f, 2}));
  EXPECT_EQ(first_picture({{0.5f, 0.2f}, {0.25f, 0.1f}}),
            (std::vector<float>{-2, (p50 - 0.5f) / 0.25f, (p100 - 0.2f) / 0.1f, (1 - 0.2f) / 0.1f}));
}

TEST(BatchLoader, ABatchStaysValidUntilTheNext) {
  using namespace std::chrono_literals;
  const Examples examples = numbered(100);
  BatchLoader loader(examples, {.batch_size = 5});
  loader.start(0);
  int expected = 0;
  while (const Batch* batch = loader.next()) {
    std::this_thread::sleep_for(1ms);  // time enough to run ahead
    for (int64_t i = 0; i < batch->count; ++i) EXPECT_EQ(number_of(*batch, i), expected++);
  }
  EXPECT_EQ(expected, 100);
}

class BatchLoaderThreads : public testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(, BatchLoaderThreads, testing::Values(1, 3));

TEST_P(BatchLoaderThreads, RestartsInTheMidstOfAnEpoch) {
  const Examples examples = numbered(100);
  BatchLoader loader(examples, {.batch_size = 7, .shuffle = true, .seed = 1, .threads = GetParam()});
  EXPECT_EQ(loader.next(), nullptr);
  const Epoch whole = read_epoch(loader, 4);
  for (int taken = 0; taken < 15; ++taken) {
    loader.start(3);
    for (int i = 0; i < taken; ++i) ASSERT_NE(loader.next(), nullptr);
    EXPECT_EQ(read_epoch(loader, 4).numbers, whole.numbers) << "after " << taken;
  }
  for (int i = 0; i < 1000; ++i) loader.start(i);
  EXPECT_EQ(read_epoch(loader, 4).numbers, whole.numbers);
}

TEST_P(BatchLoaderThreads, EndsPromptlyAtAnyMoment) {
  const Examples examples = numbered(200);
  for (int taken = 0; taken < 20; ++taken) {
    BatchLoader loader(examples, {.batch_size = 2, .shuffle = true, .threads = GetParam()});
    if (taken > 0) loader.start(0);
    for (int i = 1; i < taken; ++i) ASSERT_NE(loader.next(), nullptr);
  }
}

TEST(BatchLoader, HandsExceptionsToTheCaller) {
  const Examples examples = numbered(10);
  std::atomic<bool> broken = true;
  BatchLoader loader(examples, {.batch_size = 2, .prepare = [&](Batch& batch) {
                                  if (broken && number_of(batch, 0) == 4) fail_input("picture 4 is odd");
                                }});
  loader.start(0);
  EXPECT_EQ(number_of(*loader.next(), 0), 0);
  EXPECT_EQ(number_of(*loader.next(), 0), 2);
  EXPECT_EQ(message_of<InputError>([&] { loader.next(); }), "picture 4 is odd");
  EXPECT_EQ(message_of<InputError>([&] { loader.next(); }), "picture 4 is odd");
  broken = false;
  EXPECT_EQ(read_epoch(loader, 1).numbers, first_numbers(10));
}

TEST(BatchLoader, PrepareChangesBatches) {
  const Examples examples = numbered(5);
  BatchLoader loader(
      examples, {.batch_size = 2, .prepare = [](Batch& batch) { batch.images.values<float>()[1] = 42; }});
  loader.start(0);
  while (const Batch* batch = loader.next()) EXPECT_EQ(batch->images.values<float>()[1], 42);
}

TEST(BatchLoader, MeasuresHowLongTheCallerWaits) {
  using namespace std::chrono_literals;
  const Examples examples = numbered(8);
  BatchLoader loader(examples,
                     {.batch_size = 2, .prepare = [](Batch&) { std::this_thread::sleep_for(20ms); }});
  loader.start(0);
  while (loader.next() != nullptr) continue;
  EXPECT_GE(loader.waited_seconds(), 0.06);
  loader.start(1);
  EXPECT_EQ(loader.waited_seconds(), 0);
}

TEST_P(BatchLoaderThreads, AllocatesNothingOnceItRuns) {
  if (!allocation_count()) GTEST_SKIP() << "a sanitizer has its own allocator";
  Examples examples = numbered(100);
  examples.resize = {5, 7};
  BatchLoader loader(examples, {.batch_size = 8,
                                .shuffle = true,
                                .augmentation = {.crop_padding = 2, .flip = true},
                                .threads = GetParam()});
  const auto epoch = [&](int64_t number) {
    loader.start(number);
    int64_t count = 0;
    while (const Batch* batch = loader.next()) count += batch->count;
    return count;
  };
  epoch(0);
  const int64_t before = *allocation_count();
  const int64_t count = epoch(1) + epoch(2);
  const int64_t after = *allocation_count();
  EXPECT_EQ(count, 200);
  EXPECT_EQ(after - before, 0);
  EXPECT_GT(before, 0);
}

TEST(BatchLoader, RefusesBadOptions) {
  const Examples examples = numbered(10);
  const auto message = [&](BatchOptions options) {
    return message_of<InputError>([&] { BatchLoader(examples, std::move(options)); });
  };
  EXPECT_EQ(message({.batch_size = 0}), "batch size 0, expected at least 1");
  EXPECT_EQ(message({.limit = -1}), "limit of -1 examples, expected at least 0");
  EXPECT_EQ(message({.normalization = {{0.5f}, {}}}),
            "normalisation with 1 means and 0 standard deviations; expected 1 or 2 of each");
  EXPECT_EQ(message({.normalization = {{1, 2, 3}, {1, 2, 3}}}),
            "normalisation with 3 means and 3 standard deviations; expected 1 or 2 of each");
  EXPECT_EQ(
      message({.normalization = {{0.5f}, {0}}}),
      "normalisation by mean 0.5 and standard deviation 0; expected finite numbers, the second above 0");
  EXPECT_EQ(
      message({.normalization = {{NAN}, {1}}}),
      "normalisation by mean nan and standard deviation 1; expected finite numbers, the second above 0");
}

}  // namespace
}  // namespace sinter
