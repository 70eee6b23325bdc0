#include "backends/onednn/moments.h"

#include <algorithm>
#include <array>
#include <vector>

namespace sinter::onednn {
namespace {

constexpr int64_t together = 16;  // channels of a unit: a block, or neighbours where channels lie last

class Moments final : public Kernel {
 public:
  Moments(const Type& x, size_t buffer, size_t mean, size_t variance)
      : buffer_(buffer), mean_(mean), variance_(variance) {
    const auto shape = sizes(x.shape);
    for (size_t dimension = 0; dimension < offsets_.size(); ++dimension) {
      offsets_[dimension] = x.layout.offsets(shape, dimension);
      offsets_[dimension].resize(shape[dimension]);  // without padding
    }
  }

  int64_t units() const noexcept override { return (channels() + together - 1) / together; }

  bool run(void* const* buffers, void*, int64_t begin, int64_t end) const noexcept override {
    const auto* const x = static_cast<const float*>(buffers[buffer_]);
    auto* const mean = static_cast<float*>(buffers[mean_]);
    auto* const variance = static_cast<float*>(buffers[variance_]);
    for (int64_t unit = begin; unit < end; ++unit) {
      const int64_t first = unit * together, count = std::min(together, channels() - first);
      std::array<double, together> sums{}, squares{};
      for (const int64_t n : offsets_[0])
        for (const int64_t row : offsets_[2]) add_row(x + n + row, first, count, sums, squares);
      const auto values = static_cast<double>(offsets_[0].size() * offsets_[2].size() * offsets_[3].size());
      for (int64_t i = 0; i < count; ++i) {
        const double center = sums[i] / values, spread = squares[i] / values - center * center;
        mean[first + i] = static_cast<float>(center);
        variance[first + i] = static_cast<float>(spread < 0 ? 0 : spread);  // NaN stays
      }
    }
    return true;
  }

 private:
  using Sums = std::array<double, together>;

  int64_t channels() const { return static_cast<int64_t>(offsets_[1].size()); }

  void add_row(const float* row, int64_t first, int64_t count, Sums& sums, Sums& squares) const {
    const int64_t* const channel = offsets_[1].data() + first;
    const auto columns = static_cast<int64_t>(offsets_[3].size());
    const bool neighbours = channel[count - 1] - channel[0] == count - 1;
    if (count == together && neighbours) {
      for (const int64_t column : offsets_[3]) add(row + channel[0] + column, sums, squares);
    } else if (offsets_[3].back() == columns - 1) {
      for (int64_t i = 0; i < count; ++i) add_channel(row + channel[i], columns, sums[i], squares[i]);
    } else {
      for (int64_t i = 0; i < count; ++i)
        for (const int64_t column : offsets_[3]) {
          const double value = row[channel[i] + column];
          sums[i] += value;
          squares[i] += value * value;
        }
    }
  }

  // Sixteen sums at a time, which the compiler makes vectors of.
  static void add(const float* x, Sums& sums, Sums& squares) {
    for (int64_t i = 0; i < together; ++i) {
      const double value = x[i];
      sums[i] += value;
      squares[i] += value * value;
    }
  }

  static void add_channel(const float* x, int64_t count, double& sum, double& square) {
    Sums sums{}, squares{};
    int64_t i = 0;
    for (; i + together <= count; i += together) add(x + i, sums, squares);
    for (; i < count; ++i) {
      sums[0] += x[i];
      squares[0] += static_cast<double>(x[i]) * x[i];
    }
    for (int64_t k = 0; k < together; ++k) {
      sum += sums[k];
      square += squares[k];
    }
  }

  size_t buffer_, mean_, variance_;
  std::array<std::vector<int64_t>, 4> offsets_;  ///< in elements, by dimension
};

}  // namespace

std::unique_ptr<Kernel> make_moments(const Type& x, size_t buffer, size_t mean, size_t variance) {
  return std::make_unique<Moments>(x, buffer, mean, variance);
}

}  // namespace sinter::onednn
