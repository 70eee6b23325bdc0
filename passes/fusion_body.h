#pragma once

#include <span>
#include <vector>

#include "ir/graph.h"
#include "passes/readers.h"
#include "passes/target.h"

namespace sinter {

/// Nodes of a graph as the body of one fusion.
struct FusionBody {
  Body body;
  std::vector<ValueId> operands;  ///< of the graph: the body's inputs
};

/// The body that computes `results` by these nodes, which stand in order; fusions among them give their own
/// nodes, and nothing is left of reorders. Scalar constants go into the body, all else that the nodes read
/// becomes an input of it.
FusionBody make_fusion_body(const Graph& graph, std::span<const NodeId> nodes,
                            std::span<const ValueId> results);

/// Why a target's own estimates speak against a fusion.
constexpr std::string_view quicker_apart = "the target expects its parts to be quicker on their own";
/// The same with what the target expects of both, in seconds.
std::string quicker_apart_by(double apart, double together);

/// Why an elementwise op stays apart from what makes a value that it reads; `taken`: it is fused already.
std::string why_apart(const Readers& readers, ValueId made, bool taken);

/// The ops of a body as messages name them: `conv2d + relu`.
std::string ops_of(const Graph& body);

/// The least that a target expects of a node, whatever the layouts; infinite where it cannot run it.
double least_seconds(const Target& target, const Graph& graph, NodeId id);
/// The sum of that over some nodes.
double seconds_apart(const Target& target, const Graph& graph, std::span<const NodeId> nodes);
/// The same of a fusion of this body.
double fusion_seconds(const Target& target, const Graph& body);

}  // namespace sinter
