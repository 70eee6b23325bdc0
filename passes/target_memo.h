#pragma once

#include <map>

#include "passes/target.h"

namespace sinter {

/// A target that is asked the same only once: a deep network repeats its nodes, and an answer takes a target
/// up to milliseconds. For one pass over one graph or its parts. Thread safety: none.
class TargetMemo final : public Target {
 public:
  explicit TargetMemo(const Target& target) : target_(target) {}

  using Target::implementations;
  std::vector<Implementation> implementations(const Graph& graph, NodeId node,
                                              std::span<const Layout> offered) const override;
  double reorder_seconds(const Type& type, const Layout& to) const override;
  std::optional<std::string> refuses_fusion(const Graph& body) const override;

 private:
  const Target& target_;
  mutable std::map<std::string, std::vector<Implementation>> implementations_;  ///< by the question
  mutable std::map<std::string, std::optional<std::string>> refusals_;          ///< by the body
};

}  // namespace sinter
