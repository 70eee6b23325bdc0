#pragma once

#include <array>
#include <condition_variable>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "ir/tensor.h"
#include "runtime/data/examples.h"

namespace sinter {

/// A pixel p becomes (p / 255 - mean) / std. One entry each, or one a channel; empty: p / 255.
struct Normalization {
  std::vector<float> mean = {}, std = {};
};

struct Batch {
  Tensor images = {};  ///< f32[count, channels, height, width]
  Tensor labels = {};  ///< i64[count]
  int64_t count = 0;
};

struct BatchOptions {
  int64_t batch_size = 1;
  bool shuffle = false;  ///< else the examples come in their order
  uint64_t seed = 0;     ///< of the shuffling
  Normalization normalization = {};
  int64_t limit = 0;  ///< only the first so many examples; 0: all
  /// Changes a batch once it is normalised, on the loader's thread. What it throws, next() throws.
  std::function<void(Batch&)> prepare = {};
};

/// Cuts labelled pictures into normalised batches, on a thread of its own that keeps a few batches ahead of
/// the caller. Every epoch gives every example once; its last batch holds what is left over. The order
/// depends on (seed, epoch) alone. After construction nothing is allocated on either thread, unless by
/// `prepare`.
///
/// Errors: InputError for options out of range.
/// Thread safety: one caller at a time.
class BatchLoader {
 public:
  /// `examples` must outlive the loader.
  BatchLoader(const Examples& examples, BatchOptions options);
  BatchLoader(Examples&& examples, BatchOptions options) = delete;
  ~BatchLoader();
  BatchLoader(const BatchLoader&) = delete;
  BatchLoader& operator=(const BatchLoader&) = delete;

  int64_t count() const { return static_cast<int64_t>(order_.size()); }  ///< examples in an epoch
  int64_t batches() const { return full_batches() + (remainder() > 0); }
  int64_t full_batches() const { return count() / options_.batch_size; }
  int64_t remainder() const {
    return count() % options_.batch_size;
  }  ///< examples in the last batch; 0: none

  /// Begins an epoch, even in the midst of another one.
  void start(int64_t epoch);
  /// The next batch, as soon as it is ready; it is valid until the following next() or start(). nullptr at
  /// the end of the epoch, or if none was started.
  const Batch* next();

 private:
  void run();
  bool can_fill() const;
  void shuffle(int64_t epoch);
  void fill(int64_t index);
  Batch& slot(int64_t index);

  const Examples& examples_;
  const BatchOptions options_;
  std::vector<std::array<float, 256>> values_;  ///< a pixel's value after normalisation, by channel

  // Written on the loader's thread, without the lock: a slot the caller does not hold, and the order.
  std::vector<int64_t> order_;
  std::array<Batch, 3> ring_;  ///< one with the caller, one ready, one being filled
  Batch rest_;

  std::mutex mutex_;
  std::condition_variable changed_;
  // Below: under mutex_.
  int64_t epoch_ = 0;
  uint64_t starts_ = 0;   ///< tells a batch filled for an epoch that was abandoned meanwhile
  int64_t filled_ = 0;    ///< batches of this epoch that were filled,
  int64_t taken_ = 0;     ///< given to the caller,
  int64_t released_ = 0;  ///< and no longer used by the caller
  std::exception_ptr error_;
  bool stop_ = false;
  std::thread thread_;  ///< last: it uses all of the above
};

}  // namespace sinter
