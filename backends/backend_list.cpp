#include "backends/backend_list.h"

#include <algorithm>

namespace sinter {
namespace {

class BackendList final : public Backend {
 public:
  BackendList(std::vector<std::unique_ptr<Backend>> backends, OnFallBack on_fall_back)
      : backends_(std::move(backends)), on_fall_back_(std::move(on_fall_back)) {
    require(!backends_.empty(), "a list of backends is not empty");
  }

  std::string_view name() const noexcept override { return backends_[0]->name(); }
  std::string description() const override { return backends_[0]->description(); }
  std::string versions() const override {
    std::string all;
    for (const auto& backend : backends_) all += fmt::format("{} {}\n", backend->name(), backend->versions());
    return all;
  }

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

  // The last has its say where it is alone: that it fuses little is no news of the others.
  std::optional<std::string> refuses_fusion(const Graph& body) const override {
    std::string reasons;
    for (const auto& backend : backends_) {
      const auto reason = backend->refuses_fusion(body);
      if (!reason) return std::nullopt;
      if (reasons.empty() || backend != backends_.back())
        reasons += fmt::format("{}{}: {}", reasons.empty() ? "" : "; ", backend->name(), *reason);
    }
    return reasons;
  }

  // The last stands behind the others: what all of them decline is declined, though it runs.
  std::optional<std::string> declines(const Graph& graph, NodeId id) const override {
    const size_t asked = std::max<size_t>(backends_.size() - 1, 1);
    std::string reasons;
    for (const auto& backend : std::span(backends_).first(asked)) {
      const auto reason = backend->declines(graph, id);
      if (!reason) return std::nullopt;
      if (asked == 1) return reason;
      reasons += fmt::format("{}{}: {}", reasons.empty() ? "" : "; ", backend->name(), *reason);
    }
    return reasons;
  }

  // The cheapest; where none can run the node the last, which says best what it cannot run.
  const Backend& runner(const Graph& graph, NodeId id) const override {
    const auto able = able_to_run(graph, id);
    return able.empty() ? *backends_.back() : *able[0];
  }

  void prepare(const Graph& graph, NodeId id) const override { runner(graph, id).prepare(graph, id); }

  CompiledNode compile(const Graph& graph, NodeId id) const override {
    if (!on_fall_back_) return runner(graph, id).compile(graph, id);
    const auto able = able_to_run(graph, id);
    for (size_t i = 0; i < able.size(); ++i) {
      std::string why;
      try {
        return able[i]->compile(graph, id);
      } catch (const InputError&) {  // the user's, whoever compiles it
        throw;
      } catch (const Error& error) {
        why = error.what();
      } catch (const InternalError& error) {
        why = error.what();
      }
      const std::string node = describe_node(graph, id);
      if (why.starts_with(node + ": ")) why.erase(0, node.size() + 2);  // named once is enough
      const auto failed = fmt::format("{} failed at {}", able[i]->name(), node);
      if (i + 1 == able.size()) throw BackendFailure(able[i]->name(), fmt::format("{}: {}", failed, why));
      on_fall_back_(fmt::format("{}, which {} runs instead: {}", failed, able[i + 1]->name(), why));
    }
    return runner(graph, id).compile(graph, id);  // says what it cannot run
  }

  std::optional<std::string> code(const Graph& graph, NodeId id, CodeForm form) const override {
    return runner(graph, id).code(graph, id, form);
  }

 private:
  // Who has a kernel for the node in its layouts, the quickest first.
  std::vector<const Backend*> able_to_run(const Graph& graph, NodeId id) const {
    std::vector<std::pair<double, const Backend*>> able;
    const auto layouts = layouts_of(graph, graph.node(id));
    for (const auto& backend : backends_) {
      const auto ways = backend->implementations(graph, id, layouts);
      const Implementation* way = find_implementation(ways, graph, graph.node(id));
      if (way != nullptr) able.emplace_back(way->seconds, backend.get());
    }
    std::ranges::stable_sort(able, {}, &std::pair<double, const Backend*>::first);
    std::vector<const Backend*> sorted;
    for (const auto& [_, backend] : able) sorted.push_back(backend);
    return sorted;
  }

  std::vector<std::unique_ptr<Backend>> backends_;
  OnFallBack on_fall_back_;
};

}  // namespace

std::unique_ptr<Backend> make_backend_list(std::vector<std::unique_ptr<Backend>> backends,
                                           OnFallBack on_fall_back) {
  return std::make_unique<BackendList>(std::move(backends), std::move(on_fall_back));
}

}  // namespace sinter
