#include "cli/warnings.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "ir/printable.h"
#include "runtime/executable.h"
#include "runtime/non_finite.h"

namespace sinter::cli {
namespace {

constexpr double matters = 0.01;  // share of the FLOPs

std::string percent(double share) { return fmt::format("{:.1f} %", 100 * share); }

// What stands behind the backend that was asked for.
std::string last_backend() { return backend_names().back(); }

struct Declined {
  std::string_view ops;
  double share;
  std::string_view reason;
};

// Ops that have their share together, the largest first.
std::vector<Declined> declined_ops(const std::vector<Fallback>& fallbacks) {
  std::map<std::string_view, Declined> by_ops;
  for (const Fallback& each : fallbacks)
    by_ops.try_emplace(each.ops, Declined{each.ops, 0, each.reason}).first->second.share += each.flops_share;
  std::vector<Declined> declined;
  for (const auto& [_, each] : by_ops)
    if (each.share > matters) declined.push_back(each);
  std::ranges::stable_sort(declined, std::greater{}, &Declined::share);
  return declined;
}

/// Those of one op that are declined for one reason.
struct AlikeFallbacks {
  std::string_view ops, reason;
  std::vector<std::string_view> sources = {};  // each once, though several loops may run it
  double flops_share = 0;
};

std::vector<AlikeFallbacks> alike(const std::vector<Fallback>& fallbacks) {
  std::vector<AlikeFallbacks> groups;
  for (const Fallback& one : fallbacks) {
    auto group = std::ranges::find_if(
        groups, [&](const AlikeFallbacks& each) { return each.ops == one.ops && each.reason == one.reason; });
    if (group == groups.end()) group = groups.insert(group, {one.ops, one.reason});
    if (std::ranges::count(group->sources, one.source) == 0) group->sources.push_back(one.source);
    group->flops_share += one.flops_share;
  }
  return groups;
}

std::string runs_elsewhere(std::string_view ops, double flops_share, std::string_view reason) {
  return fmt::format("{} ({} of the FLOPs) runs on {}: {}", ops, percent(flops_share), last_backend(),
                     reason);
}

}  // namespace

std::string describe_fallback(const Fallback& fallback) {
  return fmt::format("\"{}\": {}", fallback.source,
                     runs_elsewhere(fallback.ops, fallback.flops_share, fallback.reason));
}

void warn_of_training_mode(std::string_view model, const std::vector<std::string>& nodes,
                           const GlobalOptions& global) {
  if (global.quiet() || nodes.empty()) return;
  const std::string others = nodes.size() > 1 ? fmt::format(" and {} more", nodes.size() - 1) : "";
  fmt::print(stderr,
             "warning: {}: {}{}: written in training mode; batch norm takes its running statistics, dropout "
             "drops nothing\n",
             model, printable(nodes[0]), others);
}

void warn_of_fallbacks(std::string_view model, std::string_view backend,
                       const std::vector<Fallback>& fallbacks, const GlobalOptions& global) {
  if (global.quiet()) return;
  if (global.debug())
    for (const Fallback& each : fallbacks) fmt::print(stderr, "{}: {}\n", backend, describe_fallback(each));
  const auto declined = declined_ops(fallbacks);
  if (declined.empty()) return;
  std::string ops;
  double share = 0;
  for (const Declined& each : declined) {
    ops += fmt::format("{}{}", ops.empty() ? "" : ", ", each.ops);
    share += each.share;
  }
  fmt::print(stderr, "warning: {}: {} declines {}, {} of the FLOPs, which run on {} and are slow: {}\n",
             printable(model), backend, ops, percent(share), last_backend(), declined[0].reason);
}

void warn_of_each_fallback(std::string_view model, std::string_view backend,
                           const std::vector<Fallback>& fallbacks, const GlobalOptions& global) {
  if (global.quiet()) return;
  for (const AlikeFallbacks& each : alike(fallbacks)) {
    const size_t others = each.sources.size() - 1;
    const std::string more = others > 0 ? fmt::format(" and {} more", others) : "";
    fmt::print(stderr, "warning: {}: {}: \"{}\"{}: {}\n", printable(model), backend, each.sources[0], more,
               runs_elsewhere(each.ops, each.flops_share, each.reason));
  }
}

void warn_of_schedule(std::string_view remark, const GlobalOptions& global) {
  if (!global.quiet() && !remark.empty()) fmt::print(stderr, "warning: {}\n", remark);
}

void warn_of_weights(const std::string& path, const NamedTensors& weights, const GlobalOptions& global) {
  if (global.quiet()) return;
  if (const auto found = first_non_finite(weights))
    fmt::print(stderr, "warning: {}: parameter {}; results are worth nothing, also where they look sound\n",
               printable(path), *found);
}

}  // namespace sinter::cli
