#include "passes/slab_size.h"

#include <algorithm>

#include "passes/plan_memory.h"
#include "passes/slab_body.h"
#include "passes/slab_estimate.h"

namespace sinter {
namespace {

constexpr int64_t granule = 16;      // a slab in layouts such as Abcd16a is whole blocks, and lanes are full
constexpr int64_t most_caches = 16;  // that a slab may take: beyond, neither its cache nor the next one helps
// Of the time at once that slabs may take: estimates leave out that their values stay in cache, and their
// memory is a thread's, not the batch's.
constexpr double most_of_at_once = 1.1;

constexpr double least_gain = 0.9;  // of smaller slabs' time: estimates are no closer

class SizeSearch {
 public:
  SizeSearch(const Graph& graph, const SlabRegions& regions, const std::vector<NodeId>& nodes,
             const PassOptions& options)
      : graph_(graph),
        regions_(regions),
        nodes_(nodes),
        options_(options.slabs),
        estimate_(graph, regions, nodes, options.target) {}

  SlabChoice run() {
    if (options_.slab > 0) return {std::min(options_.slab, regions_.samples)};  // as asked for
    const int64_t slab = largest_in_cache();
    if (slab == regions_.samples) return {{}, fmt::format("the batch of {} samples is one slab", slab)};
    const int64_t bytes = bytes_of(slab);
    if (bytes > most_caches * options_.cache_bytes)
      return {
          {},
          fmt::format("no loop: a slab of {} samples takes {} bytes, far more than a cache", slab, bytes)};
    return slabs_of(slab) < options_.lanes ? quickest(slab) : SlabChoice{slab};
  }

 private:
  int64_t slabs_of(int64_t slab) const { return (regions_.samples + slab - 1) / slab; }

  int64_t largest_in_cache() const {
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

  int64_t bytes_of(int64_t slab) const {
    return plan_memory(make_slab_body(graph_, regions_, nodes_, slab).graph).arena_bytes;
  }

  // Of few slabs, which leave some of many threads without work: those of the size given, or smaller ones.
  SlabChoice quickest(int64_t largest) {
    int64_t best = largest;
    ThreadTimes least = estimate_.in_slabs(largest);
    for (int64_t shares = 2; shares <= options_.lanes; shares *= 2) {
      const int64_t slab = share(shares);
      if (slab >= largest || !can_cut(graph_, regions_, make_slab_body(graph_, regions_, nodes_, slab), slab))
        continue;
      const ThreadTimes times = estimate_.in_slabs(slab);
      if (total(times) >= least_gain * total(least)) continue;
      best = slab;
      least = times;
    }
    const ThreadTimes at_once = estimate_.at_once();
    if (total(least) <= most_of_at_once * total(at_once)) return {best};
    return {{},
            fmt::format("no loop: {} slabs of {} samples are expected to take {} on {} cores, {} at once",
                        slabs_of(best), best, in_milliseconds(least), fmt::join(weighed_threads, ", "),
                        in_milliseconds(at_once))};
  }

  int64_t share(int64_t shares) const { return (regions_.samples + shares - 1) / shares; }

  const Graph& graph_;
  const SlabRegions& regions_;
  const std::vector<NodeId>& nodes_;
  const SlabOptions& options_;
  SlabEstimate estimate_;
};

}  // namespace

SlabChoice choose_slab_size(const Graph& graph, const SlabRegions& regions, const std::vector<NodeId>& nodes,
                            const PassOptions& options) {
  return SizeSearch(graph, regions, nodes, options).run();
}

}  // namespace sinter
