#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "ir/graph.h"

namespace sinter {

/// One way to run a node: the layouts it reads and writes, and what that is estimated to cost.
struct Implementation {
  std::vector<Layout> operands;  ///< one for each operand, absent ones too
  std::vector<Layout> results;
  double seconds;  ///< estimated, on one core
  /// Of the FLOPs that the op table counts, what it does at least: fewer by Winograd's algorithm, and none
  /// where zeros, which only the data know, are left out.
  double least_flops_share = 1;
};

/// What the passes that choose layouts, fusions and schedules may ask of whatever will run the graph. No pass
/// knows a backend by name.
class Target {
 public:
  virtual ~Target() = default;

  /// The ways to run a node, an op or a whole fusion; the layouts in the graph's types do not count. A node
  /// that runs in many layouts answers for plain ones, those it prefers, and those of `offered`, which its
  /// neighbours would like. Empty: it cannot be run. Depends on nothing but the node's signature
  /// (signature.h), what made its operands (op, attributes and which result, reorders looked through), and
  /// `offered`.
  virtual std::vector<Implementation> implementations(const Graph& graph, NodeId node,
                                                      std::span<const Layout> offered) const = 0;
  std::vector<Implementation> implementations(const Graph& graph, NodeId node) const {
    return implementations(graph, node, {});
  }

  /// Estimated time to bring a value of this type from its layout into another, on one core.
  virtual double reorder_seconds(const Type& type, const Layout& to) const = 0;

  /// Why this body cannot become one kernel; nothing: it can.
  virtual std::optional<std::string> refuses_fusion(const Graph& body) const = 0;
};

/// The quickest implementation whose layouts a node's values have in the graph; null: there is none.
const Implementation* find_implementation(std::span<const Implementation> implementations, const Graph& graph,
                                          const Node& node);

/// The least that a target expects of a node which is of no graph, but whose operands and results are a
/// graph's values, in the layouts that they have there. Nothing: it cannot be run so.
std::optional<double> expected_seconds(const Target& target, const Graph& graph, Node node);

/// The layouts, other than plain, of a node's values in the graph: what to offer where it is to be compiled.
std::vector<Layout> layouts_of(const Graph& graph, const Node& node);

}  // namespace sinter
