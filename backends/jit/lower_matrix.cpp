#include "backends/jit/batch_lanes.h"
#include "backends/jit/lowering.h"
#include "backends/jit/machine.h"
#include "backends/jit/matrix_kernels.h"
#include "ir/cost.h"

namespace sinter::jit {
namespace {

constexpr double share_of_peak = 0.8;
constexpr double gather_seconds = 4e-9;  // of sixteen elements that lie apart

double rounded_up(int64_t size) {
  return static_cast<double>(batch_blocks(size) * vector_size) /
         static_cast<double>(std::max<int64_t>(1, size));
}

// The operand whose last two dimensions lie the other way around in memory: the last but one is contiguous.
Layout transposed_layout(size_t rank) {
  std::string tag;
  for (size_t i = 0; i < rank; ++i) tag += static_cast<char>('a' + i);
  std::swap(tag[rank - 1], tag[rank - 2]);
  return Layout::parse(tag);
}

class Ways {
 public:
  Ways(const Graph& graph, const Node& node, const NodeBody& own, const MatrixProduct& product)
      : node_(node), own_(own), product_(product), bytes_(cost(graph, node).bytes / bytes_per_second) {}

  std::vector<Implementation> all() {
    if (product_.rows_are_samples(own_.body))
      add(batch_blocked(2), {}, batch_blocked(2), seconds(rounded_up(product_.rows), 0));
    add_by_columns({}, false);
    const bool may_block = product_.batch.empty() && product_.transposed_a && !product_.transposed_b;
    const bool packs = product_.depth * max_panel_vectors * vector_size * 4 <= largest_panel_bytes;
    if (!may_block) return std::move(ways_);
    add_by_columns(batch_blocked(2), false);
    if (packs) add_by_columns(batch_blocked(2), true);
    if (packs) add_by_columns({}, true);
    return std::move(ways_);
  }

 private:
  void add(const Layout& a, const Layout& b, const Layout& elements, double seconds) {
    Implementation way{{}, std::vector<Layout>(node_.results.size(), elements), seconds};
    const Shape& shape = own_.body.type(product_.form.made).shape;
    for (const ValueId id : node_.operands) {
      const auto inner = inner_of(id);
      if (inner == product_.a)
        way.operands.push_back(a);
      else if (inner == product_.b)
        way.operands.push_back(b);
      else
        way.operands.push_back(inner.valid() && inner != product_.bias && own_.body.type(inner).shape == shape
                                   ? elements
                                   : Layout{});
    }
    ways_.push_back(std::move(way));
  }

  ValueId inner_of(ValueId id) const {
    for (size_t i = 0; i < own_.operands.size(); ++i)
      if (own_.operands[i] == id) return own_.body.inputs()[i];
    return {};
  }

  double seconds(double filled, double gathers) const {
    const double arithmetic = 2 * product_.multiply_adds() / (share_of_peak * flops_per_second());
    return arithmetic * filled + bytes_ + gather_seconds * gathers + call_seconds;
  }

  void add_by_columns(const Layout& a, bool packed_b) {
    const Layout own_b = product_.transposed_b ? transposed_layout(rank_of_b()) : Layout{};
    const double gathers =
        packed_b ? static_cast<double>(batch_blocks(product_.columns) * product_.depth) : 0;
    add(a, packed_b ? batch_blocked(2) : own_b, {}, seconds(rounded_up(product_.columns), gathers));
  }

  size_t rank_of_b() const { return own_.body.type(product_.b).shape.size(); }

  const Node& node_;
  const NodeBody& own_;
  const MatrixProduct& product_;
  double bytes_;  ///< seconds that memory takes
  std::vector<Implementation> ways_;
};

std::vector<Implementation> implementations(const Graph& graph, const Node& node, std::span<const Layout>) {
  const NodeBody own = body_of(graph, node);
  const auto product = matrix_product(own.body);
  if (!product) return {};
  return Ways(graph, node, own, *product).all();
}

Lowered lower(const Graph& graph, const Node& node, const CpuTarget& cpu) {
  const bool by_samples = !graph.type(node.results[0]).layout.is_plain();
  return {{by_samples ? product_by_samples(graph, node, cpu) : product_by_columns(graph, node, cpu)}, 0};
}

}  // namespace

std::optional<std::string> refuses_matrix_body(const Graph& body) {
  std::string why;
  return matrix_product(body, &why) ? std::nullopt : std::optional(why);
}

const Lowering matrix_lowering = {implementations, lower};

}  // namespace sinter::jit
