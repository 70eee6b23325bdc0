#include "backends/onednn/lane_sum.h"

#include <algorithm>
#include <cstring>

namespace sinter::onednn {
namespace {

constexpr int64_t chunk = 4096;  // elements

class LaneSum final : public Kernel {
 public:
  explicit LaneSum(const Lanes& lanes) : lanes_(lanes) {}

  int64_t units() const noexcept override { return (lanes_.elements + chunk - 1) / chunk; }

  bool run(void* const* buffers, void*, int64_t begin, int64_t end) const noexcept override {
    const int64_t first = begin * chunk, last = std::min(lanes_.elements, end * chunk);
    auto* const y = static_cast<float*>(buffers[lanes_.result]);
    const auto* const lanes = static_cast<const std::byte*>(buffers[lanes_.lanes]) + lanes_.offset;
    for (int64_t from = first; from < last; from += chunk) {
      const int64_t size = std::min(chunk, last - from);
      std::memcpy(y + from, reinterpret_cast<const float*>(lanes) + from, size * sizeof(float));
      for (int64_t lane = 1; lane < lanes_.lane_count; ++lane) {
        const auto* const x = reinterpret_cast<const float*>(lanes + lane * lanes_.step) + from;
        for (int64_t i = 0; i < size; ++i) y[from + i] += x[i];
      }
    }
    return true;
  }

 private:
  Lanes lanes_;
};

}  // namespace

std::unique_ptr<Kernel> make_lane_sum(const Lanes& lanes) { return std::make_unique<LaneSum>(lanes); }

}  // namespace sinter::onednn
