#include "cli/graph_columns.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

namespace sinter::cli {
namespace {

// With rows a third as high as boxes are wide, and some air, a chain of n nodes in sqrt(n / 6) columns has
// about the proportions of a page: LeNet stays one column, ResNet-18 becomes three.
constexpr double chain_per_square = 6;

// Nodes of the longest path.
int depth(const Graph& graph) {
  std::vector<int> depths;
  for (const Node& node : graph.nodes()) {
    int before = 0;
    for (const ValueId value : node.operands)
      if (value.valid() && graph.info(value).node >= 0)
        before = std::max(before, depths[graph.info(value).node]);
    depths.push_back(before + 1);
  }
  return depths.empty() ? 0 : *std::ranges::max_element(depths);
}

// For each node how many values pass a cut before it: made before, and read by it or after it.
std::vector<int> values_passing(const Graph& graph) {
  const size_t count = graph.nodes().size();
  std::vector<size_t> last_readers(graph.values().size());
  for (size_t reader = 0; reader < count; ++reader)
    for (const ValueId value : graph.nodes()[reader].operands)
      if (value.valid()) last_readers[value.index] = reader;
  std::vector<int> passing(count + 1);
  for (size_t maker = 0; maker < count; ++maker)
    for (const ValueId value : graph.nodes()[maker].results)
      for (size_t i = maker + 1; i <= last_readers[value.index]; ++i) ++passing[i];
  return passing;
}

}  // namespace

std::vector<int> columns(const Graph& graph) {
  const int nodes = static_cast<int>(graph.nodes().size());
  const int count = static_cast<int>(std::lround(depth(graph) / std::sqrt(chain_per_square * nodes + 1)));
  const std::vector<int> passing = values_passing(graph);
  std::vector<int> columns(nodes);
  for (int column = 1; column < count; ++column) {
    const int middle = column * nodes / count, reach = nodes / (4 * count);
    int cut = middle;
    for (int i = middle - reach; i <= middle + reach; ++i)
      if (passing[i] < passing[cut] ||
          (passing[i] == passing[cut] && std::abs(i - middle) < std::abs(cut - middle)))
        cut = i;
    std::fill(columns.begin() + cut, columns.end(), column);
  }
  return columns;
}

}  // namespace sinter::cli
