#pragma once

#include "backends/jit/body_kernel.h"
#include "backends/jit/planes.h"
#include "backends/jit/pooled_form.h"

namespace sinter::jit {

/// Bands of rows of a plane: band b is row b * step + first and the next `rows` - 1, those that are there.
struct Bands {
  int64_t count, step, first, rows;
};

/// What a convolution's gradients read behind an activation and an average pool: each element's share of its
/// windows' gradients, and what the activation makes of it. Computed a band of sixteen samples at a time into
/// the thread's workspace, right before the products that read it; it is never stored as a whole.
class PooledGradient {
 public:
  /// The workspace holds a band of `slots` channels. `bands.step` is a multiple of the pool's stride.
  PooledGradient(BodyKernel& kernel, const PooledForm& form, const Bands& bands, int64_t slots);

  /// A channel of sixteen samples, the band of it, and where in the workspace it goes.
  struct Place {
    Index block, channel, band, slot;
  };
  using Each = std::function<void(const Expr&)>;
  /// Computes them, and calls with every element.
  void fill(const Place& place, const Each& each) const;
  /// An element of a band in the workspace.
  Expr load(const Index& band, const Index& slot, const Index& y, const Index& x) const;

 private:
  using At = std::function<void(const Index& row, const Index& column)>;

  Access at(const Index& band, const Index& slot, const Index& y, const Index& x) const;
  Index first_row(const Index& band) const { return band * bands_.step + bands_.first; }
  void over(const Index& band, std::pair<int64_t, int64_t> rows, int64_t first_column, const At& body) const;
  void over_windows(
      const Place& place,
      const std::function<void(const Expr& share, const Index& row, const Index& column)>& body) const;
  void over_rows(const Index& band, const std::function<void(const Index& p, const Index& row)>& body) const;
  void finish(const Place& place, const Index& row, const Index& column, const Expr& unpooled,
              const Each& each) const;

  BodyKernel& kernel_;
  KernelBuilder& k_;
  const PooledForm& form_;
  PoolWindows windows_;
  PlaneValue pooled_;
  bool counts_padding_;
  Bands bands_;
  BufferId buffer_;
};

}  // namespace sinter::jit
