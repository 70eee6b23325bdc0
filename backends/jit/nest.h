#pragma once

#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "backends/jit/kernel_builder.h"
#include "ir/type.h"

namespace sinter::jit {

/// How far a step along a dimension moves in a value's memory, in elements; 0: not at all.
struct Step {
  int64_t stride;            ///< of one index; where the dimension is blocked, inside a block
  int64_t block_stride = 0;  ///< from block to block; 0: the dimension is not blocked
};

/// A value as loops see it: a step for each dimension of the loops.
using View = std::vector<Step>;

/// Whether views of such values exist: dimensions in any order, and one block of sixteen at most.
bool can_view(const Layout& layout);
View view_of(const Type& type);
/// A value that is broadcast to `rank` dimensions: it stays where it is along those that it lacks or has
/// once.
View broadcast_view(const Type& type, size_t rank);

/// A nest of loops over strided values, lanes included, that copies, broadcasts, reductions and
/// normalisations share. Dimensions that lie together in all views are one loop; a dimension that any view
/// blocks is two. The last vector of a row, and a block that is not whole, is read as zeros beyond its end;
/// what fills up blocks is written as zeros. Reduced dimensions are walked inside the others.
class Nest {
 public:
  enum class LaneChoice : uint8_t {
    contiguous,  ///< the dimension along which the first view is contiguous; blocks before all else
    kept,        ///< the innermost that is not reduced; where there is none, one element at a time
    reduced,     ///< the innermost that is reduced
  };

  /// The first view leads: loops follow its memory.
  Nest(std::span<const int64_t> shape, std::vector<View> views, const std::vector<bool>& reduced = {},
       LaneChoice choice = LaneChoice::contiguous);

  /// Shares the reduced dimensions among `parts` units as well.
  void split(int64_t parts);
  /// Of the units that share the reduced dimensions: the present one.
  const Index& part() const { return part_; }

  using Body = std::function<void()>;
  /// Opens the parallel loops and all others that are not reduced. `element_work` is how much an element
  /// takes, compared with one that is copied: so that units are neither tiny nor few.
  void over_kept(KernelBuilder& k, double element_work, const Body& body);
  void over_reduced(KernelBuilder& k, const Body& body);
  /// The same, steps of the innermost loop dealt in turn to so many chains: sums that do not wait for each
  /// other. chain() is the present step's.
  void over_reduced(KernelBuilder& k, int64_t chains, const Body& body);
  int64_t chain() const { return chain_; }

  /// Walks tiles of sixteen lanes by sixteen steps along the dimension along which `view` is contiguous, if
  /// that is another: so that neither side of a copy has its lanes apart. Before over_kept(); false, and
  /// nothing is changed, where there is none.
  bool tile_along(size_t view);
  /// The present tile as `view` has it in rows, and as the first view has it in columns. What is not there is
  /// zero.
  void load_tile(KernelBuilder& k, BufferId buffer, size_t view, const TileHandle& rows) const;
  void store_tile(KernelBuilder& k, BufferId buffer, const TileHandle& columns) const;

  /// Whether a load at the present place is of sixteen elements.
  bool vector() const { return vector_; }
  /// Lanes that are there, where not all are.
  const std::optional<Index>& count() const { return count_; }
  bool lanes_are_reduced() const { return lane_ && axes_[*lane_].reduced; }
  /// The present index along a dimension that is reduced alone: that of lane 0 where it runs along the lanes.
  Index position(size_t dimension) const;
  Expr load(KernelBuilder& k, BufferId buffer, size_t view) const;
  /// To the present place, `offset` elements further on.
  void store(KernelBuilder& k, BufferId buffer, size_t view, Expr value, const Index& offset = 0) const;
  Access access(BufferId buffer, size_t view) const;

  int64_t elements() const;  ///< walked
  int64_t vectors() const;   ///< of one view
  int64_t kept_vectors() const;
  int64_t outermost_reduced_steps() const;  ///< of what split() shares
  int64_t gathers() const;                  ///< how many views have their lanes apart
  bool is_tiled() const { return across_.has_value(); }

 private:
  struct Axis {
    size_t dimension;
    int64_t size;
    std::vector<int64_t> strides;  ///< by view
    std::vector<bool> blocked;     ///< by view
    bool reduced;
    bool is_block = false;              ///< counts the blocks of another axis that has a `total`
    std::optional<int64_t> total = {};  ///< inside blocks, the last not whole: the dimension's size
  };
  /// A loop: the steps of its axis, or those of one unit.
  struct Level {
    size_t axis;
    int64_t chunk = 0;  ///< steps of a unit; 0: all
    Index unit = 0;
    int64_t units = 1;
  };

  void add_dimension(size_t d, int64_t size, const std::vector<View>& views, bool reduced);
  void merge();
  void choose_lane(LaneChoice choice);
  int64_t steps(size_t axis) const;
  std::vector<Level> levels(bool reduced) const;
  void open(KernelBuilder& k, std::span<const Level> levels, const Body& body);
  void open_lanes(KernelBuilder& k, const Level& level, const Body& body);
  void open_dealt(KernelBuilder& k, const Level& level, const Body& body);
  void at_vector(size_t axis, Index first, std::optional<Index> count, const Body& body);
  Index place(size_t view) const;
  bool is_padded(size_t axis, size_t view) const;
  Index block_of(const Axis& axis) const;

  std::vector<Axis> axes_;
  std::vector<Index> at_;  ///< by axis
  std::optional<size_t> lane_;
  std::optional<Index> count_;
  std::optional<size_t> across_;  ///< the axis of a tile's steps
  std::optional<Index> rows_;     ///< of a tile, steps that are there, where not all are
  bool vector_ = false;
  int64_t parts_ = 1;
  Index part_ = 0;
  int64_t chains_ = 1, chain_ = 0;
  std::optional<size_t> dealt_;  ///< the axis whose steps go to the chains in turn
};

/// Estimated time of a kernel that walks a nest once, moves so many bytes and takes `vector_seconds` of
/// arithmetic for a vector.
double nest_seconds(const Nest& nest, double bytes, double vector_seconds);

}  // namespace sinter::jit
