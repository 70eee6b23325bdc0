#include "cli/graph_file.h"

#include "cli/standard_output.h"
#include "ir/text.h"
#include "ir/verify.h"
#include "runtime/files/atomic_file.h"
#include "runtime/files/read_file.h"

namespace sinter::cli {
namespace {

std::string sidecar_of(const std::string& path) { return path + ".bin"; }

}  // namespace

Graph read_graph(const std::string& path) {
  const bool standard_input = path == "-";
  const auto text = read_file(standard_input ? "/dev/stdin" : path);
  std::vector<uint8_t> sidecar;
  if (!standard_input && std::filesystem::exists(sidecar_of(path))) sidecar = read_file(sidecar_of(path));
  const std::string name = standard_input ? "<stdin>" : path;
  Graph graph = parse({reinterpret_cast<const char*>(text.data()), text.size()}, name,
                      std::as_bytes(std::span(sidecar)));
  verify_or_fail(graph, name);
  return graph;
}

void write_graph(const Graph& graph, const std::string& path) {
  std::vector<std::byte> sidecar;
  const std::string text = print(graph, &sidecar);
  if (path.empty()) {
    if (!sidecar.empty())
      fail_input(
          "graph \"{}\" has constants of more than 16 elements, which go to a file of their own: write both "
          "with "
          "--output FILE.ir",
          graph.name);
    return write_result(text);
  }
  if (!sidecar.empty()) write_file(sidecar_of(path), sidecar);
  write_file(path, std::as_bytes(std::span(text)));
}

}  // namespace sinter::cli
