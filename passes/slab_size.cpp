#include "passes/slab_size.h"

#include "passes/plan_memory.h"
#include "passes/slab_body.h"

namespace sinter {
namespace {

constexpr int64_t granule = 16;  // a slab in layouts such as Abcd16a is whole blocks, and lanes are full
constexpr size_t least_nodes = 2;
constexpr int64_t most_caches = 16;  // that a slab may take: beyond, neither its cache nor the next one helps

class SizeSearch {
 public:
  SizeSearch(const Graph& graph, const SlabRegions& regions, const std::vector<NodeId>& nodes,
             const SlabOptions& options)
      : graph_(graph), regions_(regions), nodes_(nodes), options_(options) {}

  int64_t run() const {
    if (options_.slab > 0) return std::min(options_.slab, regions_.samples);
    int64_t fits = 1, most = std::max<int64_t>(1, regions_.samples / options_.lanes / granule);
    while (fits < most) {
      const int64_t middle = (fits + most + 1) / 2;
      if (bytes_of(middle * granule) <= options_.cache_bytes)
        fits = middle;
      else
        most = middle - 1;
    }
    return std::min(fits * granule, regions_.samples);
  }

  // Why slabs of that size are no gain; nothing: they are one.
  std::optional<std::string> refusal(int64_t slab) const {
    if (options_.slab > 0) return std::nullopt;  // as asked for
    const int64_t slabs = (regions_.samples + slab - 1) / slab;
    if (slabs == 1) return fmt::format("the batch of {} samples is one slab", regions_.samples);
    const bool even = regions_.samples % slab == 0 && (slabs & (slabs - 1)) == 0;
    if (slabs < options_.lanes && !even)
      return fmt::format("no loop: 2 or 4 threads cannot share {} samples evenly in slabs of {}",
                         regions_.samples, slab);
    const int64_t bytes = bytes_of(slab);
    if (bytes > most_caches * options_.cache_bytes)
      return fmt::format("no loop: a slab of {} samples takes {} bytes, far more than a cache", slab, bytes);
    return std::nullopt;
  }

 private:
  int64_t bytes_of(int64_t slab) const {
    return plan_memory(make_slab_body(graph_, regions_, nodes_, slab).graph).arena_bytes;
  }

  const Graph& graph_;
  const SlabRegions& regions_;
  const std::vector<NodeId>& nodes_;
  const SlabOptions& options_;
};

}  // namespace

std::optional<int64_t> choose_slab_size(const Graph& graph, const SlabRegions& regions,
                                        const std::vector<NodeId>& nodes, const PassOptions& options) {
  if (nodes.size() < least_nodes) return std::nullopt;
  const SizeSearch search(graph, regions, nodes, options.slabs);
  const int64_t slab = search.run();
  const auto why_not = search.refusal(slab);
  if (!why_not) return slab;
  if (options.remarks) options.remarks->push_back({"form_slab_loops", graph.node(nodes[0]).source, *why_not});
  return std::nullopt;
}

}  // namespace sinter
