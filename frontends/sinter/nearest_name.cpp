#include "frontends/sinter/nearest_name.h"

#include <algorithm>
#include <numeric>
#include <utility>
#include <vector>

namespace sinter::language {
namespace {

constexpr size_t longest_guess = 64;  // the distance takes time in the product of the lengths

std::string lower_case(std::string_view name) {
  std::string lower(name);
  for (char& c : lower)
    if (c >= 'A' && c <= 'Z') c += 'a' - 'A';
  return lower;
}

// Insertions, deletions and changes of one letter that lead from a to b.
// Source: Wagner, Fischer, "The String-to-String Correction Problem", JACM 1974.
size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 0; i < a.size(); ++i) {
    size_t diagonal = std::exchange(row[0], i + 1);
    for (size_t j = 0; j < b.size(); ++j) {
      const size_t change = diagonal + (a[i] != b[j]);
      diagonal = row[j + 1];
      row[j + 1] = std::min({change, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

size_t distance(std::string_view a, std::string_view b) {
  constexpr size_t shortest_stem = 3;
  const std::string p = lower_case(a), q = lower_case(b);
  const bool stem = std::min(p.size(), q.size()) >= shortest_stem && (p.starts_with(q) || q.starts_with(p));
  return stem ? std::min<size_t>(edit_distance(p, q), 1) : edit_distance(p, q);
}

}  // namespace

std::string did_you_mean(std::string_view name, std::span<const std::string_view> names) {
  if (name.size() > longest_guess) return {};
  std::string_view best;
  size_t least = std::max<size_t>(1, name.size() / 3) + 1;
  for (const std::string_view candidate : names) {
    if (candidate.size() > longest_guess) continue;
    const size_t changes = distance(name, candidate);
    if (changes >= least) continue;
    least = changes;
    best = candidate;
  }
  return best.empty() ? std::string() : "; did you mean " + std::string(best) + "?";
}

}  // namespace sinter::language
