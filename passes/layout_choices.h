#pragma once

#include <vector>

#include "passes/target.h"

namespace sinter {

/// One way to run a node. Layouts are places in LayoutChoices::layouts; 0 for operands left out.
struct LayoutWay {
  std::vector<int> operands, results;
  double seconds;
};

/// What each node of a graph can do and what each value may look like.
struct LayoutChoices {
  std::vector<Layout> layouts;               ///< all that occur, each once; the first is plain
  std::vector<std::vector<LayoutWay>> ways;  ///< by node; never empty
  std::vector<std::vector<int>> of_values;   ///< by value: plain, and those that some node can use
};

/// Asks the target again and again, until the layouts that some nodes like have reached those that take any.
/// A node that cannot be run has one way: plain, in no time.
LayoutChoices find_layout_choices(const Graph& graph, const Target& target);

}  // namespace sinter
