#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace sinter::cli {

/// A curve in one line of text, `█▅▃▂▁▁`: all values added so far, each column the mean of as many.
class Sparkline {
 public:
  void add(double value);
  /// At most so many columns.
  std::string text(size_t columns) const;

 private:
  struct Part {
    double sum = 0;
    int64_t count = 0;
  };
  std::vector<Part> parts_;
  int64_t part_size_ = 1;  ///< values in a full part
};

}  // namespace sinter::cli
