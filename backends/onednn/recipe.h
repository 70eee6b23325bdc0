#pragma once

#include <dnnl.hpp>
#include <functional>
#include <optional>
#include <vector>

#include "ir/graph.h"

namespace sinter::onednn {

/// The CPU. One for all: primitives, and oneDNN's own cache of them, point at it as long as they live.
const dnnl::engine& cpu_engine();

/// A value of a node, and its place among the node's buffers.
struct Port {
  Type type;
  size_t buffer;
};

/// An op with what it reads and writes: a node, or one of a fusion's body whose values are the fusion's.
struct OpView {
  OpKind op;
  const Attributes& attributes;
  std::vector<std::optional<Port>> operands;
  std::vector<Port> results;

  bool has(size_t i) const { return i < operands.size() && operands[i].has_value(); }
  const Port& operand(size_t i) const { return *operands[i]; }
};

/// oneDNN's function of one number, times `scale`.
struct Function {
  dnnl::algorithm kind;
  float alpha = 0, beta = 0;
  float scale = 1;
};

/// What follows in the same primitive: y = functions(op(x) + added), one of the other.
struct Epilogue {
  std::optional<Port> added = {};
  std::vector<Function> functions = {};
};

/// How a primitive's argument is cut when a node's work is.
enum class Cut : uint8_t {
  whole,  ///< every slice has all of it
  slice,  ///< each slice has its part, along Argument::dimension
  lane,   ///< each slice makes a result of its own; they are added up afterwards
};

struct Argument {
  int argument;  ///< DNNL_ARG_...
  Port port;
  Cut cut;
  int dimension = 0;
};

/// As many as a kernel takes.
constexpr size_t most_arguments = 32;

/// Layouts of a node's buffers; none: oneDNN chooses.
using LayoutChoice = std::vector<std::optional<Layout>>;
/// Descriptions of a node's buffers, or of a slice of them.
using Descriptions = std::vector<dnnl::memory::desc>;

/// A dimension of a buffer that is computed in whole blocks, and, where the vectors' lanes lie along it, in
/// whole vectors: for estimates.
struct Channels {
  size_t buffer;
  int dimension;
  bool in_lanes;
};

/// A result all of whose elements are one number, until the primitive writes a part of it.
struct Fill {
  Port result;
  float value;
};

/// The mean and the variance of each channel, which the primitive is given.
struct Statistics {
  Port x, mean, variance;
};

/// One kind of primitive that computes a node.
struct Recipe {
  std::vector<Argument> arguments;
  /// The primitive for these buffers; an empty one or dnnl::error: there is none.
  std::function<dnnl::primitive_desc_base(const Descriptions&)> describe;
  std::vector<LayoutChoice> choices;  ///< worth trying
  double flops = 0;
  std::vector<Channels> channels = {};        ///< of a convolution or product
  double column_bytes = 0;                    ///< what im2col makes, where it is that
  double slice_bytes = 0;                     ///< what each slice makes anew, such as transformed weights
  double flops_share = 1;                     ///< of `flops` that its algorithm does
  int64_t grain = 1;                          ///< slices are whole multiples of it
  int64_t group_channels = 0;                 ///< of results in a group, where channels fall into groups
  bool serial = false;                        ///< one slice only, of what another recipe cuts: for estimates
  std::optional<Fill> fill = {};              ///< before the primitive runs
  std::optional<Statistics> statistics = {};  ///< the same
  bool simple = false;  ///< whether what is named "simple:any" is quick code all the same
};

using Recipes = std::vector<Recipe>;

/// The layouts among `offered` that values of this rank may have and whose first dimension lies outermost and
/// unblocked, so that samples can be cut apart; with plain and channels-last.
std::vector<Layout> sample_layouts(size_t rank, std::span<const Layout> offered);
/// For nodes all of whose values have the same one of these.
std::vector<LayoutChoice> same_layouts(size_t buffers, size_t rank, std::span<const Layout> offered);

Recipes convolution_recipes(const OpView&, const Epilogue&, std::span<const Layout> offered);
Recipes convolution_backward_data_recipes(const OpView&, std::span<const Layout> offered);
/// `bias`: where the gradient of the bias goes, which is made on the way.
Recipes convolution_backward_weights_recipes(const OpView&, const std::optional<Port>& bias,
                                             std::span<const Layout> offered);
Recipes linear_recipes(const OpView&, const Epilogue&, std::span<const Layout> offered);
Recipes matmul_recipes(const OpView&);
Recipes pooling_recipes(const OpView&, std::span<const Layout> offered);
Recipes batch_norm_recipes(const OpView&, std::span<const Layout> offered);
Recipes activation_recipes(const OpView&, std::span<const Layout> offered);
/// `by`: the forward result, or what the activation is of where its gradient is computed from that. None
/// where oneDNN has no such primitive.
Recipes activation_backward_recipes(const OpView& activation, const Port& dy, const Port& by, const Port& dx,
                                    std::span<const Layout> offered);
Recipes prelu_recipes(const OpView&, std::span<const Layout> offered);
Recipes binary_recipes(const OpView&, std::span<const Layout> offered);
Recipes softmax_recipes(const OpView&);
Recipes reduction_recipes(const OpView&);
Recipes concat_recipes(const OpView&, std::span<const Layout> offered);
Recipes slice_recipes(const OpView&, std::span<const Layout> offered);
Recipes slice_backward_recipes(const OpView&, std::span<const Layout> offered);
Recipes pad_recipes(const OpView&, std::span<const Layout> offered);
Recipes transpose_recipes(const OpView&);
Recipes resampling_recipes(const OpView&, std::span<const Layout> offered);
Recipes reorder_recipes(const OpView&, std::span<const Layout> offered);

/// The functions that an op is where they stand behind a product; none: oneDNN has no such functions.
std::vector<Function> functions_behind_product(OpKind op, const Attributes& attributes);
/// What a primitive is told of its epilogue; `added`: how that operand lies.
dnnl::primitive_attr primitive_attributes(const Epilogue&, const Descriptions&);

}  // namespace sinter::onednn
