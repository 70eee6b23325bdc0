#include "frontends/sinter/spatial_layers.h"

#include <array>

#include "ir/build.h"

namespace sinter::language {
namespace {

Value image(const LayerArguments& given, std::string_view layer) {
  const Value x = given.value("x");
  const Shape& shape = x.shape();
  if (shape.size() != 4 || shape[2].is_symbol() || shape[3].is_symbol() || shape[2].size < 1 ||
      shape[3].size < 1)
    given.reject(fmt::format("{} works on f32[N, C, H, W] of a known height and width, found {}", layer,
                             to_string(x.type())));
  return x;
}

using Pool = Value (*)(Value x, const Ints& kernel);

Value average(Value x, const Ints& kernel) { return avg_pool2d(x, {.kernel_size = kernel}); }
Value greatest(Value x, const Ints& kernel) { return max_pool2d(x, {.kernel_size = kernel}); }

// Window i of `count` along a dimension, as PyTorch cuts it: neighbours overlap where count does not divide
// the size.
Value window(Value x, int64_t axis, int64_t i, int64_t count) {
  const int64_t size = x.shape()[axis].size;
  const int64_t start = i * size / count, end = ((i + 1) * size + count - 1) / count;
  if (start == 0 && end == size) return x;
  return slice(x, {.axis = axis, .start = start, .end = end});
}

// Plain windows where they are all alike; else each is cut out and pooled by itself.
Value adaptive_pool(const LayerArguments& given, std::string_view layer, Pool pool) {
  const Value x = image(given, layer);
  const Ints count = given.pair("output_size");
  const Shape shape = x.shape();
  if (shape[2].size % count[0] == 0 && shape[3].size % count[1] == 0) {
    const Ints kernel = {shape[2].size / count[0], shape[3].size / count[1]};
    return kernel == Ints{1, 1} ? x : pool(x, kernel);
  }
  constexpr int64_t most_windows = 4096;  // each is a node
  if (count[0] > most_windows || count[1] > most_windows / count[0])
    given.reject(
        fmt::format("{}: expected an output_size that divides {}x{}, or at most {} windows, found {}x{}",
                    layer, shape[2].size, shape[3].size, most_windows, count[0], count[1]));
  std::vector<Value> rows;
  for (int64_t i = 0; i < count[0]; ++i) {
    const Value row = window(x, 2, i, count[0]);
    std::vector<Value> pixels;
    for (int64_t j = 0; j < count[1]; ++j) {
      const Value part = window(row, 3, j, count[1]);
      pixels.push_back(pool(part, {part.shape()[2].size, part.shape()[3].size}));
    }
    rows.push_back(concat(pixels, 3));
  }
  return concat(rows, 2);
}

}  // namespace

Value build_adaptive_avg_pool2d(const LayerArguments& given) {
  return adaptive_pool(given, "adaptive_avg_pool2d", average);
}

Value build_adaptive_max_pool2d(const LayerArguments& given) {
  return adaptive_pool(given, "adaptive_max_pool2d", greatest);
}

Value build_pad(const LayerArguments& given) {
  static constexpr std::array<std::string_view, 3> words = {"constant", "reflect", "edge"};
  const Value x = image(given, "pad");
  return pad(
      x,
      {.padding = given.padding("padding"), .mode = given.word("mode", words), .value = given.real("value")});
}

Value build_resize(const LayerArguments& given) {
  static constexpr std::array<std::string_view, 2> words = {"nearest", "bilinear"};
  const Value x = image(given, "resize");
  return resize(x, {.output_size = given.pair("size"),
                    .mode = given.word("mode", words) == "bilinear" ? "linear" : "nearest",
                    .align_corners = given.boolean("align_corners")});
}

}  // namespace sinter::language
