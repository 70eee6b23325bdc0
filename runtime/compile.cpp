#include <algorithm>

#include "backends/reference/reference.h"
#include "ir/verify.h"
#include "passes/pipeline.h"
#include "runtime/executable.h"

namespace sinter {
namespace {

struct BackendEntry {
  std::string_view name;
  std::unique_ptr<Backend> (*make)();
};

// In the order of speed: "auto" takes the first.
constexpr BackendEntry backends[] = {{"reference", make_reference_backend}};

std::vector<std::string> names_of(std::span<const Step> steps) {
  std::vector<std::string> names;
  for (const Step& step : steps) names.emplace_back(step.pass);
  return names;
}

void check_concrete(const Graph& graph) {
  for (const ValueInfo& value : graph.values())
    if (!is_concrete(value.type.shape))
      fail_input("graph \"{}\" has {}{}: every symbol must be bound before it is compiled", graph.name,
                 value.name.empty() ? "a value of type " : "%" + value.name + ": ", to_string(value.type));
}

}  // namespace

std::vector<std::string> inference_passes() { return names_of(inference_pipeline()); }
std::vector<std::string> training_passes() { return names_of(training_pipeline()); }

std::vector<std::string> backend_names() {
  std::vector<std::string> names;
  for (const BackendEntry& entry : backends) names.emplace_back(entry.name);
  return names;
}

std::shared_ptr<const Backend> find_backend(const std::string& name) {
  if (name == "auto") return backends[0].make();
  for (const BackendEntry& entry : backends)
    if (entry.name == name) return entry.make();
  fail_input("unknown backend \"{}\"; this build has: auto, {}", name, fmt::join(backend_names(), ", "));
}

std::shared_ptr<const Executable> compile(Graph graph, const CompileOptions& options) {
  verify_or_fail(graph, "before compilation");
  run_passes(graph, options.passes, options.pass_options, options.run_options);
  verify_or_fail(graph, "after the passes");
  check_concrete(graph);
  const auto backend = find_backend(options.backend);
  auto executable = std::make_shared<Executable>();
  executable->backend = backend->name();
  executable->plan = plan_memory(graph);
  for (NodeId id = 0; id < static_cast<NodeId>(graph.nodes().size()); ++id) {
    executable->kernels.push_back(backend->compile(graph, id));
    executable->workspace_bytes =
        std::max(executable->workspace_bytes, executable->kernels.back()->workspace_bytes());
  }
  executable->graph = std::move(graph);
  return executable;
}

}  // namespace sinter
