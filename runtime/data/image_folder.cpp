#include "runtime/data/image_folder.h"

#include <algorithm>

#include "ir/error.h"
#include "runtime/data/decode_files.h"
#include "runtime/data/held_out.h"

namespace sinter {
namespace {

namespace fs = std::filesystem;

constexpr size_t most_classes = 65536;  // labels are 16 bits

// What lies in a folder, hidden entries left out, by name.
std::vector<fs::path> entries_of(const fs::path& folder) {
  std::error_code error;
  std::vector<fs::path> entries;
  fs::directory_iterator entry(folder, error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error))
    if (!entry->path().filename().string().starts_with('.')) entries.push_back(entry->path());
  if (error) fail_input_at({.file = folder.string()}, "cannot read this folder: {}", error.message());
  std::ranges::sort(entries);
  return entries;
}

std::vector<fs::path> folders_in(const fs::path& folder) {
  std::error_code ignored;
  std::vector<fs::path> folders;
  for (fs::path& entry : entries_of(folder))
    if (fs::is_directory(entry, ignored)) folders.push_back(std::move(entry));
  return folders;
}

std::vector<std::string> classes_in(const fs::path& folder) {
  std::vector<std::string> classes;
  for (const fs::path& path : folders_in(folder)) classes.push_back(path.filename().string());
  if (classes.empty())
    fail_input_at({.file = folder.string()}, "no folders of pictures, expected one for each class");
  if (classes.size() > most_classes)
    fail_input_at({.file = folder.string()}, "{} classes, expected at most {}", classes.size(), most_classes);
  return classes;
}

// The files of a split, which may lack classes but has no others.
Examples list_files(const fs::path& folder, const std::vector<std::string>& classes) {
  Examples examples;
  for (const fs::path& path : folders_in(folder)) {
    const auto found = std::ranges::find(classes, path.filename().string());
    if (found == classes.end())
      fail_input_at({.file = path.string()}, "a class that has no training pictures; those that have are {}",
                    fmt::join(classes, ", "));
    for (fs::path& file : entries_of(path)) {
      examples.files.push_back(std::move(file));
      examples.labels.push_back(static_cast<uint16_t>(found - classes.begin()));
    }
  }
  examples.count = static_cast<int64_t>(examples.files.size());
  return examples;
}

void hold_out(DataSet& data, double share) {
  const std::vector<bool> held = held_out(data.train.labels, share);
  const Examples all = std::move(data.train);
  data.train = data.test = {};
  for (int64_t i = 0; i < all.count; ++i) {
    Examples& split = held[i] ? data.test : data.train;
    split.files.push_back(all.files[i]);
    split.labels.push_back(all.labels[i]);
    ++split.count;
  }
}

// Files and labels of both splits.
DataSet list_splits(const fs::path& folder, double test_share) {
  std::error_code ignored;
  DataSet data{.name = folder.has_filename() ? folder.filename().string()
                                             : folder.parent_path().filename().string()};
  const fs::path train = folder / "train";
  const fs::path test = folder / (fs::is_directory(folder / "test", ignored) ? "test" : "val");
  if (fs::is_directory(train, ignored) && fs::is_directory(test, ignored)) {
    if (test_share > 0)
      fail_input_at({.file = folder.string()}, "it has a test split, {}; expected no --test-share beside it",
                    test.string());
    data.classes = classes_in(train);
    data.train = list_files(train, data.classes);
    data.test = list_files(test, data.classes);
    return data;
  }
  data.classes = classes_in(folder);
  if (test_share <= 0)
    fail_input_at({.file = folder.string()},
                  "no test split: expected the folders train and test (or val) in it, or --test-share 0.2 to "
                  "hold out a fifth of each class");
  data.train = list_files(folder, data.classes);
  hold_out(data, test_share);
  return data;
}

// In which size and how many channels the pictures are read.
void set_size(Examples& examples, const DataOptions& options) {
  examples.resize = options.resize.given() ? options.resize : options.model_size;
  examples.channels = options.model_channels == 1 ? 1 : 3;
}

void decode(Examples& examples, const fs::path& folder, std::string_view split, const DecodeOptions& options,
            std::vector<std::string>& notes) {
  const int64_t files = examples.count;
  const SkippedFiles skipped = decode_files(examples, options);
  if (skipped.count > 0)
    notes.push_back(fmt::format("{} of {} {} files are no sound pictures and were skipped, the first: {}",
                                skipped.count, files, split, skipped.first));
  if (examples.count == 0)
    fail_input_at({.file = folder.string()}, "no {} pictures{}", split,
                  files > 0 ? fmt::format(" are left of {} files", files) : "");
}

}  // namespace

DataSet load_image_folder(const fs::path& folder, const DataOptions& options) {
  if (!options.resize.given() && !options.model_size.given())
    fail_input_at({.file = folder.string()},
                  "pictures of a folder have sizes of their own; --resize HxW gives them one");
  DataSet data = list_splits(folder, options.test_share);
  int64_t bytes = 0;
  for (Examples* split : {&data.train, &data.test}) {
    set_size(*split, options);
    bytes += split->count * split->channels * split->resize.height * split->resize.width;
  }
  const DecodeOptions decoding{
      .keep = bytes <= options.most_bytes, .skip_bad = options.skip_bad, .threads = options.threads};
  decode(data.train, folder, "training", decoding, data.notes);
  decode(data.test, folder, "test", decoding, data.notes);
  return data;
}

}  // namespace sinter
