#include "runtime/describe_kernels.h"

#include <algorithm>

#include "ir/cost.h"
#include "ir/slab_loop.h"

namespace sinter {
namespace {

std::string tag_of(const Type& type) {
  if (!type.layout.is_plain()) return type.layout.tag();
  static constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyz";
  return std::string(letters.substr(0, type.shape.size()));
}

std::vector<std::string> tags_of(const Graph& graph, const std::vector<ValueId>& ids) {
  std::vector<std::string> tags;
  for (const ValueId id : ids)
    if (id.valid()) tags.push_back(tag_of(graph.type(id)));
  return tags;
}

// How often a node runs in a step, and what of one thread's time it takes.
struct Runs {
  double times, share;
};

// The loops of a node may have different numbers of units; what each takes of its time is not known, so they
// count alike.
double share_of_node(const CompiledNode& node, int threads) {
  double shares = 0;
  for (const auto& kernel : node.kernels)
    shares += share_of_threads(kernel->self_parallel() ? threads : kernel->units(), threads);
  return node.kernels.empty() ? 1 : shares / static_cast<double>(node.kernels.size());
}

// What a node adds to a kernel's report.
void add_work(KernelReport& report, const Graph& graph, NodeId id, const Backend& runner, Runs runs,
              double core_flops) {
  const Node& node = graph.node(id);
  const double flops = runs.times * cost(graph, node).flops;
  const auto ways = runner.implementations(graph, id, layouts_of(graph, node));
  const Implementation* way = find_implementation(ways, graph, node);
  report.flops += flops;
  report.least_flops +=
      (flops - runs.times * padding_flops(graph, node)) * (way ? way->least_flops_share : 1);
  if (report.predicted && way)
    *report.predicted += runs.times * runs.share * runner.predicted_seconds(graph, id, *way, core_flops);
  else
    report.predicted = std::nullopt;
}

// The bytes a node must move, and of them those that are touched at once. A result in the memory of an
// operand is the same memory; a node without arithmetic whose result lies there (a flatten) moves nothing.
struct Traffic {
  double bytes, at_once;
};

Traffic traffic(const Graph& graph, const Node& node, bool in_place) {
  const Cost least = cost(graph, node);
  if (!in_place) return {least.bytes, least.bytes};
  if (least.flops == 0) return {0, 0};
  const Type& result = graph.type(node.results[0]);
  return {least.bytes,
          least.bytes - static_cast<double>(element_count(result.shape) * size_of(result.dtype))};
}

bool comes_from(const Node& node, const std::string& source, const Remark& remark) {
  return node.op == remark.op && (node.source.empty() ? source : node.source) == remark.source;
}

// Whether a remark is about the node or an op in it.
bool is_about(const Remark& remark, const Node& node) {
  if (comes_from(node, node.source, remark)) return true;
  return node.op == OpKind::fusion &&
         std::ranges::any_of(node.attributes.body().nodes(),
                             [&](const Node& inner) { return comes_from(inner, node.source, remark); });
}

class Describer {
 public:
  Describer(const Executable& executable, const Backend& backend, int threads, const PeakFlops& peak_flops)
      : executable_(executable), backend_(backend), threads_(threads), peak_flops_(peak_flops) {}

  std::vector<DescribedKernel> run() {
    const Graph& graph = executable_.graph;
    for (NodeId id = 0; id < static_cast<NodeId>(graph.nodes().size()); ++id) {
      NodeProfile& profile = executable_.profile->at(id);
      if (graph.node(id).op == OpKind::slab_loop) {
        add_loop(graph, id, profile);
        continue;
      }
      add(graph, id, profile, {1, share_of_node(executable_.program.nodes[id], threads_)});
      found_.back().report.bytes_at_once /= threads_;
    }
    return std::move(found_);
  }

 private:
  void add(const Graph& graph, NodeId id, NodeProfile& profile, Runs runs) {
    const Node& node = graph.node(id);
    KernelReport report{.ops = ops_of(node),
                        .form = std::string(profile.form),
                        .source = node.source,
                        .backend = std::string(profile.backend),
                        .reads = tags_of(graph, node.operands),
                        .writes = tags_of(graph, node.results)};
    for (size_t i = 0; i < executable_.remarks.size(); ++i)
      if (is_about(executable_.remarks[i], node)) report.remarks.push_back(i);
    if (!profile.backend.empty()) {
      const Traffic moved = traffic(graph, node, profile.in_place);
      report.bytes = runs.times * moved.bytes;
      report.bytes_at_once = moved.at_once;
      report.predicted = 0;
      add_amounts(report, graph, id, runs);
    }
    found_.push_back({std::move(report), {&profile.clock}});
  }

  // A slab's kernels have a thread to themselves; all threads' time over their number is what is measured.
  Runs in_loop(double times) const { return {times, 1.0 / working_threads(threads_)}; }

  void add_amounts(KernelReport& report, const Graph& graph, NodeId id, Runs runs) const {
    const Backend& runner = backend_.runner(graph, id);
    report.vector_width = runner.vector_width();
    report.peak_flops = peak_flops_(report.vector_width);
    add_work(report, graph, id, runner, runs, report.peak_flops / working_threads(threads_));
  }

  // What the last slab, which is smaller, adds to a node of the body. One may be a view where the other is
  // not.
  void add_remainder(DescribedKernel& kernel, const Graph& remainder, NodeId id, NodeProfile& profile) const {
    if (profile.backend.empty()) return;
    KernelReport& report = kernel.report;
    kernel.clocks.push_back(&profile.clock);
    report.backend = profile.backend;
    report.bytes += traffic(remainder, remainder.node(id), profile.in_place).bytes;
    add_amounts(report, remainder, id, in_loop(1));
  }

  void add_loop(const Graph& graph, NodeId id, NodeProfile& profile) {
    const Node& node = graph.node(id);
    const SlabLoop loop(node.attributes, operand_types(graph, node));
    const size_t place = found_.size();
    const int64_t whole = loop.slabs() - (loop.remainder != nullptr ? 1 : 0);
    found_.push_back({{.ops = ops_of(node),
                       .source = node.source,
                       .reads = tags_of(graph, node.operands),
                       .writes = tags_of(graph, node.results),
                       .slabs = SlabSizes{loop.slabs(), loop.slab, loop.lanes}},
                      {&profile.clock}});
    for (NodeId inner = 0; inner < static_cast<NodeId>(loop.body->nodes().size()); ++inner) {
      add(*loop.body, inner, profile.body[inner], in_loop(static_cast<double>(whole)));
      found_.back().report.loop = place;
    }
    if (loop.remainder != nullptr) add_remainder(place, *loop.body, *loop.remainder, profile.remainder);
  }

  // The remainder's nodes are those of the body, but for reorders where its layouts are its own: these get
  // rows of their own.
  void add_remainder(size_t place, const Graph& body, const Graph& remainder, Profile& profile) {
    const bool same = std::ranges::equal(body.nodes(), remainder.nodes(), {}, &Node::op, &Node::op);
    const auto is_paired = [&](const Node& node) { return same || node.op != OpKind::reorder; };
    NodeId next = 0;
    for (NodeId id = 0; id < static_cast<NodeId>(remainder.nodes().size()); ++id) {
      if (!is_paired(remainder.node(id))) {
        add(remainder, id, profile[id], in_loop(1));
        found_.back().report.loop = place;
        continue;
      }
      while (!is_paired(body.node(next))) ++next;
      add_remainder(found_[place + 1 + next], remainder, id, profile[id]);
      ++next;
    }
  }

  const Executable& executable_;
  const Backend& backend_;
  int threads_;
  const PeakFlops& peak_flops_;
  std::vector<DescribedKernel> found_;
};

}  // namespace

int working_threads(int threads) { return std::min(threads, usable_cores()); }

double share_of_threads(int64_t parts, int threads) {
  parts = std::max<int64_t>(parts, 1);
  const int64_t working = working_threads(threads), most = (parts + working - 1) / working;
  return static_cast<double>(most) / static_cast<double>(parts);
}

std::vector<DescribedKernel> describe_kernels(const Executable& executable, const Backend& backend,
                                              int threads, const PeakFlops& peak_flops) {
  require(executable.profile != nullptr, "an executable with clocks");
  return Describer(executable, backend, threads, peak_flops).run();
}

}  // namespace sinter
