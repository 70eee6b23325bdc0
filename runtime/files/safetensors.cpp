#include "runtime/files/safetensors.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <nlohmann/json.hpp>
#include <set>

#include "runtime/files/atomic_file.h"
#include "runtime/files/byte_count.h"
#include "runtime/files/read_file.h"

namespace sinter {
namespace {

using nlohmann::json;
static_assert(std::endian::native == std::endian::little);

constexpr std::string_view metadata_key = "__metadata__";
constexpr int64_t largest_header = 100'000'000;  // the format's own limit

struct FileType {
  std::string_view name;
  DType dtype;
};
constexpr std::array<FileType, 7> file_types = {{{"F32", DType::f32},
                                                 {"F64", DType::f64},
                                                 {"I8", DType::i8},
                                                 {"U8", DType::u8},
                                                 {"I32", DType::i32},
                                                 {"I64", DType::i64},
                                                 {"BOOL", DType::boolean}}};

// What the header says of one tensor. Offsets are bytes after the header.
struct Entry {
  std::string name;
  DType dtype = DType::f32;
  std::vector<int64_t> shape = {};
  int64_t begin = 0, end = 0;
};

class HeaderReader {
 public:
  HeaderReader(const Location& place, int64_t data_bytes) : place_(place), data_bytes_(data_bytes) {}

  /// The entries in the order of their data.
  std::vector<Entry> read(std::string_view text) const {
    const json header = parse(text);
    if (!header.is_object())
      fail_input_at(place_, "the header is {}, expected an object", header.type_name());
    std::vector<Entry> entries;
    for (const auto& [name, value] : header.items())
      if (name != metadata_key) entries.push_back(entry(name, value));
    std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
      return std::tie(a.begin, a.end) < std::tie(b.begin, b.end);
    });
    check_coverage(entries);
    return entries;
  }

 private:
  json parse(std::string_view text) const {
    std::set<std::string> names;
    const auto refuse_duplicates = [&](int depth, json::parse_event_t event, const json& key) {
      if (event == json::parse_event_t::key && depth == 1 && !names.insert(key.get<std::string>()).second)
        fail_input_at(place_, "tensor \"{}\" is in the header twice", key.get<std::string>());
      return true;
    };
    try {
      return json::parse(text, refuse_duplicates);
    } catch (const json::parse_error& error) {
      fail_input_at(place_, "the header is not JSON, at its byte {}", error.byte);
    }
  }

  template <typename... Args>
  [[noreturn]] void fail_tensor(std::string_view name, fmt::format_string<Args...> format,
                                Args&&... args) const {
    fail_input_at(place_, "tensor \"{}\": {}", name, fmt::format(format, std::forward<Args>(args)...));
  }

  Entry entry(const std::string& name, const json& value) const {
    for (const std::string_view field : {"dtype", "shape", "data_offsets"})
      if (!value.is_object() || !value.contains(field)) fail_tensor(name, "\"{}\" is missing", field);
    Entry entry{.name = name};
    entry.dtype = dtype(name, value["dtype"]);
    entry.shape = numbers(name, "shape", value["shape"]);
    if (entry.shape.size() > max_rank)
      fail_tensor(name, "{} dimensions, expected at most {}", entry.shape.size(), max_rank);
    const std::vector<int64_t> offsets = numbers(name, "data_offsets", value["data_offsets"]);
    if (offsets.size() != 2) fail_tensor(name, "{} data_offsets, expected 2", offsets.size());
    entry.begin = offsets[0];
    entry.end = offsets[1];
    check_size(entry);
    return entry;
  }

  DType dtype(std::string_view name, const json& value) const {
    for (const FileType& type : file_types)
      if (value == type.name) return type.dtype;
    std::string known;
    for (const FileType& type : file_types) known += fmt::format(" {}", type.name);
    fail_tensor(name, "element type {} is not supported; expected one of{}", value.dump(), known);
  }

  std::vector<int64_t> numbers(std::string_view name, std::string_view field, const json& value) const {
    const auto fits = [](const json& number) {
      return number.is_number_unsigned() && number.get<uint64_t>() <= uint64_t{INT64_MAX};
    };
    if (!value.is_array() || !std::all_of(value.begin(), value.end(), fits))
      fail_tensor(name, "{} is {}, expected a list of whole numbers", field, value.dump().substr(0, 80));
    return value.get<std::vector<int64_t>>();
  }

  void check_size(const Entry& entry) const {
    if (entry.begin > entry.end || entry.end > data_bytes_)
      fail_tensor(entry.name, "data_offsets [{}, {}] are not within the file's {} bytes of data", entry.begin,
                  entry.end, data_bytes_);
    const auto expected = byte_count(entry.dtype, entry.shape);
    const std::string type = fmt::format("{}[{}]", to_string(entry.dtype), fmt::join(entry.shape, ", "));
    if (!expected) fail_tensor(entry.name, "the shape of {} is impossible", type);
    if (entry.end - entry.begin != *expected)
      fail_tensor(entry.name, "{} bytes of data, expected {} for {}", entry.end - entry.begin, *expected,
                  type);
  }

  void check_coverage(const std::vector<Entry>& sorted) const {
    int64_t covered = 0;
    std::string_view previous;
    for (const Entry& entry : sorted) {
      if (entry.begin < covered)
        fail_tensor(entry.name, "its data begins at byte {}, inside that of \"{}\", which ends at {}",
                    entry.begin, previous, covered);
      if (entry.begin > covered)
        fail_tensor(entry.name, "its data begins at byte {}, expected {}: no tensor fills the gap",
                    entry.begin, covered);
      covered = entry.end;
      previous = entry.name;
    }
    if (covered != data_bytes_)
      fail_input_at(place_, "{} bytes of data, expected {} for the tensors in the header", data_bytes_,
                    covered);
  }

  const Location& place_;
  int64_t data_bytes_;
};

std::string header_text(const NamedTensors& tensors,
                        const std::vector<const NamedTensors::value_type*>& order) {
  json header = {{metadata_key, {{"format", "sinter"}}}};
  int64_t offset = 0;
  for (const auto* named : order) {
    const Tensor& tensor = named->second;
    const auto type = std::find_if(file_types.begin(), file_types.end(),
                                   [&](const FileType& known) { return known.dtype == tensor.dtype(); });
    if (type == file_types.end())
      fail_input("tensor \"{}\": a safetensors file cannot hold {} yet", named->first,
                 to_string(tensor.dtype()));
    header[named->first] = {{"dtype", type->name},
                            {"shape", tensor.shape()},
                            {"data_offsets", {offset, offset + tensor.bytes()}}};
    offset += tensor.bytes();
  }
  require(header.size() == tensors.size() + 1, "no tensor is called __metadata__");
  std::string text = header.dump();
  text.append((8 - text.size() % 8) % 8, ' ');
  return text;
}

}  // namespace

NamedTensors read_safetensors(const std::filesystem::path& path) {
  const Location place{.file = path.string()};
  const std::vector<uint8_t> file = read_file(path);
  uint64_t length = 0;
  if (file.size() < sizeof length)
    fail_input_at(place, "not a safetensors file: {} bytes, expected at least 8", file.size());
  std::memcpy(&length, file.data(), sizeof length);
  const uint64_t rest = file.size() - sizeof length;
  if (length > largest_header || length > rest)
    fail_input_at(place, "not a safetensors file, or a truncated one: a header of {} bytes in a file of {}",
                  length, file.size());

  const auto* header = reinterpret_cast<const char*>(file.data()) + sizeof length;
  const uint8_t* data = file.data() + sizeof length + length;
  NamedTensors tensors;
  const HeaderReader reader(place, static_cast<int64_t>(rest - length));
  for (const Entry& entry : reader.read({header, length})) {
    Tensor tensor(entry.dtype, entry.shape);
    const std::span bytes(static_cast<uint8_t*>(tensor.data()), tensor.bytes());
    std::copy_n(data + entry.begin, bytes.size(), bytes.begin());
    if (entry.dtype == DType::boolean)  // the format does not forbid other bytes than 0 and 1, C++ does
      for (uint8_t& byte : bytes) byte = byte != 0;
    tensors.emplace(entry.name, std::move(tensor));
  }
  return tensors;
}

void write_safetensors(const std::filesystem::path& path, const NamedTensors& tensors) {
  // The widest elements first, so that each tensor's data is aligned as its elements need.
  std::vector<const NamedTensors::value_type*> order;
  for (const auto& named : tensors) order.push_back(&named);
  std::stable_sort(order.begin(), order.end(), [](const auto* a, const auto* b) {
    return size_of(a->second.dtype()) > size_of(b->second.dtype());
  });
  const std::string header = header_text(tensors, order);
  const uint64_t length = header.size();

  AtomicFile file(path);
  file.write(std::as_bytes(std::span(&length, 1)));
  file.write(std::as_bytes(std::span(header)));
  for (const auto* named : order)
    file.write(
        {static_cast<const std::byte*>(named->second.data()), static_cast<size_t>(named->second.bytes())});
  file.commit();
}

}  // namespace sinter
