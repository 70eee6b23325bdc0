#include "cli/data_option.h"

#include <fmt/format.h>

#include <charconv>

#include "cli/environment.h"
#include "ir/printable.h"

namespace sinter::cli {
namespace {

constexpr int64_t largest_side = 1 << 14;

// A whole number up to the largest side; 0: it is none.
int64_t side(std::string_view text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = error == std::errc{} && end == text.data() + text.size();
  return whole && value >= 1 && value <= largest_side ? value : 0;
}

}  // namespace

PictureSize picture_size(const std::string& option, const std::string& text) {
  const size_t x = text.find('x');
  PictureSize size;
  if (x != std::string::npos)
    size = {side(std::string_view(text).substr(0, x)), side(std::string_view(text).substr(x + 1))};
  if (size.height == 0 || size.width == 0)
    fail_input("{} {}: expected HEIGHTxWIDTH, each from 1 to {}, such as 224x224", option, text,
               largest_side);
  return size;
}

void DataReadingOptions::add(CLI::App& command) {
  command.add_option("--resize", resize, "resize every picture, bilinearly and antialiased as Pillow does")
      ->type_name("HxW");
}

DataSet DataReadingOptions::load(const std::string& spec, const GlobalOptions& global,
                                 const Graph* model) const {
  DataOptions options{.folders = data_folders(), .seed = global.seed};
  if (!resize.empty()) options.resize = picture_size("--resize", resize);
  (void)model;
  DataSet data = load_data_set(spec, options);
  if (!global.quiet())
    for (const std::string& note : data.notes)
      fmt::print(stderr, "note: {}: {}\n", data.name, printable(note));
  return data;
}

void DataOption::add(CLI::App& command) {
  command.add_option("--data", spec, data_set_usage)->required();
  reading.add(command);
}

DataSet DataOption::load(const GlobalOptions& global, const Graph& model) const {
  return reading.load(spec, global, &model);
}

}  // namespace sinter::cli
