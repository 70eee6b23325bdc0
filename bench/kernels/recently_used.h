#pragma once

#include <list>
#include <string>
#include <utility>

namespace sinter::bench {

/// The last few values asked for, by name: repetitions that are interleaved find again what takes long to
/// make, and memory stays bounded over a whole suite.
template <typename Value>
class RecentlyUsed {
 public:
  explicit RecentlyUsed(size_t most) : most_(most) {}

  template <typename Make>
  Value find_or_make(const std::string& name, Make&& make) {
    for (auto it = values_.begin(); it != values_.end(); ++it)
      if (it->first == name) {
        values_.splice(values_.begin(), values_, it);
        return it->second;
      }
    // Room first: the old and the new need not exist at once.
    while (values_.size() >= most_) values_.pop_back();
    values_.emplace_front(name, make());
    return values_.front().second;
  }

 private:
  size_t most_;
  std::list<std::pair<std::string, Value>> values_;  ///< the latest first
};

}  // namespace sinter::bench
