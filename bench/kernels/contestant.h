#pragma once

#include <span>
#include <string>
#include <vector>

#include "ir/tensor.h"

namespace sinter::bench {

/// One way to do a layer's work, its memory filled and ready to be run any number of times.
class Contestant {
 public:
  virtual ~Contestant() = default;

  virtual void step() = 0;
  /// Of the last step, in the order of layer_graph(), in plain layouts.
  virtual std::vector<Tensor> results() const = 0;
  /// All that a step reads or writes: to be evicted from the caches.
  virtual std::vector<std::span<std::byte>> memory() = 0;
  /// What runs, to be shown beside the figures.
  virtual std::string label() const = 0;
};

}  // namespace sinter::bench
