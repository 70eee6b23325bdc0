#include <set>

#include "backends/backend_list.h"
#include "backends/backend_table.h"
#include "ir/verify.h"
#include "passes/pipeline.h"
#include "runtime/executable.h"
#include "runtime/memory_need.h"

namespace sinter {
namespace {

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

// As the public one, without some of the backends.
std::shared_ptr<const Backend> find_backend(const std::string& name, const BackendOptions& options,
                                            const std::set<std::string>& without) {
  std::vector<std::unique_ptr<Backend>> list;
  const auto table = backend_table();
  for (const BackendEntry& entry : table) {
    const bool last = &entry == &table.back();  // for what the others cannot run
    const bool wanted = (name == "auto" && !without.contains(std::string(entry.name))) || entry.name == name;
    if (wanted || (last && !list.empty())) list.push_back(entry.make(options));
  }
  if (list.empty())
    fail_input("unknown backend \"{}\"; this build has: auto, {}", name, fmt::join(backend_names(), ", "));
  if (name != "auto") return make_backend_list(std::move(list));
  return make_backend_list(std::move(list), [warn = options.warn](const std::string& what) {
    if (warn) warn(what);
  });
}

std::shared_ptr<const Executable> compile_by(const Backend& backend, Graph graph,
                                             const CompileOptions& options) {
  auto executable = std::make_shared<Executable>();
  PassOptions pass_options = options.pass_options;
  pass_options.target = &backend;
  pass_options.remarks = &executable->remarks;
  pass_options.prepared = &executable->prepared;
  run_passes(graph, options.passes, pass_options, options.run_options);
  verify_or_fail(graph, "after the passes");
  check_concrete(graph);
  check_values(graph, options.available);
  executable->backend = options.backend;
  executable->versions = backend.versions();
  if (options.profile) executable->profile = std::make_shared<Profile>();
  executable->program = compile_nodes(graph, backend, {}, executable->profile.get());
  executable->fallbacks = find_fallbacks(graph, backend);
  executable->graph = std::move(graph);
  return executable;
}

}  // namespace

std::vector<std::string> inference_passes() { return names_of(inference_pipeline()); }
std::vector<std::string> training_passes() { return names_of(training_pipeline()); }

std::vector<std::string> backend_names() {
  std::vector<std::string> names;
  for (const BackendEntry& entry : backend_table()) names.emplace_back(entry.name);
  return names;
}

std::shared_ptr<const Backend> find_backend(const std::string& name, const BackendOptions& options) {
  return find_backend(name, options, {});
}

std::shared_ptr<const Executable> compile(Graph graph, const CompileOptions& options) {
  verify_or_fail(graph, "before compilation");
  std::set<std::string> without;
  while (true) {
    const auto backend = find_backend(options.backend, options.backend_options, without);
    try {
      return compile_by(*backend, graph, options);
    } catch (const BackendFailure& failure) {
      without.insert(failure.backend());
      if (without.contains(backend_names().back())) throw;
      if (options.backend_options.warn)
        options.backend_options.warn(
            fmt::format("{}; \"{}\" is compiled without {}", failure.what(), graph.name, failure.backend()));
    }
  }
}

}  // namespace sinter
