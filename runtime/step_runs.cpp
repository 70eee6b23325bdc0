#include "runtime/step_runs.h"

#include "runtime/non_finite.h"

namespace sinter {
namespace {

constexpr double warm_up_seconds = 0.2;

}  // namespace

void check_results(const Session& session, int64_t steps) {
  const Graph& graph = session.executable().graph;
  for (size_t i = 0; i < graph.results().size(); ++i) {
    const GraphResult& result = graph.results()[i];
    // Parameters stay in their own layout: asking for one as a result would make a copy of it.
    if (result.stored_in.valid() || !non_finite(session.result(i))) continue;
    fail(
        "result {} of \"{}\" is not finite after {} step{} on random inputs; what was timed is worth nothing",
        result.name.empty() ? std::to_string(i) : "\"" + result.name + "\"", graph.name, steps,
        steps == 1 ? "" : "s");
  }
}

int64_t warm_up(Session& session, std::span<const Tensor> inputs) {
  int64_t steps = 0;
  for (double total = 0; steps == 0 || total < warm_up_seconds;) {
    total += seconds_of([&] { session.run(inputs); });
    if (++steps == 1) check_results(session, steps);
  }
  return steps;
}

}  // namespace sinter
