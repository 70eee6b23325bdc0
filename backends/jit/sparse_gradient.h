#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "backends/jit/convolution.h"
#include "backends/jit/instruction_set.h"
#include "backends/jit/pixel_value.h"

/// Gradients behind a max pool: each window has one, at the place of its maximum, and behind a relu many of
/// these are zero. The weights and the data that it meets are one product for each, where the dense gradient
/// of the convolution multiplies all of the window, zeros too. After SparseTrain (Gong et al., PACT 2020),
/// which does so behind a relu.
namespace sinter::jit {

/// A gradient of a convolution by its weights or its data, whose dy is the gradient of a max pool.
struct SparseForm {
  NodeId unpool = -1, product = -1;
  ValueId dy = {}, argmax = {};      ///< of the pool
  std::optional<ValueId> bias = {};  ///< the sum of the convolution's dy, where it is a result
  Convolution convolution = {};
  PoolSizes pool = {};
};

/// Why a body is not max_pool2d_backward, then the gradient `product` of what it makes, then, of a gradient
/// by data, elementwise ops, or of one by weights, the bias's; with `form` what it is.
std::optional<std::string> refuses_sparse(const Graph& body, OpKind product, SparseForm* form);

/// The convolution's output as the gradients see it: pixels of `step` elements in rows of `width`, which
/// begin where the pool's padding does. Where a kernel's first tap reads the padded x is such a pixel too.
struct PixelGrid {
  PixelGrid(const SparseForm& form, int64_t step);

  int64_t step, width;
  int64_t row_pixels, column_pixels;  ///< from an output row or column of the convolution to the next
  int64_t top, left;                  ///< x's pixel (0, 0) in the grid: row and column
  /// Rows that windows of `rows` rows of the pool reach, taps of the kernel included.
  int64_t rows(int64_t pool_rows) const;

 private:
  Convolution convolution_;
  PoolSizes pool_;
};

/// The gradients that are there, for a band of rows of windows and up to sixteen channels of a sample: lists
/// of places in the grid, in elements from the band's first pixel on, and of values.
class GradientLists {
 public:
  /// `band`: rows of windows; `channels`: whose lists exist at a time; `skip_zeros`: whether gradients that
  /// are zero are left out, else each window has one.
  GradientLists(KernelBuilder& k, const SparseForm& form, const PixelGrid& grid, const PixelValue& dy,
                const PixelValue& argmax, int64_t band, int64_t channels, bool skip_zeros);

  /// Once, before the first list: where each window of a band begins.
  void prepare();
  /// The lists of a channel from row `first` of windows on, into place `slot` of the channels. `each` is
  /// called with every sixteen gradients.
  void collect(const Sample& sample, const Channel& channel, const Index& first, const Index& slot,
               const std::function<void(Expr)>& each = {});
  /// Calls with every gradient of a list: its place, an i32 below `places`, and its value in all lanes.
  void over(const Index& slot, const std::function<void(Expr place, Expr value)>& body) const;
  int64_t places() const { return places_; }

 private:
  Expr place_of(const Index& first_window, Expr argmax) const;

  KernelBuilder& k_;
  const SparseForm& form_;
  PixelGrid grid_;
  PixelValue dy_, argmax_;
  int64_t band_, windows_, capacity_, places_;
  bool skip_zeros_;
  BufferId starts_, places_list_, values_, counts_;
};

/// Rows of windows whose pixels, of one vector, fill half of a first cache: at least one.
int64_t choose_band(const SparseForm& form, const PixelGrid& grid);

/// Whether it pays to leave out gradients that are zero, where each stands for so many products of vectors.
bool pays_to_skip_zeros(int64_t products, const CpuTarget& cpu);
/// What the two ways are called.
constexpr std::string_view sparse_form(bool skip_zeros) {
  return skip_zeros ? "sparse by non-zeros" : "sparse by argmax";
}

/// Estimated time to make the lists of all channels once.
double list_seconds(const Type& dy);
/// How many gradients are there, as far as estimates go: between all of them and half, as behind a relu.
double expected_gradients(const Shape& dy);

}  // namespace sinter::jit
