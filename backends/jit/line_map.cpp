#include "backends/jit/line_map.h"

#include <algorithm>

#include "backends/jit/kernel.h"
#include "ir/ops/border.h"
#include "ir/ops/resampling.h"

namespace sinter::jit {
namespace {

LineMap padded(const Attributes& attributes, size_t dimension, int64_t inputs, int64_t outputs) {
  LineMap map{inputs, std::vector<std::vector<LineMap::Tap>>(static_cast<size_t>(outputs))};
  const int64_t before = attributes.ints("padding")[dimension];
  for (int64_t i = 0; i < outputs; ++i) {
    const int64_t source = ops::border_source(ops::border_of(attributes), i, before, inputs);
    if (source >= 0) map.taps[i].push_back({source, 1});
  }
  return map;
}

LineMap resized(const Attributes& attributes, int64_t inputs, int64_t outputs) {
  const ops::Resampling resampling(attributes);
  LineMap map{inputs, {}};
  for (int64_t i = 0; i < outputs; ++i) {
    const ops::Mix mix = resampling.at(i, inputs, outputs);
    map.taps.push_back({{mix.low, 1 - mix.share}});
    if (resampling.linear) map.taps.back().push_back({mix.high, mix.share});
  }
  return map;
}

// Of a gradient: what an element went to is what its gradient comes from.
LineMap turned_round(const LineMap& map) {
  LineMap turned{map.outputs(), std::vector<std::vector<LineMap::Tap>>(static_cast<size_t>(map.inputs))};
  for (int64_t i = 0; i < map.outputs(); ++i)
    for (const LineMap::Tap& tap : map.taps[i]) turned.taps[tap.source].push_back({i, tap.weight});
  return turned;
}

}  // namespace

int64_t LineMap::most() const {
  size_t most = 0;
  for (const auto& own : taps) most = std::max(most, own.size());
  return static_cast<int64_t>(most);
}

bool LineMap::is_even() const {
  return std::ranges::all_of(taps, [&](const auto& own) { return own.size() == taps[0].size(); });
}

bool LineMap::is_weighted() const {
  return std::ranges::any_of(taps, [](const auto& own) {
    return std::ranges::any_of(own, [](const Tap& tap) { return tap.weight != 1; });
  });
}

LineMap::Run LineMap::straight() const {
  Run longest, present;
  for (int64_t i = 0; i < outputs(); ++i) {
    const bool alone = taps[i].size() == 1 && taps[i][0].weight == 1;
    const int64_t shift = alone ? taps[i][0].source - i : 0;
    if (!alone) {
      present = {};
      continue;
    }
    if (present.end != i || present.shift != shift || present.begin == present.end) present = {i, i, shift};
    present.end = i + 1;
    if (present.end - present.begin > longest.end - longest.begin) longest = present;
  }
  return longest;
}

std::vector<int64_t> LineMap::windows() const {
  if (!is_even() || most() == 0) return {};
  std::vector<int64_t> first, last;
  for (size_t i = 0; i < taps.size(); ++i)
    for (const Tap& tap : taps[i]) {
      const size_t window = i / static_cast<size_t>(vector_size);
      if (window == first.size()) {
        first.push_back(tap.source);
        last.push_back(tap.source);
      }
      first[window] = std::min(first[window], tap.source);
      last[window] = std::max(last[window], tap.source);
      if (last[window] - first[window] >= 2 * vector_size) return {};
    }
  return first;
}

LineMap line_map(const Node& node, size_t dimension, int64_t inputs, int64_t outputs) {
  const Attributes& a = node.attributes;
  switch (node.op) {
    case OpKind::pad:
      return padded(a, dimension, inputs, outputs);
    case OpKind::pad_backward:
      return turned_round(padded(a, dimension, outputs, inputs));
    case OpKind::resize:
      return resized(a, inputs, outputs);
    default:
      return turned_round(resized(a, outputs, inputs));
  }
}

}  // namespace sinter::jit
