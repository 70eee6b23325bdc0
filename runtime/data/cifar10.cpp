#include "runtime/data/cifar10.h"

#include "ir/error.h"
#include "runtime/data/find_file.h"
#include "runtime/files/gzip_file.h"

namespace sinter {
namespace {

namespace fs = std::filesystem;

constexpr int64_t side = 32, channels = 3;
constexpr int64_t pixel_bytes = channels * side * side;
constexpr int64_t record_bytes = 1 + pixel_bytes;
constexpr int training_batches = 5;
constexpr std::string_view test_batch = "test_batch.bin";
constexpr std::string_view archive_folder = "cifar-10-batches-bin";

std::string training_batch(int number) { return fmt::format("data_batch_{}.bin", number); }

struct Files {
  std::vector<fs::path> train;
  std::vector<int> train_numbers;
  std::optional<fs::path> test;

  bool complete() const { return !train.empty() && test; }
};

Files files_in(const fs::path& folder) {
  Files files;
  for (int number = 1; number <= training_batches; ++number) {
    auto path = find_plain_or_gzip(folder, training_batch(number));
    if (!path) continue;
    files.train.push_back(std::move(*path));
    files.train_numbers.push_back(number);
  }
  files.test = find_plain_or_gzip(folder, test_batch);
  return files;
}

Files find_files(std::span<const fs::path> folders) {
  std::string looked_in;
  for (const fs::path& folder : folders) {
    for (const fs::path& place : {folder, folder / archive_folder}) {
      Files files = files_in(place);
      if (files.complete()) return files;
    }
    const Files files = files_in(folder);
    const std::string missing =
        fmt::format("{}{}{}", files.train.empty() ? "every training batch" : "",
                    files.train.empty() && !files.test ? " and " : "", files.test ? "" : test_batch);
    looked_in += fmt::format("  looked in  {} ({})\n", folder.string(), describe_missing(folder, missing));
  }
  if (folders.empty()) looked_in = "  looked in  no folder, as none was given\n";
  throw InputError(
      {}, "cifar10: the data is not there",
      fmt::format("{}  expected   {} to {}, one of them at least, and {}, each plain or .gz\n"
                  "  from       https://www.cs.toronto.edu/~kriz/cifar.html (the binary version)",
                  looked_in, training_batch(1), training_batch(training_batches), test_batch));
}

void append_batch(Examples& examples, const fs::path& path) {
  const Location place{.file = path.string()};
  const std::vector<uint8_t> bytes = read_gzip_file(path);
  const auto size = static_cast<int64_t>(bytes.size());
  if (size == 0 || size % record_bytes != 0)
    fail_input_at(place, "{} bytes, expected records of {}: a label and {} x {} x {} pixels", size,
                  record_bytes, channels, side, side);
  for (int64_t at = 0; at < size; at += record_bytes) {
    const uint8_t label = bytes[at];
    if (label >= cifar10_classes.size())
      fail_input_at(place, "label {} is {}, expected 0 to {}", at / record_bytes, label,
                    cifar10_classes.size() - 1);
    examples.labels.push_back(label);
    examples.pixels.insert(examples.pixels.end(), bytes.begin() + at + 1, bytes.begin() + at + record_bytes);
    ++examples.count;
  }
}

Examples read_batches(std::span<const fs::path> files) {
  Examples examples{.channels = channels, .height = side, .width = side};
  for (const fs::path& file : files) append_batch(examples, file);
  return examples;
}

std::string note_of(const Files& files) {
  if (files.train.size() == training_batches) return {};
  std::string names;
  for (const int number : files.train_numbers)
    names += fmt::format("{}{}", names.empty() ? "" : ", ", training_batch(number));
  return fmt::format("{} of {} training batches were found in {}: {}", files.train.size(), training_batches,
                     files.train[0].parent_path().string(), names);
}

}  // namespace

DataSet load_cifar10(std::span<const fs::path> folders) {
  const Files files = find_files(folders);
  DataSet data{.name = "cifar10", .classes = {cifar10_classes.begin(), cifar10_classes.end()}};
  data.train = read_batches(files.train);
  data.test = read_batches(std::span(&*files.test, 1));
  if (std::string note = note_of(files); !note.empty()) data.notes.push_back(std::move(note));
  return data;
}

}  // namespace sinter
