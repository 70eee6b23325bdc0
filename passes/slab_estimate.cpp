#include "passes/slab_estimate.h"

#include <algorithm>
#include <limits>
#include <numeric>

#include "passes/fusion_body.h"
#include "passes/slab_body.h"

namespace sinter {
namespace {

// What a kernel costs more on several threads, and how much of its time they can share: units are few or
// uneven. LeNet's training steps of 16 to 100 samples, 35 kernels, took on two threads of Zen 4 what this
// says of their time on one, to a tenth of it.
constexpr double sharing_seconds = 4e-6;
constexpr double shared_part = 0.8;
constexpr double adding_bytes_per_second = 10e9;  // a sum in cache, read and written
// What values and weights cost more than the target says where they do not stay in a core's caches, its share
// of the last one included. By the target's figures VGG-11's step of 32 samples, whose dense layers each slab
// reads, would take 1.13 times as long in slabs of 8 as at once, and NiN's of 16 in slabs of 1 1.16 times:
// they took 1.75 and 0.73 times.
constexpr double memory_bytes_per_second = 8e9;
constexpr int64_t core_cache_bytes = 2 * 1024 * 1024;

double seconds_to_add(const SlabBody& body) {
  double bytes = 0;
  for (size_t i = 0; i < body.results.size(); ++i)
    if (body.summed[i]) bytes += static_cast<double>(body.graph.type(body.graph.results()[i].value).bytes());
  return bytes / adding_bytes_per_second;
}

// How long so many threads move what all of their caches together do not hold.
double seconds_in_memory(const Graph& body, int threads) {
  double bytes = 0;
  const auto count = [&](ValueId id) {
    if (id.valid())
      bytes += static_cast<double>(std::max<int64_t>(0, body.type(id).bytes() - threads * core_cache_bytes));
  };
  for (const Node& node : body.nodes()) {
    std::ranges::for_each(node.operands, count);
    std::ranges::for_each(node.results, count);
  }
  return bytes / memory_bytes_per_second / threads;
}

// Of a node's ways those where slabs of what crosses the loop's border are runs of memory. A kernel for
// sixteen samples in the lanes is none for slabs of nine.
double seconds_in_runs(const Target& target, const Graph& graph, NodeId id, const std::vector<bool>& crossing,
                       int64_t slab) {
  const Node& node = graph.node(id);
  const auto is_run = [&](ValueId value, const Layout& layout) {
    return !value.valid() || !crossing[value.index] || layout.cuts_into(slab);
  };
  double least = std::numeric_limits<double>::infinity();
  for (const Implementation& way : target.implementations(graph, id, {}))
    if (std::ranges::equal(node.operands, way.operands, is_run) &&
        std::ranges::equal(node.results, way.results, is_run))
      least = std::min(least, way.seconds);
  return least;
}

}  // namespace

std::string in_milliseconds(const ThreadTimes& times) {
  std::vector<std::string> texts;
  for (const double seconds : times) texts.push_back(fmt::format("{:.3g}", seconds * 1e3));
  return fmt::format("{} ms", fmt::join(texts, ", "));
}

double total(const ThreadTimes& times) { return std::accumulate(times.begin(), times.end(), 0.0); }

ThreadTimes SlabEstimate::in_slabs(int64_t slab) {
  const int64_t rest = regions_.samples % slab;
  const double whole = seconds_of(slab, slab), last = rest > 0 ? seconds_of(rest, slab) : 0;
  ThreadTimes times;
  for (size_t i = 0; i < times.size(); ++i) {
    std::vector<double> busy(weighed_threads[i]);
    for (int64_t k = 0; k < regions_.samples / slab; ++k) *std::ranges::min_element(busy) += whole;
    *std::ranges::min_element(busy) += last;
    times[i] = std::ranges::max(busy);
  }
  return times;
}

ThreadTimes SlabEstimate::at_once() {
  const auto kernels =
      std::ranges::count_if(nodes_, [&](NodeId id) { return graph_.node(id).op != OpKind::reorder; });
  const double sharing = target_ ? sharing_seconds * static_cast<double>(kernels) : 0;
  ThreadTimes times;
  if (kernels_ == Kernels::in_memory) return evenly_at_once(sharing);
  const double alone = seconds_of(regions_.samples, regions_.samples);
  for (size_t i = 0; i < times.size(); ++i) {
    const int threads = weighed_threads[i];
    times[i] = threads == 1 ? alone : alone * (1 - shared_part + shared_part / threads) + sharing;
  }
  return times;
}

ThreadTimes SlabEstimate::evenly_at_once(double sharing) {
  const Graph body = without_layouts(make_slab_body(graph_, regions_, nodes_, regions_.samples).graph);
  const double computing = seconds_of(regions_.samples, regions_.samples) - seconds_in_memory(body, 1);
  ThreadTimes times;
  for (size_t i = 0; i < times.size(); ++i) {
    const int threads = weighed_threads[i];
    times[i] = computing / threads + seconds_in_memory(body, threads) + (threads == 1 ? 0 : sharing);
  }
  return times;
}

double SlabEstimate::seconds_of(int64_t samples, int64_t slab) {
  const auto [found, is_new] = seconds_.try_emplace({samples, slab}, static_cast<double>(samples));
  if (!is_new || target_ == nullptr) return found->second;
  const SlabBody body = make_slab_body(graph_, regions_, nodes_, samples);
  double& seconds = found->second = samples < regions_.samples ? seconds_to_add(body) : 0;
  const Graph plain = without_layouts(body.graph);  // layouts' padding is not to make another choice of it
  const auto crossing = samples < regions_.samples ? values_at_borders(body, plain) : std::vector<bool>();
  for (NodeId id = 0; id < static_cast<NodeId>(plain.nodes().size()); ++id)
    seconds += crossing.empty() ? least_seconds(*target_, plain, id)
                                : seconds_in_runs(*target_, plain, id, crossing, slab);
  if (kernels_ == Kernels::in_memory) seconds += seconds_in_memory(plain, 1);
  return seconds;
}

// What a loop of this body reads and writes of the whole batch, by value of the plain body.
std::vector<bool> SlabEstimate::values_at_borders(const SlabBody& body, const Graph& plain) const {
  std::vector<bool> crossing(plain.values().size());
  for (size_t i = 0; i < body.operands.size(); ++i)
    if (regions_.batched[body.operands[i].index]) crossing[plain.inputs()[i].index] = true;
  for (size_t i = 0; i < body.results.size(); ++i)
    if (regions_.batched[body.results[i].index]) crossing[plain.results()[i].value.index] = true;
  return crossing;
}

}  // namespace sinter
