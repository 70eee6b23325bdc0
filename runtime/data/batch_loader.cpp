#include "runtime/data/batch_loader.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "ir/philox.h"

namespace sinter {
namespace {

// A table is exact, in the order of operations of the definition, and as fast as the arithmetic.
std::vector<std::array<float, 256>> pixel_values(const Normalization& normalization, int64_t channels) {
  const std::vector<float>&mean = normalization.mean, &deviation = normalization.std;
  const auto one_each = static_cast<size_t>(channels);
  if (mean.size() != deviation.size() || (mean.size() > 1 && mean.size() != one_each))
    fail_input("normalisation with {} means and {} standard deviations; expected 1 or {} of each",
               mean.size(), deviation.size(), channels);
  for (size_t i = 0; i < mean.size(); ++i)
    if (!std::isfinite(mean[i]) || !std::isfinite(deviation[i]) || deviation[i] <= 0)
      fail_input(
          "normalisation by mean {} and standard deviation {}; expected finite numbers, the second above 0",
          mean[i], deviation[i]);
  std::vector<std::array<float, 256>> values(one_each);
  for (size_t c = 0; c < one_each; ++c)
    for (size_t pixel = 0; pixel < 256; ++pixel) {
      const size_t entry = mean.size() > 1 ? c : 0;
      const float value = static_cast<float>(pixel) / 255;
      values[c][pixel] = mean.empty() ? value : (value - mean[entry]) / deviation[entry];
    }
  return values;
}

Batch make_batch(int64_t count, const Examples& examples) {
  if (count == 0) return {};
  return {.images = Tensor(DType::f32, {count, examples.channels, examples.height, examples.width}),
          .labels = Tensor(DType::i64, {count}),
          .count = count};
}

}  // namespace

BatchLoader::BatchLoader(const Examples& examples, BatchOptions options)
    : examples_(examples),
      options_(std::move(options)),
      values_(pixel_values(options_.normalization, examples.channels)) {
  if (options_.batch_size < 1) fail_input("batch size {}, expected at least 1", options_.batch_size);
  if (options_.limit < 0) fail_input("limit of {} examples, expected at least 0", options_.limit);
  require(static_cast<int64_t>(examples.labels.size()) == examples.count &&
              static_cast<int64_t>(examples.pixels.size()) ==
                  examples.count * examples.channels * examples.height * examples.width,
          "as many labels and pixels as the examples' sizes say");
  order_.resize(options_.limit > 0 ? std::min(options_.limit, examples.count) : examples.count);
  for (size_t i = 0; i < ring_.size(); ++i)
    if (static_cast<int64_t>(i) < full_batches()) ring_[i] = make_batch(options_.batch_size, examples);
  rest_ = make_batch(remainder(), examples);
  filled_ = taken_ = released_ = batches();  // at the end of no epoch
  thread_ = std::thread([this] { run(); });
}

BatchLoader::~BatchLoader() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void BatchLoader::start(int64_t epoch) {
  {
    const std::lock_guard lock(mutex_);
    epoch_ = epoch;
    ++starts_;
    filled_ = taken_ = released_ = 0;
    error_ = nullptr;
  }
  changed_.notify_all();
}

const Batch* BatchLoader::next() {
  std::unique_lock lock(mutex_);
  released_ = taken_;
  changed_.notify_all();
  changed_.wait(lock, [&] { return filled_ > taken_ || taken_ == batches() || error_; });
  if (filled_ > taken_) return &slot(taken_++);
  if (error_) std::rethrow_exception(error_);
  return nullptr;
}

bool BatchLoader::can_fill() const {
  return !error_ && filled_ < batches() && filled_ < released_ + static_cast<int64_t>(ring_.size());
}

void BatchLoader::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [&] { return stop_ || can_fill(); });
    if (stop_) return;
    const int64_t index = filled_, epoch = epoch_;
    const uint64_t start = starts_;
    std::exception_ptr error;
    lock.unlock();
    try {
      if (index == 0) shuffle(epoch);
      fill(index);
    } catch (...) {
      error = std::current_exception();
    }
    lock.lock();
    if (start != starts_) continue;
    if (error)
      error_ = error;
    else
      ++filled_;
    changed_.notify_all();
  }
}

void BatchLoader::shuffle(int64_t epoch) {
  std::iota(order_.begin(), order_.end(), 0);
  if (!options_.shuffle) return;
  Random random(options_.seed, stream_id("shuffle"), 0, static_cast<uint64_t>(epoch));
  for (size_t i = order_.size(); i > 1; --i) std::swap(order_[i - 1], order_[random.uniform_int(i)]);
}

void BatchLoader::fill(int64_t index) {
  Batch& batch = slot(index);
  const int64_t plane = examples_.height * examples_.width;
  float* image = batch.images.values<float>().data();
  for (int64_t i = 0; i < batch.count; ++i) {
    const int64_t example = order_[index * options_.batch_size + i];
    const uint8_t* pixels = examples_.pixels.data() + example * examples_.channels * plane;
    for (const std::array<float, 256>& values : values_) {
      for (int64_t p = 0; p < plane; ++p) image[p] = values[pixels[p]];
      image += plane;
      pixels += plane;
    }
    batch.labels.values<int64_t>()[i] = examples_.labels[example];
  }
  if (options_.prepare) options_.prepare(batch);
}

Batch& BatchLoader::slot(int64_t index) {
  return index < full_batches() ? ring_[index % static_cast<int64_t>(ring_.size())] : rest_;
}

}  // namespace sinter
