#include "runtime/data/batch_loader.h"

#include <algorithm>
#include <chrono>
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
  const PictureSize size = examples.size();
  return {.images = Tensor(DType::f32, {count, examples.channels, size.height, size.width}),
          .labels = Tensor(DType::i64, {count}),
          .count = count};
}

}  // namespace

BatchLoader::BatchLoader(const Examples& examples, BatchOptions options)
    : examples_(examples),
      options_(std::move(options)),
      values_(pixel_values(options_.normalization, examples.channels)) {
  if (options_.batch_size < 1) fail_input("batch size {}, expected at least 1", options_.batch_size);
  if (options_.threads < 1) fail_input("{} loader threads, expected at least 1", options_.threads);
  if (options_.augmentation.crop_padding < 0)
    fail_input("a crop with {} pixels of padding, expected at least 0", options_.augmentation.crop_padding);
  if (examples.values != nullptr && (options_.augmentation.any() || !options_.normalization.mean.empty()))
    fail_input("augmentation and normalisation are for pictures of bytes; floats are taken as they are");
  if (options_.limit < 0) fail_input("limit of {} examples, expected at least 0", options_.limit);
  order_.resize(options_.limit > 0 ? std::min(options_.limit, examples.count) : examples.count);
  ring_.resize(2 + options_.threads);
  for (size_t i = 0; i < ring_.size(); ++i)
    if (static_cast<int64_t>(i) < full_batches()) ring_[i].batch = make_batch(options_.batch_size, examples);
  rest_.batch = make_batch(remainder(), examples);
  begun_ = taken_ = released_ = batches();  // at the end of no epoch
  for (int i = 0; i < options_.threads; ++i) readers_.emplace_back(examples);
  for (ExampleReader& reader : readers_) threads_.emplace_back([this, &reader] { run(reader); });
}

BatchLoader::~BatchLoader() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void BatchLoader::start(int64_t epoch, int64_t first) {
  require(first >= 0 && first <= batches(), "a batch of the epoch to begin with");
  {
    const std::lock_guard lock(mutex_);
    epoch_ = epoch;
    ++starts_;
    ordered_ = false;
    begun_ = taken_ = released_ = first;
    for (Slot& slot : ring_) slot.ready = false;
    rest_.ready = false;
  }
  waited_seconds_ = 0;
  changed_.notify_all();
}

const Batch* BatchLoader::next() {
  std::unique_lock lock(mutex_);
  released_ = taken_;
  changed_.notify_all();
  if (taken_ == batches()) return nullptr;
  Slot& next = slot(taken_);
  if (!next.ready) {
    const auto begin = std::chrono::steady_clock::now();
    changed_.wait(lock, [&] { return next.ready; });
    waited_seconds_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  }
  if (next.error) std::rethrow_exception(next.error);
  next.ready = false;
  ++taken_;
  return &next.batch;
}

bool BatchLoader::has_work() const {
  if (begun_ == batches()) return false;
  // An order is made when nobody reads one any more, nor writes a batch of an abandoned epoch.
  return ordered_ ? begun_ < released_ + static_cast<int64_t>(ring_.size()) : busy_ == 0;
}

void BatchLoader::run(ExampleReader& reader) {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [&] { return stop_ || has_work(); });
    if (stop_) return;
    ++busy_;
    if (ordered_)
      fill_next(lock, reader);
    else
      prepare_order(lock);
    --busy_;
    changed_.notify_all();
  }
}

void BatchLoader::prepare_order(std::unique_lock<std::mutex>& lock) {
  const uint64_t start = starts_;
  const int64_t epoch = epoch_;
  lock.unlock();
  shuffle(epoch);
  lock.lock();
  if (start == starts_) ordered_ = true;
}

void BatchLoader::fill_next(std::unique_lock<std::mutex>& lock, ExampleReader& reader) {
  const uint64_t start = starts_;
  const int64_t epoch = epoch_, index = begun_++;
  Slot& slot = this->slot(index);
  lock.unlock();
  std::exception_ptr error;
  try {
    fill(slot.batch, index, epoch, reader);
  } catch (...) {
    error = std::current_exception();
  }
  lock.lock();
  if (start != starts_) return;
  slot.error = error;
  slot.ready = true;
}

void BatchLoader::shuffle(int64_t epoch) {
  std::iota(order_.begin(), order_.end(), 0);
  if (!options_.shuffle) return;
  Random random(options_.seed, stream_id("shuffle"), 0, static_cast<uint64_t>(epoch));
  for (size_t i = order_.size(); i > 1; --i) std::swap(order_[i - 1], order_[random.uniform_int(i)]);
}

void BatchLoader::fill(Batch& batch, int64_t index, int64_t epoch, ExampleReader& reader) const {
  const PictureSize size = examples_.size();
  const int64_t elements = examples_.channels * size.height * size.width;
  float* image = batch.images.values<float>().data();
  for (int64_t i = 0; i < batch.count; ++i, image += elements) {
    const int64_t example = order_[index * options_.batch_size + i];
    if (examples_.values != nullptr)
      std::copy_n(examples_.values.get() + example * elements, elements, image);
    else
      write_picture(example, epoch, reader, image);
    batch.labels.values<int64_t>()[i] = examples_.labels[example];
  }
  if (options_.prepare) options_.prepare(batch);
}

void BatchLoader::write_picture(int64_t example, int64_t epoch, ExampleReader& reader, float* image) const {
  const PictureSize size = examples_.size();
  const int64_t plane = size.height * size.width;
  const uint8_t* pixels = reader.read(example).data();
  const Draw drawn =
      options_.augmentation.any() ? draw(options_.augmentation, options_.seed, epoch, example) : Draw{};
  for (const std::array<float, 256>& values : values_) {
    if (options_.augmentation.any())
      write_plane(pixels, size, drawn, values, image);
    else
      for (int64_t p = 0; p < plane; ++p) image[p] = values[pixels[p]];
    image += plane;
    pixels += plane;
  }
}

BatchLoader::Slot& BatchLoader::slot(int64_t index) {
  return index < full_batches() ? ring_[index % static_cast<int64_t>(ring_.size())] : rest_;
}

}  // namespace sinter
