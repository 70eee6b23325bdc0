#include "runtime/data/image_folder.h"

#include <algorithm>
#include <optional>

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

std::string some_of(const std::vector<std::string>& names) {
  constexpr size_t most = 8;
  const std::span shown = std::span(names).first(std::min(names.size(), most));
  return fmt::format("{}{}", fmt::join(shown, ", "), names.size() > most ? ", ..." : "");
}

// The files of a split, which may lack classes but has no others.
Examples list_files(const fs::path& folder, const std::vector<std::string>& classes, bool skip_bad) {
  Examples examples;
  std::vector<std::string> empty;
  for (const fs::path& path : folders_in(folder)) {
    const auto found = std::ranges::find(classes, path.filename().string());
    if (found == classes.end())
      fail_input_at({.file = path.string()}, "a class that has no training pictures; those that have are {}",
                    fmt::join(classes, ", "));
    std::vector<fs::path> files = entries_of(path);
    if (files.empty()) empty.push_back(*found);
    for (fs::path& file : files) {
      examples.files.push_back(std::move(file));
      examples.labels.push_back(static_cast<uint16_t>(found - classes.begin()));
    }
  }
  if (!empty.empty() && !skip_bad)
    fail_input_at({.file = folder.string()},
                  "no pictures in the folder{} {}; expected at least one of each class; --skip-bad goes on "
                  "without",
                  empty.size() == 1 ? "" : "s", some_of(empty));
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

// Where the test pictures lie, if they have a folder beside the training's.
std::optional<fs::path> test_folder(const fs::path& folder) {
  std::error_code ignored;
  if (fs::is_directory(folder / "train", ignored))
    for (const std::string_view name : {"test", "val"})
      if (fs::is_directory(folder / name, ignored)) return folder / name;
  return std::nullopt;
}

// Files and labels of both splits.
DataSet list_splits(const fs::path& folder, const DataOptions& options) {
  DataSet data{.name = folder.has_filename() ? folder.filename().string()
                                             : folder.parent_path().filename().string()};
  if (const auto test = test_folder(folder)) {
    if (options.test_share > 0)
      fail_input_at({.file = folder.string()}, "it has a test split, {}; expected no --test-share beside it",
                    test->string());
    data.classes = classes_in(folder / "train");
    data.train = list_files(folder / "train", data.classes, options.skip_bad);
    data.test = list_files(*test, data.classes, options.skip_bad);
    return data;
  }
  data.classes = classes_in(folder);
  if (options.test_share <= 0 && options.needs_test)
    fail_input_at({.file = folder.string()},
                  "no test split: expected the folders train and test (or val) in it, or --test-share 0.2 to "
                  "hold out a fifth of each class");
  data.train = list_files(folder, data.classes, options.skip_bad);
  if (options.test_share > 0) hold_out(data, options.test_share);
  return data;
}

// In which size and how many channels the pictures are read.
void set_size(Examples& examples, const DataOptions& options) {
  examples.resize = options.resize.given() ? options.resize : options.model_size;
  examples.channels = options.model_channels == 1 ? 1 : 3;
}

// One line a file, so that they can be looked at or removed.
std::string note_of(const SkippedFiles& skipped, int64_t files, std::string_view split) {
  std::string note = fmt::format("{} of {} {} files {} and {} skipped:", skipped.count, files, split,
                                 skipped.count == 1 ? "is no sound picture" : "are no sound pictures",
                                 skipped.count == 1 ? "was" : "were");
  for (const std::string& reason : skipped.reasons) note += "\n  " + reason;
  const int64_t more = skipped.count - std::ssize(skipped.reasons);
  return more > 0 ? note + fmt::format("\n  and {} more", more) : note;
}

void decode(Examples& examples, const fs::path& folder, std::string_view split, const DecodeOptions& options,
            std::vector<std::string>& notes) {
  const int64_t files = examples.count;
  const SkippedFiles skipped = decode_files(examples, options);
  if (skipped.count > 0) notes.push_back(note_of(skipped, files, split));
  if (examples.count == 0)
    fail_input_at({.file = folder.string()}, "no {} pictures{}", split,
                  files > 0 ? fmt::format(" are left of {} files", files) : "");
}

// Their labels stay those of the sorted names: a model's outputs mean the same whatever was skipped.
void note_missing_classes(DataSet& data) {
  std::vector<std::string> missing;
  for (size_t label = 0; label < data.classes.size(); ++label)
    if (std::ranges::count(data.train.labels, static_cast<uint16_t>(label)) == 0)
      missing.push_back(data.classes[label]);
  if (!missing.empty())
    data.notes.push_back(fmt::format("{} of {} classes without a training picture: {}", missing.size(),
                                     data.classes.size(), some_of(missing)));
}

}  // namespace

DataSet load_image_folder(const fs::path& folder, const DataOptions& options) {
  if (!options.resize.given() && !options.model_size.given())
    fail_input_at({.file = folder.string()},
                  "pictures of a folder have sizes of their own; --resize HxW gives them one");
  DataSet data = list_splits(folder, options);
  int64_t bytes = 0;
  for (Examples* split : {&data.train, &data.test}) {
    set_size(*split, options);
    bytes += split->count * split->channels * split->resize.height * split->resize.width;
  }
  const DecodeOptions decoding{.keep = bytes <= options.most_bytes,
                               .skip_bad = options.skip_bad,
                               .threads = options.threads,
                               .before_picture = options.before_picture};
  decode(data.train, folder, "training", decoding, data.notes);
  if (test_folder(folder) || options.test_share > 0)
    decode(data.test, folder, "test", decoding, data.notes);
  else
    data.test = data.train.none();
  if (options.skip_bad) note_missing_classes(data);
  return data;
}

}  // namespace sinter
