#include "cli/code_listing.h"

#include <fmt/format.h>

namespace sinter::cli {
namespace {

void list(const Graph& graph, const Backend& backend, CodeForm form, const std::string& within,
          std::string& text) {
  for (NodeId id = 0; id < static_cast<NodeId>(graph.nodes().size()); ++id) {
    const Node& node = graph.node(id);
    if (node.op == OpKind::slab_loop) {
      list(node.attributes.body(), backend, form, fmt::format("{}slab_loop {}, ", within, id), text);
      continue;
    }
    const auto code = backend.code(graph, id, form);
    text += fmt::format("# {}{}: {}\n", within, describe_node(graph, id), backend.runner(graph, id).name());
    text += code ? *code + "\n" : "# no code to show: a library's or this program's own\n\n";
  }
}

}  // namespace

std::string code_listing(const Graph& graph, const Backend& backend, CodeForm form) {
  std::string text;
  list(graph, backend, form, "", text);
  return text;
}

}  // namespace sinter::cli
