#include "passes/frugal_slab.h"

#include <algorithm>
#include <bit>

#include "ir/amounts.h"
#include "passes/plan_memory.h"
#include "passes/slab_body.h"
#include "passes/slab_estimate.h"

namespace sinter {
namespace {

constexpr double most_of_at_once = 1.02;  // of its time: as much as recompute spends for memory
constexpr double hopeless = 1.3;          // smaller slabs yet are not asked for then
constexpr double most_of_memory = 0.9;    // of that at once: less is not worth another plan
constexpr int64_t caches_of_little = 16;  // that a batch may take at once: nothing is to be saved then

// What a loop takes: the lanes and what is joined for the whole batch, and a slab for each thread.
struct LoopBytes {
  int64_t shared;
  int64_t each;

  int64_t on(int threads) const { return shared + threads * each; }
  double mean() const {
    double sum = 0;
    for (const int threads : weighed_threads) sum += static_cast<double>(on(threads));
    return sum / static_cast<double>(weighed_threads.size());
  }
};

std::string to_text(const LoopBytes& bytes) {
  std::vector<std::string> texts;
  for (const int threads : weighed_threads) texts.push_back(byte_size(bytes.on(threads)));
  return fmt::format("{} of memory on {} cores", fmt::join(texts, ", "), fmt::join(weighed_threads, ", "));
}

std::string compare(int64_t slab, const ThreadTimes& times, const ThreadTimes& at_once) {
  return fmt::format("no loop: slabs of {} samples are expected to take {} on {} cores, {} at once", slab,
                     in_milliseconds(times), fmt::join(weighed_threads, ", "), in_milliseconds(at_once));
}

class FrugalSearch {
 public:
  FrugalSearch(const Graph& graph, const SlabRegions& regions, const std::vector<NodeId>& nodes,
               const PassOptions& options)
      : graph_(graph),
        regions_(regions),
        nodes_(nodes),
        options_(options.slabs),
        estimate_(graph, regions, nodes, options.target, Kernels::in_memory) {}

  SlabChoice run() {
    const int64_t whole = plan_memory(without_layouts(body(regions_.samples).graph)).arena_bytes;
    if (whole <= caches_of_little * options_.cache_bytes) return {};
    double least = most_of_memory * static_cast<double>(whole);
    std::optional<int64_t> best;
    ThreadTimes at_once = {};
    std::string too_large, too_slow;  // the first
    for (int64_t slab = largest(); slab > 0; slab /= 2) {
      const LoopBytes bytes = bytes_of(body(slab), slab);
      if (bytes.mean() > least) {
        if (too_large.empty())
          too_large = fmt::format("no loop: slabs of {} samples would take {}, {} at once", slab,
                                  to_text(bytes), byte_size(whole));
        continue;
      }
      if (total(at_once) == 0) at_once = estimate_.at_once();
      const ThreadTimes times = estimate_.in_slabs(slab);
      if (total(times) > most_of_at_once * total(at_once)) {
        if (too_slow.empty()) too_slow = compare(slab, times, at_once);
        if (total(times) > hopeless * total(at_once)) break;
        continue;
      }
      best = slab;
      least = bytes.mean();
    }
    if (!best) return {{}, too_slow.empty() ? too_large : too_slow};
    if (can_cut(graph_, regions_, body(*best), *best)) return {best};
    return {{},
            fmt::format("no loop: a value that slabs of {} samples share lies in a layout that joins them",
                        *best)};
  }

 private:
  // The largest of which each lane has one; 0: there is none.
  int64_t largest() const {
    return static_cast<int64_t>(std::bit_floor(static_cast<uint64_t>(regions_.samples / options_.lanes)));
  }

  SlabBody body(int64_t samples) const { return make_slab_body(graph_, regions_, nodes_, samples); }

  // In plain layouts, so that those chosen for the slabs found do not make another choice of them.
  LoopBytes bytes_of(const SlabBody& part, int64_t slab) const {
    const int64_t slabs = (regions_.samples + slab - 1) / slab;
    const Graph plain = without_layouts(part.graph);
    std::vector<ValueId> joined;
    int64_t shared = 0;
    for (size_t i = 0; i < part.results.size(); ++i) {
      const Type& type = graph_.type(part.results[i]);
      const int64_t own = Type{type.dtype, type.shape, {}}.bytes();
      shared += part.summed[i] ? own * std::min(options_.lanes, slabs) : own;
      const ValueId value = plain.results()[i].value;
      if (!part.summed[i] && plain.info(value).kind == ValueKind::result) joined.push_back(value);
    }
    return {shared, plan_memory(plain, {}, joined).arena_bytes};
  }

  const Graph& graph_;
  const SlabRegions& regions_;
  const std::vector<NodeId>& nodes_;
  const SlabOptions& options_;
  SlabEstimate estimate_;
};

}  // namespace

SlabChoice find_frugal_slab(const Graph& graph, const SlabRegions& regions, const std::vector<NodeId>& nodes,
                            const PassOptions& options) {
  return FrugalSearch(graph, regions, nodes, options).run();
}

}  // namespace sinter
