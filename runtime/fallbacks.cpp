#include "runtime/fallbacks.h"

#include "ir/cost.h"
#include "ir/slab_loop.h"

namespace sinter {
namespace {

class Finder {
 public:
  explicit Finder(const Backend& backend) : backend_(backend) {}

  /// The nodes of a graph that is run `times`.
  void look_at(const Graph& graph, double times) {
    for (NodeId id = 0; id < static_cast<NodeId>(graph.nodes().size()); ++id) {
      const Node& node = graph.node(id);
      if (node.op == OpKind::slab_loop) {
        look_at(SlabLoop(node.attributes, operand_types(graph, node)), times);
        continue;
      }
      const double flops = times * cost(graph, node).flops;
      flops_ += flops;
      if (auto reason = backend_.declines(graph, id))
        found_.push_back({ops_of(node), node.source, std::move(*reason), flops});
    }
  }

  std::vector<Fallback> found() {
    for (Fallback& each : found_) each.flops_share = flops_ > 0 ? each.flops_share / flops_ : 0;
    return std::move(found_);
  }

 private:
  void look_at(const SlabLoop& loop, double times) {
    const auto slabs = static_cast<double>(loop.slabs());
    look_at(*loop.body, times * (loop.remainder != nullptr ? slabs - 1 : slabs));
    if (loop.remainder != nullptr) look_at(*loop.remainder, times);
  }

  const Backend& backend_;
  std::vector<Fallback> found_;
  double flops_ = 0;
};

}  // namespace

std::vector<Fallback> find_fallbacks(const Graph& graph, const Backend& backend) {
  Finder finder(backend);
  finder.look_at(graph, 1);
  return finder.found();
}

}  // namespace sinter
