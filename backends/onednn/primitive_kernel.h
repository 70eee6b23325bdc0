#pragma once

#include "backends/backend.h"
#include "backends/onednn/recipe.h"

namespace sinter::onednn {

/// A recipe in given layouts, cut into slices of work.
class SlicedPrimitive {
 public:
  /// `layouts`: of all buffers, or none where oneDNN chooses. `slices`: as many as are wanted; fewer where
  /// there is less to cut.
  SlicedPrimitive(const Recipe& recipe, const LayoutChoice& layouts, int64_t slices);

  /// Whether oneDNN has this primitive, and not by its reference code.
  bool exists() const;
  /// The layouts that the buffers have, chosen or given; none where a tag cannot say one.
  std::optional<std::vector<Layout>> layouts() const;
  /// Name of oneDNN's implementation.
  std::string implementation() const;
  /// The kernels, and the memory where lanes are kept. Needs: exists().
  CompiledNode compile() const;

 private:
  friend class PrimitiveKernel;
  dnnl::primitive_desc_base describe_part(int64_t size) const;

  Recipe recipe_;
  LayoutChoice choice_;
  int64_t total_ = 1, chunk_ = 1;
  dnnl::primitive_desc_base primitive_;  ///< of a whole slice
};

/// How many slices are worth their overhead, for work that takes `seconds` on one thread. `lane_bytes`: what
/// each slice adds to be summed up.
int64_t worthwhile_slices(double seconds, int64_t lane_bytes);

}  // namespace sinter::onednn
