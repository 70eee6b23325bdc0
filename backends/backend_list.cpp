#include "backends/backend_list.h"

#include <algorithm>

namespace sinter {
namespace {

class BackendList final : public Backend {
 public:
  explicit BackendList(std::vector<std::unique_ptr<Backend>> backends) : backends_(std::move(backends)) {
    require(!backends_.empty(), "a list of backends is not empty");
  }

  std::string_view name() const noexcept override { return backends_[0]->name(); }
  std::string description() const override { return backends_[0]->description(); }

  std::vector<Implementation> implementations(const Graph& graph, NodeId node,
                                              std::span<const Layout> offered) const override {
    std::vector<Implementation> all;
    for (const auto& backend : backends_)
      std::ranges::move(backend->implementations(graph, node, offered), std::back_inserter(all));
    return all;
  }

  double reorder_seconds(const Type& type, const Layout& to) const override {
    double least = backends_[0]->reorder_seconds(type, to);
    for (const auto& backend : backends_) least = std::min(least, backend->reorder_seconds(type, to));
    return least;
  }

  std::optional<std::string> refuses_fusion(const Graph& body) const override {
    std::optional<std::string> first;
    for (const auto& backend : backends_) {
      const auto reason = backend->refuses_fusion(body);
      if (!reason) return std::nullopt;
      if (!first) first = fmt::format("{}: {}", backend->name(), *reason);
    }
    return first;
  }

  std::optional<std::string> declines(const Graph& graph, NodeId id) const override {
    return backends_[0]->declines(graph, id);
  }

  CompiledNode compile(const Graph& graph, NodeId id) const override {
    const Backend* best = nullptr;
    double least = 0;
    const auto layouts = layouts_of(graph, graph.node(id));
    for (const auto& backend : backends_) {
      const auto ways = backend->implementations(graph, id, layouts);
      const Implementation* way = find_implementation(ways, graph, graph.node(id));
      if (way == nullptr || (best != nullptr && way->seconds >= least)) continue;
      best = backend.get();
      least = way->seconds;
    }
    // The last says best what it cannot run.
    return (best != nullptr ? *best : *backends_.back()).compile(graph, id);
  }

 private:
  std::vector<std::unique_ptr<Backend>> backends_;
};

}  // namespace

std::unique_ptr<Backend> make_backend_list(std::vector<std::unique_ptr<Backend>> backends) {
  return std::make_unique<BackendList>(std::move(backends));
}

}  // namespace sinter
