#include "cli/table.h"

#include <fmt/format.h>

#include <algorithm>

namespace sinter::cli {
namespace {

constexpr size_t gap = 2;  // spaces between columns

// Characters, not bytes: all but the continuation bytes of UTF-8.
size_t width_of(const std::string& text) {
  return std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; });
}

std::string padded(const std::string& cell, size_t width, Column::Align align) {
  const std::string space(width - width_of(cell), ' ');
  return align == Column::Align::right ? space + cell : cell + space;
}

}  // namespace

Table::Table(std::vector<Column> columns) : columns_(std::move(columns)) {
  std::vector<std::string> headings;
  for (const Column& column : columns_) headings.push_back(column.heading);
  row(std::move(headings));
  rule();
}

std::string Table::text() const {
  std::vector<size_t> widths(columns_.size());
  for (const auto& cells : rows_)
    for (size_t i = 0; i < cells.size(); ++i) widths[i] = std::max(widths[i], width_of(cells[i]));
  size_t total = gap * (widths.size() - 1);
  for (const size_t width : widths) total += width;

  std::string text;
  for (const auto& cells : rows_) {
    std::string line = cells.empty() ? std::string(total, '-') : "";
    for (size_t i = 0; i < cells.size(); ++i)
      line += (i ? std::string(gap, ' ') : "") + padded(cells[i], widths[i], columns_[i].align);
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text;
}

}  // namespace sinter::cli
