#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <memory>
#include <span>

#include "cli/commands.h"
#include "cli/data_option.h"
#include "cli/standard_output.h"
#include "cli/table.h"
#include "ir/error.h"
#include "runtime/data/example_reader.h"
#include "runtime/files/png.h"

namespace sinter::cli {
namespace {

constexpr const char* examples =
    "Examples:\n"
    "  sinter data synthetic\n"
    "  sinter data synthetic --export pictures --count 20\n"
    "  sinter data fashion-mnist:DIR --export pictures --split train\n"
    "  sinter data cifar10 --resize 96x96 --export pictures";

struct Options {
  std::string spec;
  DataReadingOptions reading;
  std::string folder;
  int64_t count = 10;
  std::string split;  ///< empty: not given

  /// What is exported: the test pictures, unless told otherwise or there are none.
  bool of_test(const DataSet& data) const { return split.empty() ? data.test.count > 0 : split == "test"; }
};

// By channel, of pixels as p / 255: what --normalize takes.
struct Statistics {
  std::vector<double> mean, deviation;

  void add(double sum, double squares, double count) {
    mean.push_back(sum / count);
    deviation.push_back(std::sqrt(std::max(0.0, squares / count - std::pow(sum / count, 2))));
  }
};

Statistics statistics_of_values(const Examples& examples) {
  Statistics result;
  const int64_t plane = examples.height * examples.width;
  for (int64_t c = 0; c < examples.channels; ++c) {
    double sum = 0, squares = 0;
    for (int64_t n = 0; n < examples.count; ++n) {
      const float* values = examples.values.get() + (n * examples.channels + c) * plane;
      for (const double value : std::span(values, plane)) sum += value, squares += value * value;
    }
    result.add(sum, squares, static_cast<double>(examples.count * plane));
  }
  return result;
}

Statistics statistics_of_pixels(const Examples& examples) {
  Statistics result;
  const int64_t plane = examples.size().height * examples.size().width;
  std::vector<std::array<int64_t, 256>> histograms(examples.channels);
  ExampleReader reader(examples);
  for (int64_t n = 0; n < examples.count; ++n) {
    const auto pixels = reader.read(n);
    for (int64_t c = 0; c < examples.channels; ++c)
      for (const uint8_t pixel : pixels.subspan(c * plane, plane)) ++histograms[c][pixel];
  }
  for (const auto& histogram : histograms) {
    double sum = 0, squares = 0;
    for (size_t pixel = 0; pixel < histogram.size(); ++pixel) {
      const double value = static_cast<double>(pixel) / 255;
      sum += value * static_cast<double>(histogram[pixel]);
      squares += value * value * static_cast<double>(histogram[pixel]);
    }
    result.add(sum, squares, static_cast<double>(examples.count * plane));
  }
  return result;
}

std::string class_table(const DataSet& data) {
  const auto right = Column::Align::right;
  Table table({{"label", right}, {"class"}, {"train", right}, {"test", right}});
  for (size_t label = 0; label < data.classes.size(); ++label) {
    const auto count = [&](const Examples& examples) {
      return std::to_string(std::ranges::count(examples.labels, static_cast<uint16_t>(label)));
    };
    table.row({std::to_string(label), data.classes[label], count(data.train), count(data.test)});
  }
  table.rule();
  table.row({"", "total", std::to_string(data.train.count), std::to_string(data.test.count)});
  return table.text();
}

std::string description(const DataSet& data) {
  const Examples& train = data.train;
  const bool pictures = train.values == nullptr;
  const Statistics found = pictures ? statistics_of_pixels(train) : statistics_of_values(train);
  return fmt::format(
      "{}: {} of {} x {}{}, {} channel{}, {} classes\n\n{}\n"
      "mean and standard deviation of the training {}{:.4f},{:.4f}\n",
      data.name, pictures ? "pictures" : "f32", train.size().height, train.size().width,
      pictures ? " pixels" : "", train.channels, train.channels == 1 ? "" : "s", data.classes.size(),
      class_table(data),
      pictures ? "pixels: --normalize " : "values, which are taken as they are: ", fmt::join(found.mean, ","),
      fmt::join(found.deviation, ","));
}

// "T-shirt/top" -> "t-shirt-top"
std::string file_word(std::string_view text) {
  std::string word;
  for (const unsigned char c : text) {
    if (std::isalnum(c))
      word += static_cast<char>(std::tolower(c));
    else if (!word.empty() && word.back() != '-')
      word += '-';
  }
  return word;
}

std::string export_pictures(const DataSet& data, const Options& options) {
  const bool of_test = options.of_test(data);
  const Examples& examples = of_test ? data.test : data.train;
  const int64_t count = std::min(options.count, examples.count);
  const std::filesystem::path folder(options.folder);
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) fail_input("--export {}: cannot make this folder: {}", options.folder, error.message());
  const size_t digits = std::max<size_t>(3, std::to_string(count - 1).size());
  ExampleReader reader(examples);
  for (int64_t i = 0; i < count; ++i) {
    const std::string name =
        fmt::format("{:0{}}-{}.png", i, digits, file_word(data.classes[examples.labels[i]]));
    const auto pixels = reader.read(i);
    write_png(
        folder / name,
        {examples.channels, examples.size().height, examples.size().width, {pixels.begin(), pixels.end()}});
  }
  return fmt::format("wrote {} {} pictures to {}\n", count, of_test ? "test" : "training", options.folder);
}

void show_data(const Options& options, const GlobalOptions& global) {
  const DataSet data = options.reading.load(options.spec, global);
  if (!options.folder.empty() && data.train.values != nullptr)
    fail_input("--export {}: data set \"{}\" holds f32 and no pictures", options.folder, options.spec);
  if (!options.folder.empty() && options.split == "test" && data.test.count == 0)
    fail_input("--export {}: data set \"{}\" has no test split; expected --split train", options.folder,
               options.spec);
  write_result(description(data));
  if (!options.folder.empty()) write_result(export_pictures(data, options));
}

}  // namespace

void add_data(CLI::App& app, const GlobalOptions& global) {
  CLI::App* command = app.add_subcommand("data", "what is in a data set; its pictures as PNG files");
  command->footer(examples);
  auto options = std::make_shared<Options>();
  command->add_option("SPEC", options->spec, data_set_usage)->required();
  options->reading.add(*command);
  CLI::Option* folder =
      command->add_option("--export", options->folder, "write pictures to this folder")->type_name("DIR");
  command->add_option("--count", options->count, "how many, from the first on")
      ->check(number_in(1, 1e9))
      ->capture_default_str()
      ->needs(folder);
  command
      ->add_option("--split", options->split,
                   "train or test; where it is not given, test if the set has that split")
      ->check(CLI::IsMember({"train", "test"}))
      ->needs(folder);
  command->callback([options, &global] { show_data(*options, global); });
}

}  // namespace sinter::cli
