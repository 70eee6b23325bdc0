#include "cli/predictions.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <sstream>

#include "cli/table.h"
#include "ir/interpreter.h"
#include "runtime/data/data_set.h"
#include "runtime/files/read_file.h"

namespace sinter::cli {
namespace {

constexpr int bar_width = 30;

std::vector<std::string> lines_of(const std::string& path) {
  const auto bytes = read_file(path);
  std::istringstream text({bytes.begin(), bytes.end()});
  std::vector<std::string> lines;
  for (std::string line; std::getline(text, line);) {
    if (line.ends_with('\r')) line.pop_back();
    lines.push_back(line);
  }
  return lines;
}

std::string bar(double share) {
  std::string text;
  for (int i = 0; i < std::lround(share * bar_width); ++i) text += "█";
  return text;
}

// Probabilities of each class, one sample.
using Row = std::vector<double>;

// Labels from the likeliest on; NaN comes last.
std::vector<size_t> ranking(const Row& row) {
  std::vector<size_t> labels(row.size());
  std::iota(labels.begin(), labels.end(), size_t{0});
  std::ranges::stable_sort(labels, std::greater{},
                           [&](size_t label) { return std::isnan(row[label]) ? -1 : row[label]; });
  return labels;
}

std::string class_at(size_t label, const std::vector<std::string>& classes) {
  return classes.empty() ? std::to_string(label) : classes[label];
}

std::string one_sample(const Row& row, const std::vector<std::string>& classes, int64_t top) {
  std::vector<size_t> labels = ranking(row);
  labels.resize(std::min(labels.size(), static_cast<size_t>(top)));
  Table table({{"class"}, {"probability", Column::Align::right}, {""}});
  for (const size_t label : labels)
    table.row({class_at(label, classes), fmt::format("{:.4f}", row[label]), bar(row[label])});
  return table.text();
}

std::string many_samples(const std::vector<Row>& rows, const std::vector<std::string>& classes) {
  const auto right = Column::Align::right;
  Table table({{"sample", right}, {"class"}, {"probability", right}});
  for (size_t i = 0; i < rows.size(); ++i) {
    const size_t label = ranking(rows[i]).front();
    table.row({std::to_string(i), class_at(label, classes), fmt::format("{:.4f}", rows[i][label])});
  }
  return table.text();
}

std::vector<Row> probabilities(const Graph& model, const GraphResult& result, Tensor values) {
  const ValueInfo& info = model.info(result.value);
  const bool ends_in_softmax = info.kind == ValueKind::result && model.node(info.node).op == OpKind::softmax;
  if (!ends_in_softmax)
    values =
        evaluate(OpKind::softmax, Attributes(OpKind::softmax), std::array{std::optional(values)}).front();
  std::vector<Row> rows(values.shape()[0], Row(values.shape()[1]));
  for (int64_t i = 0; i < values.count(); ++i)
    rows[i / values.shape()[1]][i % values.shape()[1]] = values.at(i);
  return rows;
}

std::string range_of(const Tensor& values) {
  double least = INFINITY, most = -INFINITY, sum = 0;
  for (int64_t i = 0; i < values.count(); ++i) {
    least = std::min(least, values.at(i));
    most = std::max(most, values.at(i));
    sum += values.at(i);
  }
  return fmt::format("{}  least {:.6g}  mean {:.6g}  most {:.6g}\n", to_string(values.type()), least,
                     sum / static_cast<double>(values.count()), most);
}

}  // namespace

std::vector<std::string> read_class_names(const std::string& spec) {
  if (spec.empty()) return {};
  if (const auto names = class_names(spec)) return *names;
  const bool names_file = spec.find('/') != std::string::npos || std::filesystem::path(spec).has_extension();
  std::error_code unknown;
  if (names_file || std::filesystem::exists(spec, unknown)) return lines_of(spec);
  fail_input("--labels {}: expected a file with a class's name on each line, or the name of a data set",
             spec);
}

std::string describe_result(const Graph& model, const GraphResult& result, const Tensor& values,
                            const std::vector<std::string>& classes, int64_t top) {
  const std::string title = result.name.empty() ? "" : result.name + ": ";
  const auto& shape = values.shape();
  if (shape.size() != 2 || shape[1] < 2 || !is_floating(values.dtype())) return title + range_of(values);
  if (!classes.empty() && static_cast<int64_t>(classes.size()) != shape[1])
    fail_input("--labels has {} names; model \"{}\" has {} classes", classes.size(), model.name, shape[1]);
  const std::vector<Row> rows = probabilities(model, result, values);
  return (title.empty() ? "" : title + "\n") +
         (rows.size() == 1 ? one_sample(rows[0], classes, top) : many_samples(rows, classes));
}

}  // namespace sinter::cli
