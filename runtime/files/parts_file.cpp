#include "runtime/files/parts_file.h"

#include <zlib.h>

#include <array>
#include <bit>
#include <charconv>
#include <cstring>

#include "runtime/files/byte_count.h"
#include "runtime/files/read_file.h"

namespace sinter {
namespace {

static_assert(std::endian::native == std::endian::little);

using Lengths = std::array<uint64_t, 2>;  // of a part's name and bytes

constexpr size_t head_bytes = sizeof(Lengths) + sizeof(uint32_t);

uint32_t extend(uint32_t sum, std::string_view bytes) {
  if (bytes.empty()) return sum;  // zlib begins anew where there are none
  return static_cast<uint32_t>(crc32_z(sum, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

template <typename T>
std::string_view bytes_of(const T& value) {
  return {reinterpret_cast<const char*>(&value), sizeof value};
}

std::span<const std::byte> as_bytes(std::string_view text) { return std::as_bytes(std::span(text)); }

}  // namespace

PartsWriter::PartsWriter(const std::filesystem::path& path, std::string_view magic) : file_(path) {
  file_.write(as_bytes(magic));
}

void PartsWriter::write(std::string_view name, std::string_view bytes) { write(name, bytes, {}); }

void PartsWriter::write(std::string_view name, const Tensor& tensor) {
  std::string line(to_string(tensor.dtype()));
  for (const int64_t size : tensor.shape()) line += fmt::format(" {}", size);
  line += '\n';
  write(name, line, {static_cast<const char*>(tensor.data()), static_cast<size_t>(tensor.bytes())});
}

void PartsWriter::write(std::string_view name, std::string_view head, std::string_view rest) {
  const Lengths lengths = {name.size(), head.size() + rest.size()};
  const uint32_t sum = extend(extend(extend(extend(0, bytes_of(lengths)), name), head), rest);
  for (const std::string_view bytes : {bytes_of(lengths), bytes_of(sum), name, head, rest})
    file_.write(as_bytes(bytes));
}

PartsReader::PartsReader(const std::filesystem::path& path, std::string_view magic)
    : place_{.file = path.string()}, file_(read_file(path)) {
  const std::string_view file(reinterpret_cast<const char*>(file_.data()), file_.size());
  if (!file.starts_with(magic))
    fail_input_at(place_, "it does not begin with \"{}\"", magic.substr(0, magic.find('\n')));
  at_ = magic.size();
}

std::optional<PartsReader::Part> PartsReader::next() {
  const std::string_view rest(reinterpret_cast<const char*>(file_.data()) + at_, file_.size() - at_);
  if (rest.empty()) return std::nullopt;
  Lengths lengths = {};
  uint32_t sum = 0;
  const auto cut_off = [&] {
    fail_input_at(place_, "damaged: the part at byte {} is cut off by the file's end at {}", at_,
                  file_.size());
  };
  if (rest.size() < head_bytes) cut_off();
  std::memcpy(lengths.data(), rest.data(), sizeof lengths);
  std::memcpy(&sum, rest.data() + sizeof lengths, sizeof sum);
  const std::string_view body = rest.substr(head_bytes);
  if (lengths[0] > body.size() || lengths[1] > body.size() - lengths[0]) cut_off();
  const Part part{body.substr(0, lengths[0]), body.substr(lengths[0], lengths[1])};
  if (extend(extend(extend(0, bytes_of(lengths)), part.name), part.bytes) != sum)
    fail_input_at(place_, "damaged: the checksum of part \"{}\" at byte {} does not fit its bytes",
                  part.name.substr(0, 100), at_);
  at_ += head_bytes + lengths[0] + lengths[1];
  return part;
}

Tensor PartsReader::tensor(const Part& part) const {
  const size_t line_end = std::min(part.bytes.find('\n'), part.bytes.size());
  const std::string_view line = part.bytes.substr(0, line_end);
  const std::string_view data = part.bytes.substr(std::min(line_end + 1, part.bytes.size()));
  const auto dtype = parse_dtype(line.substr(0, line.find(' ')));
  std::vector<int64_t> shape;
  bool good = dtype.has_value();
  for (size_t at = line.find(' '); good && at != std::string_view::npos; at = line.find(' ', at + 1)) {
    const char* const last = line.data() + line.size();
    good = std::from_chars(line.data() + at + 1, last, shape.emplace_back()).ec == std::errc{};
  }
  const auto expected = good && shape.size() <= max_rank ? byte_count(*dtype, shape) : std::nullopt;
  if (!expected || *expected != static_cast<int64_t>(data.size()))
    fail_input_at(place_, "part \"{}\" is no tensor: \"{}\" with {} bytes", part.name, line.substr(0, 100),
                  data.size());
  Tensor tensor(*dtype, shape);
  std::memcpy(tensor.data(), data.data(), data.size());
  return tensor;
}

}  // namespace sinter
