#pragma once

#include "passes/layout_plan.h"

namespace sinter {

/// The best plan that local search finds from several starts, one for each layout that some node makes. A
/// step changes one node, or a value together with what makes it and what reads it, and is kept where the
/// plan gets faster.
LayoutPlan find_layout_plan(const Graph& graph, const Target& target, const LayoutChoices& choices);

}  // namespace sinter
