#include "runtime/data/held_out.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "ir/philox.h"

namespace sinter {

std::vector<bool> held_out(std::span<const uint16_t> labels, double share) {
  std::map<uint16_t, std::vector<size_t>> by_class;
  for (size_t i = 0; i < labels.size(); ++i) by_class[labels[i]].push_back(i);
  std::vector<bool> held(labels.size());
  for (auto& [label, examples] : by_class) {
    const size_t count = examples.size();
    auto wanted = static_cast<size_t>(std::lround(share * static_cast<double>(count)));
    if (count >= 2) wanted = std::clamp<size_t>(wanted, 1, count - 1);
    Random random(0, stream_id("held out"), 0, label);
    for (size_t i = 0; i < wanted; ++i) {
      std::swap(examples[i], examples[i + random.uniform_int(count - i)]);
      held[examples[i]] = true;
    }
  }
  return held;
}

}  // namespace sinter
