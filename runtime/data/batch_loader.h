#pragma once

#include <array>
#include <condition_variable>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "ir/tensor.h"
#include "runtime/data/augmentation.h"
#include "runtime/data/example_reader.h"

namespace sinter {

/// A pixel p becomes (p / 255 - mean) / std. One entry each, or one a channel; empty: p / 255.
struct Normalization {
  std::vector<float> mean = {}, std = {};
};

struct Batch {
  Tensor images = {};  ///< f32[count, channels, height, width]
  Tensor labels = {};  ///< i64[count]
  Tensor target = {};  ///< what the model should give, instead of labels, where the loss is of that
  int64_t count = 0;
};

struct BatchOptions {
  int64_t batch_size = 1;
  bool shuffle = false;  ///< else the examples come in their order
  uint64_t seed = 0;     ///< of the shuffling and the augmentation
  Normalization normalization = {};
  Augmentation augmentation = {};
  int threads = 1;    ///< that fill batches, each another
  int64_t limit = 0;  ///< only the first so many examples; 0: all
  /// Changes a batch once it is normalised, on a thread of the loader. What it throws, next() throws.
  std::function<void(Batch&)> prepare = {};
};

/// Cuts labelled pictures into normalised batches, on threads of its own that keep a few batches ahead of the
/// caller: they decode, resize and augment. Every epoch gives every example once; its last batch holds what
/// is left over. The order depends on (seed, epoch) alone, what augmentation does on (seed, epoch, example),
/// whatever the number of threads. After construction nothing is allocated on any thread, unless by `prepare`
/// or to decode files.
///
/// Errors: InputError for options out of range, and for normalisation and augmentation of what are no
/// pictures. Thread safety: one caller at a time.
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

  /// Begins an epoch, even in the midst of another one, at its batch `first`.
  void start(int64_t epoch, int64_t first = 0);
  /// The next batch, as soon as it is ready; it is valid until the following next() or start(). nullptr at
  /// the end of the epoch, or if none was started. Throws what went wrong in filling it.
  const Batch* next();
  /// How long the caller has waited for batches since the epoch began.
  double waited_seconds() const { return waited_seconds_; }

 private:
  struct Slot {
    Batch batch = {};
    bool ready = false;
    std::exception_ptr error = {};
  };

  void run(ExampleReader& reader);
  bool has_work() const;
  void prepare_order(std::unique_lock<std::mutex>& lock);
  void fill_next(std::unique_lock<std::mutex>& lock, ExampleReader& reader);
  void shuffle(int64_t epoch);
  void fill(Batch& batch, int64_t index, int64_t epoch, ExampleReader& reader) const;
  void write_picture(int64_t example, int64_t epoch, ExampleReader& reader, float* image) const;
  Slot& slot(int64_t index);

  const Examples& examples_;
  const BatchOptions options_;
  std::vector<std::array<float, 256>> values_;  ///< a pixel's value after normalisation, by channel
  std::vector<ExampleReader> readers_;          ///< one for each thread
  double waited_seconds_ = 0;

  // Written without the lock: the order, by one thread while no other fills a batch, and the batch in a slot,
  // by the thread that took it on.
  std::vector<int64_t> order_;
  std::vector<Slot> ring_;  ///< one with the caller, one ready, and one for each thread to fill
  Slot rest_;

  std::mutex mutex_;
  std::condition_variable changed_;
  // Below: under mutex_.
  int64_t epoch_ = 0;
  uint64_t starts_ = 0;   ///< tells a batch filled for an epoch that was abandoned meanwhile
  bool ordered_ = false;  ///< order_ is that of this epoch
  int busy_ = 0;          ///< threads at work, be it for an epoch that was abandoned
  int64_t begun_ = 0;     ///< batches of this epoch that a thread took on,
  int64_t taken_ = 0;     ///< that were given to the caller,
  int64_t released_ = 0;  ///< and that the caller no longer uses
  bool stop_ = false;
  std::vector<std::thread> threads_;  ///< last: they use all of the above
};

}  // namespace sinter
