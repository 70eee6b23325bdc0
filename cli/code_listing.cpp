#include "cli/code_listing.h"

#include <fmt/format.h>

namespace sinter::cli {
namespace {

void list(const Graph& graph, const Backend& backend, CodeForm form, const std::string& within,
          CodeListing& listing) {
  for (NodeId id = 0; id < static_cast<NodeId>(graph.nodes().size()); ++id) {
    const Node& node = graph.node(id);
    if (node.op == OpKind::slab_loop) {
      list(node.attributes.body(), backend, form, fmt::format("{}slab_loop {}, ", within, id), listing);
      continue;
    }
    const auto code = backend.code(graph, id, form);
    const std::string_view runner = backend.runner(graph, id).name();
    listing.any_code |= code.has_value();
    listing.backends.emplace(runner);
    listing.text += fmt::format("# {}{}: {}\n", within, describe_node(graph, id), runner);
    listing.text += code ? *code + "\n" : "# no code to show: a library's or this program's own\n\n";
  }
}

}  // namespace

CodeListing code_listing(const Graph& graph, const Backend& backend, CodeForm form) {
  CodeListing listing;
  list(graph, backend, form, "", listing);
  return listing;
}

}  // namespace sinter::cli
