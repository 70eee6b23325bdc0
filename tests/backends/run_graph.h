#pragma once

#include <optional>

#include "backends/backend.h"
#include "ir/interpreter.h"
#include "tests/random/random_tensor.h"

/// Runs graphs node by node as a backend compiles them, without the runtime: what all tests of backends
/// share.
namespace sinter {

/// The results, in plain layouts. Values lie as the graph's types say, in memory that holds ones before. With
/// `random`, the units of each kernel run in random ranges in a random order; without, all at once. Expects
/// every block of every value to be filled up with zeros.
std::vector<Tensor> run_graph(const Backend& backend, const Graph& graph, const Bindings& bindings,
                              RandomEngine* random);

/// The same graph of one node with its values in the layouts of an implementation.
Graph laid_out(const Graph& plain, const Implementation& way);

/// A graph of one node of another, its operands as inputs.
Graph alone(const Graph& graph, NodeId id);

/// A graph of one fusion: its body, and inputs for the body's.
Graph as_fusion(Graph body);

/// Same types; the bits too where `tolerance` is 0 or elements are not floating, else within `tolerance` of
/// the larger of 1 and the expected element.
void expect_near(const Tensor& actual, const Tensor& expected, double tolerance);

/// Holds a graph of one node against the interpreter, in the layouts of each of the backend's
/// implementations. Returns how many these are.
size_t expect_parity(const Backend& backend, const Graph& graph, const Bindings& bindings,
                     std::span<const Layout> offered, double tolerance, RandomEngine& random);

/// Layouts that a neighbour might like.
std::vector<Layout> offers();

/// Elements of -2 to 2 for each input and parameter.
Bindings random_bindings(const Graph& graph, RandomEngine& random);

/// What compile() says of a node that it declines; empty: it compiled it.
std::string compile_error(const Backend& backend, const Graph& graph, NodeId id);

}  // namespace sinter
