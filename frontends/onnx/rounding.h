#pragma once

#include "ir/build.h"

/// To whole numbers of the same element type: numbers of integer types, infinities and NaN stay as they are.
/// Composed of casts, which round toward zero, so that no backend needs an op more.
namespace sinter::onnx {

Value truncated(Value x);
Value rounded_down(Value x);
Value rounded_up(Value x);
/// To the nearest; from between two, to the even one.
Value rounded(Value x);

}  // namespace sinter::onnx
