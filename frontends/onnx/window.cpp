#include "frontends/onnx/window.h"

#include <algorithm>

#include "frontends/onnx/expressions.h"

namespace sinter::onnx {
namespace {

constexpr int64_t largest_number = 1 << 20;

Ints numbers(const NodeImport& in, std::string_view name, size_t count, int64_t otherwise, int64_t least) {
  const Ints given = in.ints(name, Ints(count, otherwise));
  if (given.size() != count)
    in.reject(fmt::format("attribute {} is [{}]; expected {} numbers", name, fmt::join(given, ", "), count));
  for (const int64_t each : given)
    if (each < least || each > largest_number)
      in.reject(fmt::format("attribute {} is [{}]; expected numbers from {} to {}", name,
                            fmt::join(given, ", "), least, largest_number));
  return given;
}

// As many windows as x has strides, rounded up.
void pad_same(const NodeImport& in, const Shape& x, bool more_behind, Windows& w) {
  for (size_t i = 0; i < w.rank(); ++i) {
    const Dim& size = x[2 + i];
    if (size.is_symbol()) in.reject(fmt::format("auto_pad needs a number for the symbol {}", size.symbol));
    const int64_t windows = (size.size + w.stride[i] - 1) / w.stride[i];
    const int64_t total = std::max<int64_t>((windows - 1) * w.stride[i] + w.span(i) - size.size, 0);
    w.before[i] = more_behind ? total / 2 : total - total / 2;
    w.behind[i] = total - w.before[i];
  }
}

}  // namespace

Ints Windows::padding() const {
  const Ints first = plane(before), last = plane(behind);
  return {first[0], first[1], last[0], last[1]};
}

Windows read_windows(const NodeImport& in, const Shape& x, const Ints& kernel, bool transposed) {
  const size_t rank = kernel.size();
  if (rank < 1 || rank > 3 || x.size() != rank + 2)
    in.reject(
        fmt::format("a window of {} dimensions on x of {}; expected N, C and 1 to 3 more, as many as the "
                    "window has",
                    rank, to_string(x)));
  for (const int64_t size : kernel)
    if (size < 1 || size > largest_number)
      in.reject(fmt::format("a window of [{}]", fmt::join(kernel, ", ")));
  Windows w{kernel, numbers(in, "strides", rank, 1, 1), numbers(in, "dilations", rank, 1, 1), Ints(rank, 0),
            Ints(rank, 0)};
  const std::string automatic = in.word("auto_pad", "NOTSET");
  const Ints pads = numbers(in, "pads", 2 * rank, 0, 0);
  if (automatic == "NOTSET") {
    w.before.assign(pads.begin(), pads.begin() + static_cast<int64_t>(rank));
    w.behind.assign(pads.begin() + static_cast<int64_t>(rank), pads.end());
  } else if (automatic == "SAME_UPPER" || automatic == "SAME_LOWER") {
    if (!transposed) pad_same(in, x, automatic == "SAME_UPPER", w);
  } else if (automatic != "VALID") {
    in.reject(fmt::format("auto_pad is \"{}\"; expected NOTSET, VALID, SAME_UPPER or SAME_LOWER", automatic));
  }
  return w;
}

Value at_least_planes(Value x) { return x.shape().size() == 3 ? insert_axis(x, 2) : x; }

Value at_least_planes(Value x, Windows& w) {
  if (w.rank() > 1) return x;
  for (Ints* list : {&w.kernel, &w.stride, &w.dilation}) list->insert(list->begin(), 1);
  for (Ints* list : {&w.before, &w.behind}) list->insert(list->begin(), 0);
  return at_least_planes(x);
}

}  // namespace sinter::onnx
