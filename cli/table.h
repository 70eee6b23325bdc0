#pragma once

#include <string>
#include <vector>

namespace sinter::cli {

struct Column {
  std::string heading;
  enum class Align { left, right } align = Align::left;
};

/// Rows of text under headings, in columns as wide as they need.
class Table {
 public:
  explicit Table(std::vector<Column> columns);
  /// One cell for each column.
  void row(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
  /// A line across all columns.
  void rule() { rows_.emplace_back(); }
  /// Headings and rows, each ending in a newline; no spaces at the ends of lines.
  std::string text() const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;  ///< no cells: a rule
};

}  // namespace sinter::cli
