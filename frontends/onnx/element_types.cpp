#include "frontends/onnx/element_types.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstring>

#include "ir/half.h"

namespace sinter::onnx {
namespace {

struct ElementType {
  std::string_view name;
  int64_t bytes;  ///< 0: no numbers
  DType dtype = DType::f32;
};

// By TensorProto.DataType.
constexpr std::array<ElementType, 17> types = {{
    {"UNDEFINED", 0},
    {"FLOAT", 4, DType::f32},
    {"UINT8", 1, DType::u8},
    {"INT8", 1, DType::i8},
    {"UINT16", 2, DType::i32},
    {"INT16", 2, DType::i32},
    {"INT32", 4, DType::i32},
    {"INT64", 8, DType::i64},
    {"STRING", 0},
    {"BOOL", 1, DType::boolean},
    {"FLOAT16", 2, DType::f32},
    {"DOUBLE", 8, DType::f64},
    {"UINT32", 4, DType::i64},
    {"UINT64", 8, DType::i64},
    {"COMPLEX64", 0},
    {"COMPLEX128", 0},
    {"BFLOAT16", 2, DType::f32},
}};

bool known(int number) { return number > 0 && number < static_cast<int>(types.size()); }

template <typename Stored, typename T, typename F>
void convert(std::span<const std::byte> raw, Tensor& tensor, F f) {
  T* to = tensor.values<T>().data();
  const std::byte* from = raw.data();
  for (int64_t i = 0; i < tensor.count(); ++i, from += sizeof(Stored)) {
    Stored stored;
    std::memcpy(&stored, from, sizeof stored);
    to[i] = f(stored);
  }
}

template <typename Stored, typename T>
void widen(std::span<const std::byte> raw, Tensor& tensor) {
  convert<Stored, T>(raw, tensor, [](Stored x) { return static_cast<T>(x); });
}

}  // namespace

std::string element_type_name(int number) {
  return known(number) ? std::string(types[number].name) : fmt::format("type {}", number);
}

int64_t stored_bytes(int number) { return known(number) ? types[number].bytes : 0; }

DType element_type(int number, const std::string& what) {
  if (stored_bytes(number) == 0)
    fail_input("{}: elements of {}; expected floating or integer numbers, or BOOL", what,
               element_type_name(number));
  return types[number].dtype;
}

int element_number(DType dtype) {
  constexpr std::array<int, 9> numbers = {1, 11, 16, 10, 3, 2, 6, 7, 9};  // in the order of DType
  return numbers[static_cast<size_t>(dtype)];
}

// A bool of another value than 0 and 1 has no meaning in C++.
bool is_held_as_stored(int number) {
  return number != 9 && known(number) && types[number].bytes == size_of(types[number].dtype);
}

void check_bytes(int number, const std::vector<int64_t>& shape, int64_t bytes, const std::string& what) {
  const int64_t count = checked_product(shape), expected = count * stored_bytes(number);
  if (bytes != expected)
    fail_input("{}: {} bytes of data; expected {} for {} elements of {}, shape [{}]", what, bytes, expected,
               count, element_type_name(number), fmt::join(shape, ", "));
}

Tensor decode_elements(int number, std::vector<int64_t> shape, std::span<const std::byte> raw,
                       const std::string& what) {
  const DType dtype = element_type(number, what);
  check_bytes(number, shape, static_cast<int64_t>(raw.size()), what);
  Tensor tensor(dtype, std::move(shape));
  switch (number) {
    case 4:
      widen<uint16_t, int32_t>(raw, tensor);
      break;
    case 5:
      widen<int16_t, int32_t>(raw, tensor);
      break;
    case 9:
      convert<uint8_t, bool>(raw, tensor, [](uint8_t x) { return x != 0; });
      break;
    case 10:
      convert<uint16_t, float>(raw, tensor, from_f16);
      break;
    case 12:
      widen<uint32_t, int64_t>(raw, tensor);
      break;
    case 16:
      convert<uint16_t, float>(raw, tensor, from_bf16);
      break;
    default:
      if (!raw.empty()) std::memcpy(tensor.data(), raw.data(), raw.size());
  }
  return tensor;
}

double decimal(float x) {
  if (!std::isfinite(x)) return x;
  const std::string text = fmt::format("{}", x);  // the shortest that is read as x again
  double number = x;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

}  // namespace sinter::onnx
