#include "backends/onednn/fill.h"

#include <algorithm>

namespace sinter::onednn {
namespace {

constexpr int64_t chunk = 16384;  // elements

class FillKernel final : public Kernel {
 public:
  FillKernel(size_t buffer, int64_t count, float value) : buffer_(buffer), count_(count), value_(value) {}

  int64_t units() const noexcept override { return (count_ + chunk - 1) / chunk; }

  bool run(void* const* buffers, void*, int64_t begin, int64_t end) const noexcept override {
    auto* const y = static_cast<float*>(buffers[buffer_]);
    std::fill(y + std::min(count_, begin * chunk), y + std::min(count_, end * chunk), value_);
    return true;
  }

 private:
  size_t buffer_;
  int64_t count_;
  float value_;
};

}  // namespace

std::unique_ptr<Kernel> make_fill(size_t buffer, int64_t bytes, float value) {
  return std::make_unique<FillKernel>(buffer, bytes / static_cast<int64_t>(sizeof(float)), value);
}

}  // namespace sinter::onednn
