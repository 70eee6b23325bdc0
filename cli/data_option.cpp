#include "cli/data_option.h"

#include <fmt/format.h>

#include <charconv>

#include "cli/environment.h"
#include "cli/interrupt.h"
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

// A model that takes no pictures, or tells no classes, is refused later, beside what the data has.
void fit_model(DataOptions& options, const Graph& model) {
  if (model.results().size() == 1) {
    const Shape& scores = model.type(model.results()[0].value).shape;
    if (scores.size() == 2 && !scores[1].is_symbol()) options.model_classes = scores[1].size;
  }
  if (model.inputs().size() != 1) return;
  const Shape& shape = model.type(model.inputs()[0]).shape;
  if (shape.size() != 4) return;
  options.model_channels = shape[1].is_symbol() ? 0 : shape[1].size;
  if (!shape[2].is_symbol() && !shape[3].is_symbol()) options.model_size = {shape[2].size, shape[3].size};
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
  command
      .add_option("--test-share", test_share,
                  "hold out this share of each class for the test (images:, npy: without a test split)")
      ->check(number_above(0) & number_in(0, 0.9))
      ->type_name("SHARE");
  command.add_flag("--skip-bad", skip_bad,
                   "leave out pictures that cannot be read and classes without any (images:), and say how "
                   "many");
}

DataSet DataReadingOptions::load(const std::string& spec, const GlobalOptions& global,
                                 const Graph* model) const {
  DataOptions options{.folders = data_folders(),
                      .seed = global.seed,
                      .test_share = test_share,
                      .needs_test = needs_test,
                      .skip_bad = skip_bad,
                      .threads = global.threads,
                      .before_picture = throw_if_interrupted};
  if (!resize.empty()) options.resize = picture_size("--resize", resize);
  if (model != nullptr) fit_model(options, *model);
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
