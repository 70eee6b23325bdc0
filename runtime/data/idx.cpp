#include "runtime/data/idx.h"

#include <algorithm>

#include "ir/error.h"
#include "runtime/files/byte_count.h"
#include "runtime/files/gzip_file.h"

namespace sinter {
namespace {

struct IdxFile {
  std::vector<int64_t> shape;
  std::vector<uint8_t> elements;
};

// `bytes` holds four more bytes at `offset`.
uint32_t big_endian(const std::vector<uint8_t>& bytes, size_t offset) {
  uint32_t value = 0;
  for (size_t i = 0; i < 4; ++i) value = value << 8 | bytes[offset + i];
  return value;
}

// An IDX file of unsigned bytes (type 8 in the magic number) in `rank` dimensions.
IdxFile read_one(const std::filesystem::path& path, size_t rank) {
  const Location place{.file = path.string()};
  IdxFile file{.shape = {}, .elements = read_gzip_file(path)};
  const size_t header_bytes = 4 + 4 * rank;
  const uint32_t magic = 0x800 + static_cast<uint32_t>(rank);
  if (file.elements.size() >= 4 && big_endian(file.elements, 0) != magic)
    fail_input_at(place, "magic number {:#010x}, expected {:#010x} (IDX, unsigned bytes, {} dimension{})",
                  big_endian(file.elements, 0), magic, rank, rank == 1 ? "" : "s");
  if (file.elements.size() < header_bytes)
    fail_input_at(place, "{} bytes, expected an IDX header of {}", file.elements.size(), header_bytes);
  for (size_t i = 0; i < rank; ++i) file.shape.push_back(big_endian(file.elements, 4 + 4 * i));

  const std::string shape = fmt::format("{}", fmt::join(file.shape, " x "));
  if (std::find(file.shape.begin(), file.shape.end(), 0) != file.shape.end())
    fail_input_at(place, "the header's sizes are {}, expected none to be 0", shape);
  const auto expected = byte_count(DType::u8, file.shape);
  if (!expected) fail_input_at(place, "the header's sizes {} are impossible", shape);
  const auto found = static_cast<int64_t>(file.elements.size() - header_bytes);
  if (found != *expected)
    fail_input_at(place, "{} bytes after the header, expected {} for the sizes {}", found, *expected, shape);
  file.elements.erase(file.elements.begin(), file.elements.begin() + static_cast<int64_t>(header_bytes));
  return file;
}

}  // namespace

Examples read_idx(const std::filesystem::path& images, const std::filesystem::path& labels, int classes) {
  IdxFile pictures = read_one(images, 3);
  IdxFile answers = read_one(labels, 1);
  const Location place{.file = labels.string()};
  if (answers.shape[0] != pictures.shape[0])
    fail_input_at(place, "{} labels, expected {}, one for each picture in {}", answers.shape[0],
                  pictures.shape[0], images.string());
  const auto wrong = std::find_if(answers.elements.begin(), answers.elements.end(),
                                  [&](uint8_t label) { return label >= classes; });
  if (wrong != answers.elements.end())
    fail_input_at(place, "label {} is {}, expected 0 to {}", wrong - answers.elements.begin(), *wrong,
                  classes - 1);
  return {.count = pictures.shape[0],
          .channels = 1,
          .height = pictures.shape[1],
          .width = pictures.shape[2],
          .pixels = std::move(pictures.elements),
          .labels = {answers.elements.begin(), answers.elements.end()}};
}

}  // namespace sinter
