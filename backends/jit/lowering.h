#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "backends/jit/instruction_set.h"
#include "backends/jit/kernel.h"
#include "ir/graph.h"
#include "passes/target.h"

/// From nodes to kernels, one file for each family of ops.
namespace sinter::jit {

/// The kernels of a node, run one after the other.
struct Lowered {
  std::vector<Kernel> kernels;
  int64_t scratch_bytes = 0;
};

/// How a family of ops becomes kernels.
struct Lowering {
  /// In which layouts; `offered` are those that neighbours like. Empty: not at all.
  std::vector<Implementation> (*implementations)(const Graph& graph, const Node& node,
                                                 std::span<const Layout> offered);
  /// In the layouts of the graph's types, which are those of one of the implementations.
  Lowered (*lower)(const Graph& graph, const Node& node, const CpuTarget& cpu);
};

/// Elementwise ops and fusions of them, over values of one shape and scalars, in any layout that all share.
extern const Lowering chain_lowering;

/// Ops that only move elements: flatten, reshape, transpose, broadcast_to, reorder.
extern const Lowering copy_lowering;

/// Pools and their gradients.
extern const Lowering pooling_lowering;
extern const Lowering pooling_backward_lowering;

/// Sums and means, global average pooling, mean squared error; argmax.
extern const Lowering reduction_lowering;
extern const Lowering argmax_lowering;

/// softmax and log_softmax; cross entropy and its gradient.
extern const Lowering softmax_lowering;
extern const Lowering cross_entropy_lowering;

/// Why a body is no chain of elementwise ops over values of one shape and scalars; nothing: it is one.
std::optional<std::string> refuses_chain_body(const Graph& body);

/// Why no family runs a fusion of this body; nothing: one does.
std::optional<std::string> refuses_body(const Graph& body);

/// The family that runs a node; null: none does.
const Lowering* find_lowering(const Graph& graph, const Node& node);

}  // namespace sinter::jit
