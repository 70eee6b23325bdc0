#include "runtime/files/npy.h"

#include <bit>
#include <charconv>
#include <cstring>

#include "runtime/files/atomic_file.h"
#include "runtime/files/byte_count.h"
#include "runtime/files/read_file.h"

namespace sinter {
namespace {

static_assert(std::endian::native == std::endian::little);

constexpr std::string_view magic("\x93NUMPY", 6);

struct NpyType {
  std::string_view code;  // kind and bytes, after the byte order
  DType dtype;
};
constexpr std::array<NpyType, 7> npy_types = {{{"f4", DType::f32},
                                               {"f8", DType::f64},
                                               {"i1", DType::i8},
                                               {"u1", DType::u8},
                                               {"i4", DType::i32},
                                               {"i8", DType::i64},
                                               {"b1", DType::boolean}}};

struct Header {
  DType dtype;
  std::vector<int64_t> shape;
};

// The header is a Python dictionary: {'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }
class HeaderReader {
 public:
  HeaderReader(const Location& place, std::string_view text) : place_(place), text_(text) {}

  Header read() const {
    const DType dtype = read_dtype(value_of("descr"));
    const std::string_view order = value_of("fortran_order");
    if (order.starts_with("True"))
      fail_input_at(place_, "the array is in Fortran order; save numpy.ascontiguousarray(array) instead");
    if (!order.starts_with("False")) fail_header("'fortran_order' is neither True nor False");
    return {dtype, read_shape(value_of("shape"))};
  }

 private:
  [[noreturn]] void fail_header(std::string_view why) const {
    fail_input_at(place_, "the header is wrong: {}: {}", why, text_.substr(0, 120));
  }

  std::string_view value_of(std::string_view key) const {
    const size_t found = text_.find(fmt::format("'{}':", key));
    if (found == std::string_view::npos) fail_header(fmt::format("'{}' is missing", key));
    const size_t begin = text_.find_first_not_of(' ', found + key.size() + 3);
    return begin == std::string_view::npos ? std::string_view() : text_.substr(begin);
  }

  DType read_dtype(std::string_view value) const {
    const size_t end = value.find('\'', 1);
    if (!value.starts_with('\'') || end == std::string_view::npos || end < 2)
      fail_header("'descr' is not the name of an element type");
    const std::string_view descr = value.substr(1, end - 1);
    for (const NpyType& type : npy_types)
      if (descr.substr(1) == type.code && (descr[0] != '>' || size_of(type.dtype) == 1)) return type.dtype;
    fail_input_at(place_, "element type '{}' is not supported; expected <f4, <f8, |i1, |u1, <i4, <i8 or |b1",
                  descr);
  }

  std::vector<int64_t> read_shape(std::string_view value) const {
    const size_t end = value.find(')');
    if (!value.starts_with('(') || end == std::string_view::npos) fail_header("'shape' is not a tuple");
    std::vector<int64_t> shape;
    const char* at = value.data() + 1;
    const char* const last = value.data() + end;
    while (at != last) {
      int64_t size = 0;
      const auto [next, error] = std::from_chars(at, last, size);
      if (error != std::errc()) fail_header("'shape' is not a tuple of numbers");
      shape.push_back(size);
      at = next;
      while (at != last && (*at == ',' || *at == ' ')) ++at;
    }
    if (shape.size() > max_rank)
      fail_input_at(place_, "the array has {} dimensions, expected at most {}", shape.size(), max_rank);
    return shape;
  }

  const Location& place_;
  std::string_view text_;
};

// Bytes before the header's text: magic, version, and its length in 2 bytes (version 1) or 4 (version 2).
size_t prefix_bytes(uint8_t version) { return magic.size() + 2 + (version == 1 ? 2 : 4); }

std::string_view header_text(const Location& place, std::string_view file) {
  if (file.empty()) fail_input_at(place, "the file is empty, expected a NumPy array");
  if (!file.starts_with(magic)) fail_input_at(place, "not a NumPy file: it does not begin with \\x93NUMPY");
  const auto version = static_cast<uint8_t>(file.size() > magic.size() ? file[magic.size()] : 0);
  if (version != 1 && version != 2) fail_input_at(place, "NumPy format version {}, expected 1 or 2", version);
  const size_t prefix = prefix_bytes(version);
  uint32_t length = 0;
  const size_t length_bytes = prefix - magic.size() - 2;
  if (file.size() >= prefix) std::memcpy(&length, file.data() + prefix - length_bytes, length_bytes);
  if (file.size() < prefix + length)
    fail_input_at(place, "ends after {} bytes, inside the header", file.size());
  return file.substr(prefix, length);
}

}  // namespace

Tensor read_npy(const std::filesystem::path& path) {
  const Location place{.file = path.string()};
  const std::vector<uint8_t> bytes = read_file(path);
  const std::string_view file(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  const std::string_view text = header_text(place, file);
  const Header header = HeaderReader(place, text).read();

  const std::string_view data = file.substr(text.data() + text.size() - file.data());
  const auto expected = byte_count(header.dtype, header.shape);
  const std::string shape = fmt::format("({})", fmt::join(header.shape, ", "));
  if (!expected) fail_input_at(place, "the header's shape {} is impossible", shape);
  if (static_cast<int64_t>(data.size()) != *expected)
    fail_input_at(place, "{} bytes of data, expected {} for {} of shape {}", data.size(), *expected,
                  to_string(header.dtype), shape);
  Tensor tensor(header.dtype, header.shape);
  std::memcpy(tensor.data(), data.data(), data.size());
  if (header.dtype == DType::boolean)  // NumPy takes any byte but 0 for true, C++ only 1
    for (uint8_t& byte : std::span(static_cast<uint8_t*>(tensor.data()), data.size())) byte = byte != 0;
  return tensor;
}

void write_npy(const std::filesystem::path& path, const Tensor& tensor) {
  std::string_view code;
  for (const NpyType& type : npy_types)
    if (type.dtype == tensor.dtype()) code = type.code;
  if (code.empty()) fail_input("cannot write {}: NumPy has no {}", path.string(), to_string(tensor.dtype()));
  std::string header = fmt::format("{{'descr': '{}{}', 'fortran_order': False, 'shape': ({}{}), }}",
                                   size_of(tensor.dtype()) == 1 ? '|' : '<', code,
                                   fmt::join(tensor.shape(), ", "), tensor.shape().size() == 1 ? "," : "");
  const size_t prefix = prefix_bytes(1);
  header.append(63 - (prefix + header.size()) % 64, ' ');  // the data begins at a multiple of 64
  header += '\n';
  const auto length = static_cast<uint16_t>(header.size());
  std::string start(magic);
  start += {1, 0, static_cast<char>(length & 0xff), static_cast<char>(length >> 8)};
  start += header;

  AtomicFile file(path);
  file.write(std::as_bytes(std::span(start)));
  file.write({static_cast<const std::byte*>(tensor.data()), static_cast<size_t>(tensor.bytes())});
  file.commit();
}

}  // namespace sinter
