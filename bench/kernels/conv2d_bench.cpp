#include <emmintrin.h>
#include <fmt/ranges.h>

#include <chrono>
#include <iostream>
#include <set>

#include "bench/kernels/comparison.h"
#include "bench/kernels/node_contestant.h"
#include "bench/kernels/onednn_alone.h"
#include "bench/kernels/pinning.h"
#include "bench/kernels/recently_used.h"
#include "bench/kernels/shape_files.h"
#include "bench/run_benchmarks.h"
#include "ir/error.h"

/// The block convolution + activation + pool and its gradients, over the layers in bench/shapes/:
///   jit             as the pipelines make it, fused where they fuse
///   jit_unfused     a node for each op
///   onednn          as jit, on Sinter's oneDNN backend
///   onednn_direct   oneDNN alone, as its documentation uses it
///   onednn_winograd the same with Winograd's convolution, where it has one
/// Each is compared with the reference before it is timed. See bench/README.md.
namespace sinter::bench {
namespace {

using Clock = std::chrono::steady_clock;

// Of the largest element. Winograd's transforms cost some of the bits.
constexpr double tolerance = 1e-4, winograd_tolerance = 1e-3;

enum class Cache : uint8_t { hot, cold };

// A layer's work: what all contestants have in common.
struct Case {
  NamedTensors inputs;
  Expected expected;

  Case(const Layer& layer, Work work) : inputs(make_inputs(layer, work)), expected(layer, work, inputs) {}
};

// What prepared benchmarks share, and how many are kept from one repetition to the next.
struct Arena {
  std::vector<int> processors = usable_processors();
  std::map<int, std::unique_ptr<ThreadPool>> pools;  ///< by threads
  RecentlyUsed<std::shared_ptr<Case>> cases{4};
  RecentlyUsed<std::shared_ptr<Contestant>> contestants{24};
};

struct Entry {
  Layer layer;
  Work work;
  std::string backend;
  int threads;
  Cache cache;

  std::string name_without_cache() const {
    return fmt::format("kernel/{}/{}/f32/{}", subject_name(layer, work), backend, shape_name(layer));
  }
  std::string name() const {
    return fmt::format("{}/{}/t{}", name_without_cache(), cache == Cache::hot ? "hot" : "cold", threads);
  }
};

std::unique_ptr<Contestant> make_contestant(const Entry& entry, const NamedTensors& inputs, Arena& arena) {
  const bool winograd = entry.backend == "onednn_winograd";
  if (winograd || entry.backend == "onednn_direct")
    return OnednnAlone::make(entry.layer, entry.work,
                             winograd ? OnednnAlone::Algorithm::winograd : OnednnAlone::Algorithm::direct,
                             inputs, std::span(arena.processors).first(entry.threads));
  // oneDNN's gradient of a max-pool reads only what its own forward pass left behind.
  const Argmax argmax = entry.backend == "onednn" ? Argmax::computed : Argmax::given;
  const std::string backend = entry.backend == "onednn" ? "onednn" : "jit";
  return std::make_unique<NodeContestant>(backend, entry.backend != "jit_unfused",
                                          layer_graph(entry.layer, entry.work, argmax), inputs,
                                          *arena.pools.at(entry.threads));
}

// Made and checked.
std::shared_ptr<Contestant> prepare(const Entry& entry, Arena& arena) {
  const std::string work =
      fmt::format("{}/{}", subject_name(entry.layer, entry.work), shape_name(entry.layer));
  const auto shared =
      arena.cases.find_or_make(work, [&] { return std::make_shared<Case>(entry.layer, entry.work); });
  return arena.contestants.find_or_make(
      fmt::format("{}/t{}", entry.name_without_cache(), entry.threads), [&]() -> std::shared_ptr<Contestant> {
        std::shared_ptr<Contestant> made = make_contestant(entry, shared->inputs, arena);
        made->step();
        made->step();  // what the first leaves behind is not to change the second
        const double error = shared->expected.error_of(made->results());
        if (!(error < (entry.backend == "onednn_winograd" ? winograd_tolerance : tolerance)))
          fail("differs from the reference by {:.2g} of the largest element", error);
        return made;
      });
}

// From all caches of the machine.
void evict(Contestant& contestant) {
  constexpr size_t line = 64;
  for (const std::span<std::byte> memory : contestant.memory())
    for (size_t i = 0; i < memory.size(); i += line) _mm_clflush(memory.data() + i);
  _mm_mfence();
}

void report(benchmark::State& state, const Entry& entry, std::vector<double> seconds) {
  std::ranges::sort(seconds);
  state.counters["least_ms"] = seconds.front() * 1e3;
  state.counters["median_ms"] = seconds[seconds.size() / 2] * 1e3;
  state.counters["GFLOP"] = benchmark::Counter(
      entry.layer.flops() * 1e-9 * static_cast<double>(state.iterations()), benchmark::Counter::kIsRate);
  state.SetItemsProcessed(entry.layer.n * state.iterations());
}

void run(benchmark::State& state, const Entry& entry, Arena& arena) try {
  const auto contestant = prepare(entry, arena);
  contestant->step();  // threads of whoever ran before go to sleep
  std::vector<double> seconds;
  for (auto _ : state) {
    if (entry.cache == Cache::cold) evict(*contestant);
    const auto start = Clock::now();
    contestant->step();
    seconds.push_back(std::chrono::duration<double>(Clock::now() - start).count());
    state.SetIterationTime(seconds.back());
  }
  state.SetLabel(contestant->label());
  report(state, entry, std::move(seconds));
} catch (const NoKernel& error) {
  state.SkipWithError(fmt::format("{}{}", no_kernel, error.what()).c_str());
} catch (const Error& error) {
  state.SkipWithError(error.what());
}

std::vector<Work> works_of(const Layer& layer) {
  // The image of a first layer has no gradient.
  if (layer.c <= 3) return {Work::forward, Work::backward_weights};
  return {Work::forward, Work::backward_weights, Work::backward_data};
}

void add(const Layer& layer, Work work, const std::shared_ptr<Arena>& arena) {
  std::vector<std::string> backends = {"jit", "jit_unfused", "onednn", "onednn_direct"};
  if (!layer.activation && !layer.pool && work != Work::backward_weights) std::erase(backends, "jit_unfused");
  if (OnednnAlone::has_winograd(layer, work)) backends.emplace_back("onednn_winograd");
  for (const Cache cache : {Cache::hot, Cache::cold})
    for (const std::string& backend : backends)
      for (const auto& [threads, _] : arena->pools) {
        const Entry entry{layer, work, backend, threads, cache};
        benchmark::RegisterBenchmark(entry.name().c_str(),
                                     [entry, arena](benchmark::State& state) { run(state, entry, *arena); })
            ->Unit(benchmark::kMillisecond)
            ->UseManualTime();
      }
}

// The layers of the files named, of all where none is; each once.
std::vector<Layer> layers_of(const std::optional<std::string>& models) {
  std::vector<Layer> layers;
  std::set<std::string> seen;
  for (const auto& file : shape_files(SINTER_BENCH_SHAPES, models))
    for (const Layer& layer : read_layers(file))
      if (seen.insert(subject_name(layer, Work::forward) + shape_name(layer)).second) layers.push_back(layer);
  return layers;
}

// Takes `--models=NAME,...` out of the arguments.
std::optional<std::string> take_models(int& argc, char** argv) {
  constexpr std::string_view flag = "--models=";
  std::optional<std::string> models;
  int kept = 1;
  for (int i = 1; i < argc; ++i)
    if (const std::string_view argument = argv[i]; argument.starts_with(flag))
      models = argument.substr(flag.size());
    else
      argv[kept++] = argv[i];
  argc = kept;
  return models;
}

void print_help() {
  std::cout
      << "Convolution + activation + pool in both directions: fused and not, beside oneDNN's primitives.\n"
         "Each result is checked before it is timed. bench/README.md explains the names.\n\n"
         "conv2d_bench [--models=NAME,...]   of bench/shapes/NAME.txt; without it, of all\n";
  benchmark::PrintDefaultHelp();
}

void add_all(const std::optional<std::string>& models) {
  const auto arena = std::make_shared<Arena>();
  const std::span<const int> processors = arena->processors;
  for (size_t threads = 1; threads <= std::min<size_t>(2, processors.size()); ++threads)
    arena->pools[static_cast<int>(threads)] = make_pinned_pool(processors.first(threads));
  for (const Layer& layer : layers_of(models))
    for (const Work work : works_of(layer)) add(layer, work, arena);
}

int run_all(int argc, char** argv) {
  const auto models = take_models(argc, argv);
  Comparison comparison;
  const int code = run_benchmarks(
      argc, argv, {.add = [&] { add_all(models); }, .help = print_help, .reporter = &comparison});
  if (comparison.failures() > 0)
    std::cerr << comparison.failures() << " benchmarks failed; what they say stands above\n";
  return code == 0 && comparison.failures() > 0 ? 1 : code;
}

}  // namespace
}  // namespace sinter::bench

int main(int argc, char** argv) { return sinter::bench::run_all(argc, argv); }
