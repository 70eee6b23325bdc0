#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "ir/tensor.h"

/// ONNX's element types, by their number in the file, and what they become here: f16 and bf16 are held as
/// f32, i16 and u16 as i32, u32 and u64 as i64, since the IR computes in those.
namespace sinter::onnx {

/// Throws InputError for types that are neither numbers nor bool; `what` begins the message.
DType element_type(int number, const std::string& what);
/// The number of an element type that a model is written with.
int element_number(DType dtype);
/// `FLOAT16`, for messages.
std::string element_type_name(int number);
/// Bytes of one element in a file.
int64_t stored_bytes(int number);

/// Whether elements lie in memory as they do in a file.
bool is_held_as_stored(int number);
/// Throws InputError unless so many bytes are as many elements as `shape` has.
void check_bytes(int number, const std::vector<int64_t>& shape, int64_t bytes, const std::string& what);

/// The elements of raw little-endian data, as many as `shape` has. Throws InputError where the bytes do not
/// match; `what` begins the message.
Tensor decode_elements(int number, std::vector<int64_t> shape, std::span<const std::byte> raw,
                       const std::string& what);

/// The number that was written: 0.1 for the f32 next to it.
double decimal(float x);

}  // namespace sinter::onnx
