#include "runtime/data/decode_files.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <thread>

#include "ir/error.h"
#include "runtime/data/example_reader.h"

namespace sinter {
namespace {

constexpr size_t most_reasons = 10;  // as many as a user reads

// What is wrong with each file: empty where nothing is.
class Decoding {
 public:
  Decoding(const Examples& examples, const DecodeOptions& options)
      : examples_(examples),
        before_picture_(options.before_picture),
        picture_bytes_(examples.channels * examples.resize.height * examples.resize.width),
        wrong_(examples.count) {
    if (options.keep) pixels_.resize(examples.count * picture_bytes_);
  }

  void run(int threads) {
    std::vector<std::thread> others;
    for (int i = 1; i < threads; ++i) others.emplace_back([this] { work(); });
    work();
    for (std::thread& thread : others) thread.join();
    if (failure_) std::rethrow_exception(failure_);
  }

  const std::vector<std::string>& wrong() const { return wrong_; }
  std::vector<uint8_t>& pixels() { return pixels_; }
  int64_t picture_bytes() const { return picture_bytes_; }

 private:
  void work() {
    try {
      ExampleReader reader(examples_);
      for (int64_t i = next_++; i < examples_.count && !stop_; i = next_++) {
        if (before_picture_) before_picture_();
        decode(reader, i);
      }
    } catch (...) {  // out of memory, say
      if (!stop_.exchange(true)) failure_ = std::current_exception();
    }
  }

  void decode(ExampleReader& reader, int64_t index) {
    try {
      const auto picture = reader.read(index);
      if (!pixels_.empty()) std::ranges::copy(picture, pixels_.begin() + index * picture_bytes_);
    } catch (const InputError& error) {
      wrong_[index] = error.what();
    }
  }

  const Examples& examples_;
  const std::function<void()>& before_picture_;
  int64_t picture_bytes_;
  std::vector<std::string> wrong_;
  std::vector<uint8_t> pixels_;
  std::atomic<int64_t> next_ = 0;
  std::atomic<bool> stop_ = false;
  std::exception_ptr failure_;  ///< written by the thread that set stop_, read when all have ended
};

// Moves the sound pictures to the front.
void leave_out(Examples& examples, Decoding& decoding) {
  int64_t kept = 0;
  const int64_t bytes = decoding.picture_bytes();
  std::vector<uint8_t>& pixels = decoding.pixels();
  for (int64_t i = 0; i < examples.count; ++i) {
    if (!decoding.wrong()[i].empty()) continue;
    examples.files[kept] = examples.files[i];
    examples.labels[kept] = examples.labels[i];
    if (!pixels.empty() && kept != i)
      std::copy_n(pixels.begin() + i * bytes, bytes, pixels.begin() + kept * bytes);
    ++kept;
  }
  examples.count = kept;
  examples.files.resize(kept);
  examples.labels.resize(kept);
  if (!pixels.empty()) pixels.resize(kept * bytes);
}

}  // namespace

SkippedFiles decode_files(Examples& examples, const DecodeOptions& options) {
  Decoding decoding(examples, options);
  decoding.run(options.threads);
  SkippedFiles skipped;
  for (const std::string& wrong : decoding.wrong()) {
    if (wrong.empty()) continue;
    if (!options.skip_bad) throw InputError(wrong + "; --skip-bad leaves such files out");
    ++skipped.count;
    if (skipped.reasons.size() < most_reasons) skipped.reasons.push_back(wrong);
  }
  if (skipped.count > 0) leave_out(examples, decoding);
  if (!options.keep) return skipped;
  examples.height = examples.resize.height;
  examples.width = examples.resize.width;
  examples.pixels = std::move(decoding.pixels());
  examples.files.clear();
  return skipped;
}

}  // namespace sinter
