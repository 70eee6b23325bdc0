#include "cli/confusion_picture.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "cli/table.h"

namespace sinter::cli {
namespace {

using Anchor = SvgPicture::Anchor;

constexpr double word_size = 12;
constexpr double letter_width = 7.2;      // of the font at that size, about
constexpr double widest_name = 140;       // longer names are cut
constexpr int64_t most_with_counts = 24;  // classes; more leave no room in the cells
constexpr double turned_height = 0.72;    // of a name's length, at 45 degrees

std::string cut(const std::string& name) {
  const auto most = static_cast<size_t>(widest_name / letter_width);
  if (name.size() <= most) return name;
  size_t end = most - 1;
  while (end > 0 && (name[end] & 0xc0) == 0x80) --end;  // not inside of a character
  return name.substr(0, end) + "…";
}

// From white to a dark blue.
std::string shade(double share) {
  const auto mix = [&](double dark) { return static_cast<int>(std::lround(255 + (dark - 255) * share)); };
  return fmt::format("#{:02x}{:02x}{:02x}", mix(8), mix(60), mix(125));
}

class ConfusionDrawing {
 public:
  ConfusionDrawing(const ConfusionMatrix& matrix, const std::vector<std::string>& classes)
      : matrix_(matrix),
        cell_(matrix.classes() <= most_with_counts
                  ? 44
                  : std::max(4.0, 900.0 / static_cast<double>(matrix.classes()))) {
    double longest = 0;
    for (const std::string& name : classes) {
      names_.push_back(cut(name));
      longest = std::max(longest, static_cast<double>(names_.back().size()) * letter_width);
    }
    left_ = longest + 44;
    top_ = longest * turned_height + 74;
    side_ = cell_ * static_cast<double>(matrix.classes());
  }

  SvgPicture draw(const std::string& title) const {
    // The last column's name leans out to the right.
    SvgPicture picture(left_ + side_ + (top_ - 74) + 24, top_ + side_ + 20);
    picture.text({16, 24}, title, {14, Anchor::start, "#000000", 0, true});
    picture.text({left_ + side_ / 2, 46}, "predicted", {word_size, Anchor::middle, "#606060"});
    picture.text({20, top_ + side_ / 2}, "true", {word_size, Anchor::middle, "#606060", -90});
    for (int64_t label = 0; label < matrix_.classes(); ++label) draw_row(picture, label);
    draw_frame(picture);
    return picture;
  }

 private:
  double place(int64_t index) const { return static_cast<double>(index) * cell_; }

  void draw_row(SvgPicture& picture, int64_t label) const {
    const double y = top_ + place(label), middle = cell_ / 2;
    if (cell_ >= word_size) {
      picture.text({left_ - 8, y + middle + 4}, names_[label], {word_size, Anchor::end});
      picture.text({left_ + place(label) + middle, top_ - 8}, names_[label],
                   {word_size, Anchor::start, "#000000", -45});
    }
    for (int64_t predicted = 0; predicted < matrix_.classes(); ++predicted) {
      const int64_t count = matrix_.at(label, predicted);
      if (count == 0) continue;
      const double share = static_cast<double>(count) / static_cast<double>(matrix_.of_class(label));
      const double x = left_ + place(predicted);
      picture.box({x, y}, cell_, cell_, shade(share));
      if (matrix_.classes() <= most_with_counts)
        picture.text({x + middle, y + middle + 4}, std::to_string(count),
                     {count < 100'000 ? word_size : 8, Anchor::middle, share > 0.5 ? "#ffffff" : "#000000"});
    }
  }

  void draw_frame(SvgPicture& picture) const {
    const int64_t classes = matrix_.classes(), step = classes <= most_with_counts ? 1 : classes;
    for (int64_t i = 0; i <= classes; i += step) {
      picture.line({left_ + place(i), top_}, {left_ + place(i), top_ + side_}, {.colour = "#c0c0c0"});
      picture.line({left_, top_ + place(i)}, {left_ + side_, top_ + place(i)}, {.colour = "#c0c0c0"});
    }
  }

  const ConfusionMatrix& matrix_;
  std::vector<std::string> names_;
  double cell_, left_ = 0, top_ = 0, side_ = 0;
};

std::string share_text(int64_t part, int64_t whole) {
  return whole == 0 ? "-" : fmt::format("{:.4f}", static_cast<double>(part) / static_cast<double>(whole));
}

}  // namespace

SvgPicture confusion_picture(const ConfusionMatrix& matrix, const std::vector<std::string>& classes,
                             const std::string& title) {
  return ConfusionDrawing(matrix, classes).draw(title);
}

std::string confusion_table(const ConfusionMatrix& matrix, const std::vector<std::string>& classes) {
  std::vector<Column> columns = {{"true \\ predicted"}};
  for (const std::string& name : classes) columns.push_back({name, Column::Align::right});
  columns.push_back({"recall", Column::Align::right});
  Table table(std::move(columns));
  std::vector<std::string> precision = {"precision"};
  for (int64_t label = 0; label < matrix.classes(); ++label) {
    std::vector<std::string> row = {classes[label]};
    for (int64_t predicted = 0; predicted < matrix.classes(); ++predicted)
      row.push_back(std::to_string(matrix.at(label, predicted)));
    row.push_back(share_text(matrix.at(label, label), matrix.of_class(label)));
    table.row(std::move(row));
    precision.push_back(share_text(matrix.at(label, label), matrix.predicted_as(label)));
  }
  table.rule();
  precision.emplace_back();
  table.row(std::move(precision));
  return table.text();
}

nlohmann::ordered_json confusion_rows(const ConfusionMatrix& matrix) {
  nlohmann::ordered_json rows = nlohmann::ordered_json::array();
  for (int64_t label = 0; label < matrix.classes(); ++label) {
    nlohmann::ordered_json row = nlohmann::ordered_json::array();
    for (int64_t predicted = 0; predicted < matrix.classes(); ++predicted)
      row.push_back(matrix.at(label, predicted));
    rows.push_back(std::move(row));
  }
  return rows;
}

std::string confusion_json(const ConfusionMatrix& matrix, const std::vector<std::string>& classes) {
  return nlohmann::ordered_json{{"classes", classes}, {"matrix", confusion_rows(matrix)}}.dump() + "\n";
}

}  // namespace sinter::cli
