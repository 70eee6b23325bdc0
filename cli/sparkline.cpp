#include "cli/sparkline.h"

#include <algorithm>
#include <cmath>

namespace sinter::cli {
namespace {

constexpr size_t most_parts = 64;
constexpr const char* levels[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};

}  // namespace

// Where there is no more room, neighbours join, and parts take twice as many values from then on.
void Sparkline::add(double value) {
  if (!std::isfinite(value)) return;
  if (parts_.empty() || parts_.back().count >= part_size_) {
    if (parts_.size() == most_parts) {
      for (size_t i = 0; i < most_parts / 2; ++i)
        parts_[i] = {parts_[2 * i].sum + parts_[2 * i + 1].sum,
                     parts_[2 * i].count + parts_[2 * i + 1].count};
      parts_.resize(most_parts / 2);
      part_size_ *= 2;
    }
    parts_.emplace_back();
  }
  parts_.back().sum += value;
  ++parts_.back().count;
}

std::string Sparkline::text(size_t columns) const {
  if (parts_.empty() || columns == 0) return "";
  const size_t shown = std::min(columns, parts_.size());
  std::vector<double> means;
  for (size_t column = 0; column < shown; ++column) {
    Part all;
    for (size_t i = column * parts_.size() / shown; i < (column + 1) * parts_.size() / shown; ++i) {
      all.sum += parts_[i].sum;
      all.count += parts_[i].count;
    }
    means.push_back(all.sum / static_cast<double>(all.count));
  }
  const auto [least, most] = std::ranges::minmax(means);
  std::string text;
  for (const double mean : means) {
    const double height = most > least ? (mean - least) / (most - least) : 0;
    text += levels[std::min<size_t>(std::size(levels) - 1, static_cast<size_t>(height * std::size(levels)))];
  }
  return text;
}

}  // namespace sinter::cli
