#include "cli/augment_option.h"

#include <charconv>

#include "ir/error.h"

namespace sinter::cli {
namespace {

constexpr int64_t most_padding = 1024;

// The padding of "crop:4"; 0: it is no such word.
int64_t crop_padding(std::string_view word) {
  constexpr std::string_view crop = "crop:";
  int64_t padding = 0;
  if (!word.starts_with(crop)) return 0;
  const char* const end = word.data() + word.size();
  const auto [stop, error] = std::from_chars(word.data() + crop.size(), end, padding);
  return error == std::errc{} && stop == end && padding <= most_padding ? padding : 0;
}

}  // namespace

void AugmentOption::add(CLI::App& command) {
  command
      .add_option("--augment", text,
                  "change training pictures at random: crop:4 pads by 4 pixels and cuts out, flip mirrors")
      ->type_name("crop:N,flip");
}

Augmentation AugmentOption::augmentation() const {
  Augmentation result;
  for (size_t at = 0; !text.empty() && at <= text.size();) {
    const size_t end = std::min(text.find(',', at), text.size());
    const std::string_view word = std::string_view(text).substr(at, end - at);
    const int64_t padding = crop_padding(word);
    if ((word == "flip" && result.flip) || (padding > 0 && result.crop_padding > 0) ||
        (word != "flip" && padding <= 0))
      fail_input("--augment {}: expected crop:PADDING (1 to {}), flip, or both, as crop:4,flip", text,
                 most_padding);
    if (word == "flip")
      result.flip = true;
    else
      result.crop_padding = padding;
    at = end + 1;
  }
  return result;
}

}  // namespace sinter::cli
