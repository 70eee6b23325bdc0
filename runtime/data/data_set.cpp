#include "runtime/data/data_set.h"

#include <algorithm>
#include <array>
#include <optional>

#include "ir/error.h"
#include "runtime/data/cifar10.h"
#include "runtime/data/find_file.h"
#include "runtime/data/idx.h"
#include "runtime/data/image_folder.h"
#include "runtime/data/npy_set.h"
#include "runtime/data/synthetic.h"

namespace sinter {
namespace {

namespace fs = std::filesystem;

using Classes = std::array<std::string_view, 10>;

struct Source {
  std::string_view name;
  std::string_view usage;
  const Classes* classes;  ///< null: only the files tell
  DataSet (*load)(std::optional<std::string_view> argument, const DataOptions& options);
};

struct IdxSet {
  std::string_view name;
  Classes classes;
  std::string_view home;
};

constexpr IdxSet fashion_mnist = {"fashion-mnist",
                                  {"T-shirt/top", "trouser", "pullover", "dress", "coat", "sandal", "shirt",
                                   "sneaker", "bag", "ankle boot"},
                                  "https://github.com/zalandoresearch/fashion-mnist (data/fashion)"};
constexpr IdxSet mnist = {"mnist",
                          {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"},
                          "http://yann.lecun.com/exdb/mnist, or its mirror "
                          "https://storage.googleapis.com/cvdf-datasets/mnist"};

constexpr std::array<std::string_view, 4> idx_files = {"train-images-idx3-ubyte", "train-labels-idx1-ubyte",
                                                       "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"};

// The first of `folders` that holds all the files.
std::vector<fs::path> find_files(const IdxSet& set, const std::vector<fs::path>& folders) {
  std::string looked_in;
  for (const fs::path& folder : folders) {
    std::vector<fs::path> found;
    std::string missing;
    for (const std::string_view name : idx_files) {
      if (auto path = find_plain_or_gzip(folder, name))
        found.push_back(std::move(*path));
      else
        missing += fmt::format("{}{}", missing.empty() ? "" : " ", name);
    }
    if (missing.empty()) return found;
    looked_in += fmt::format("  looked in  {} ({})\n", folder.string(), describe_missing(folder, missing));
  }
  if (folders.empty()) looked_in = "  looked in  no folder, as none was given\n";
  throw InputError({}, fmt::format("{}: the data is not there", set.name),
                   fmt::format("{}  expected   {}, each plain or .gz\n  from       {}", looked_in,
                               fmt::join(idx_files, ", "), set.home));
}

// Where a set may lie: in `folder`, or under one of its names in a folder of data sets.
std::vector<fs::path> places(std::optional<std::string_view> folder, const DataOptions& options,
                             std::initializer_list<std::string_view> names) {
  if (folder) return {fs::path(*folder)};
  std::vector<fs::path> places;
  for (const fs::path& root : options.folders)
    for (const std::string_view name : names) places.push_back(root / name);
  return places;
}

DataSet load_idx_set(const IdxSet& set, std::optional<std::string_view> folder, const DataOptions& options) {
  const std::vector<fs::path> files = find_files(set, places(folder, options, {set.name}));
  DataSet data{.name = std::string(set.name), .classes = {set.classes.begin(), set.classes.end()}};
  data.train = read_idx(files[0], files[1], static_cast<int>(set.classes.size()));
  data.test = read_idx(files[2], files[3], static_cast<int>(set.classes.size()));
  if (data.train.height != data.test.height || data.train.width != data.test.width)
    fail_input_at({.file = files[2].string()}, "pictures of {} x {}, expected {} x {} as in {}",
                  data.test.height, data.test.width, data.train.height, data.train.width, files[0].string());
  return data;
}

DataSet load_synthetic(std::optional<std::string_view> argument, const DataOptions& options) {
  if (argument)
    fail_input("data set \"synthetic:{}\": synthetic is generated and reads no folder", *argument);
  DataSet data{.name = "synthetic", .classes = {mnist.classes.begin(), mnist.classes.end()}};
  data.train = draw_glyphs({.count = 20000, .seed = options.seed, .split = "train"});
  data.test = draw_glyphs({.count = 4000, .seed = options.seed, .split = "test"});
  return data;
}

DataSet load_images(std::optional<std::string_view> folder, const DataOptions& options) {
  if (!folder) fail_input("data set \"images\": expected images:DIR, a folder with one for each class");
  return load_image_folder(fs::path(*folder), options);
}

DataSet load_npy(std::optional<std::string_view> files, const DataOptions& options) {
  return load_npy_set(files.value_or(""), options);
}

constexpr std::array<Source, 6> sources = {{
    {fashion_mnist.name, "fashion-mnist[:DIR]", &fashion_mnist.classes,
     [](auto folder, const auto& options) { return load_idx_set(fashion_mnist, folder, options); }},
    {mnist.name, "mnist[:DIR]", &mnist.classes,
     [](auto folder, const auto& options) { return load_idx_set(mnist, folder, options); }},
    {"cifar10", "cifar10[:DIR]", &cifar10_classes,
     [](auto folder, const auto& options) {
       return load_cifar10(places(folder, options, {"cifar10", "cifar-10"}));
     }},
    {"images", "images:DIR", nullptr, load_images},
    {"npy", "npy:X.npy,Y.npy", nullptr, load_npy},
    {"synthetic", "synthetic", &mnist.classes, load_synthetic},
}};

}  // namespace

std::optional<std::vector<std::string>> class_names(std::string_view name) {
  for (const Source& source : sources)
    if (source.name == name && source.classes != nullptr)
      return std::vector<std::string>(source.classes->begin(), source.classes->end());
  return std::nullopt;
}

DataSet load_data_set(std::string_view spec, const DataOptions& options) {
  const size_t colon = spec.find(':');
  const std::string_view name = spec.substr(0, colon);
  std::optional<std::string_view> argument;
  if (colon != std::string_view::npos) argument = spec.substr(colon + 1);
  if (argument && argument->empty())
    fail_input("data set \"{}\": {} expected after the colon", spec,
               name == "npy" ? "files are" : "a folder is");
  const auto source = std::ranges::find(sources, name, &Source::name);
  if (source == sources.end()) {
    std::string known;
    for (const Source& one : sources) known += fmt::format(" {}", one.usage);
    fail_input("unknown data set \"{}\"; expected one of{}", spec, known);
  }
  if (options.skip_bad && name != "images")
    fail_input("data set \"{}\": --skip-bad is for images:DIR; a damaged file is an error", spec);
  if (options.test_share > 0 && name != "images" && name != "npy")
    fail_input("data set \"{}\" has a test split; expected no --test-share beside it", spec);
  DataSet data = source->load(argument, options);
  if (options.resize.given() && data.train.values != nullptr)
    fail_input("data set \"{}\" holds f32, which is taken as it is; expected no --resize beside it", spec);
  if (options.resize.given()) data.train.resize = data.test.resize = options.resize;
  if (data.test.count == 0)
    data.notes.emplace_back(
        "no test split, so that nothing is evaluated; --test-share 0.2 holds out a fifth of each class");
  return data;
}

}  // namespace sinter
