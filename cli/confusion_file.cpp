#include "cli/confusion_file.h"

#include <fmt/format.h>

#include <span>

#include "cli/confusion_picture.h"
#include "ir/error.h"
#include "runtime/files/atomic_file.h"

namespace sinter::cli {
namespace {

bool is_picture(const std::filesystem::path& file) {
  return file.extension() == ".svg" || file.extension() == ".png";
}

int64_t examples_of(const ConfusionMatrix& matrix) {
  int64_t sum = 0;
  for (int64_t label = 0; label < matrix.classes(); ++label) sum += matrix.of_class(label);
  return sum;
}

}  // namespace

void check_confusion_file(const std::filesystem::path& file) {
  if (is_picture(file))
    check_picture_name(file);
  else if (file.extension() != ".json" && file.extension() != ".txt")
    fail_input("--confusion {}: expected a file name that ends in .svg, .png, .json or .txt", file.string());
  const AtomicFile probe(file);
}

void write_confusion(const TestScore& test, const std::vector<std::string>& classes,
                     const std::string& subject, const std::filesystem::path& file) {
  if (is_picture(file)) {
    const std::string title =
        fmt::format("{}: accuracy {:.4f} of {}", subject, test.accuracy, examples_of(test.confusion));
    return write_picture(confusion_picture(test.confusion, classes, title), file);
  }
  const std::string text = file.extension() == ".json" ? confusion_json(test.confusion, classes)
                                                       : confusion_table(test.confusion, classes);
  write_file(file, std::as_bytes(std::span(text)));
}

}  // namespace sinter::cli
