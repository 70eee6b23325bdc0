#include <algorithm>
#include <cmath>

#include "frontends/sinter/layers.h"

namespace sinter::language {
namespace {

// Sizes, strides and paddings above this are typing errors, and below it their sums and products fit 64 bits.
constexpr int64_t largest = INT32_MAX;
constexpr double most_elements = 0x1p40;

}  // namespace

// Without a text the layer is told as the graph tells it.
void LayerArguments::fail_at(size_t place, std::string_view message) const {
  if (place_.source) throw InputError(place_.source->at(place, place_.path), message);
  graph_.rethrow_here(InputError(message));
}

void LayerArguments::reject(std::string_view message) const { fail_at(place_.place, message); }

void LayerArguments::mismatch(std::string_view name, std::string_view expected) const {
  const Binding& binding = arguments_.at(name);
  fail_at(binding.place,
          fmt::format("{}: expected {} to be {}, found {}", layer_, name, expected, describe(binding.value)));
}

Value LayerArguments::value(std::string_view name) const {
  if (const auto* value = std::get_if<Value>(&arguments_.at(name).value)) return *value;
  mismatch(name, "a value");
}

int64_t LayerArguments::integer(std::string_view name) const {
  if (const auto* integer = std::get_if<int64_t>(&arguments_.at(name).value)) return *integer;
  mismatch(name, "an integer");
}

int64_t LayerArguments::count(std::string_view name) const {
  const auto* count = std::get_if<int64_t>(&arguments_.at(name).value);
  if (count && *count >= 1 && *count <= largest) return *count;
  mismatch(name, fmt::format("an integer from 1 to {}", largest));
}

int64_t LayerArguments::place(std::string_view name, const Dim& size) const {
  const int64_t place = integer(name);
  if (place >= 0) return place;
  if (size.is_symbol()) mismatch(name, fmt::format("0 or more along a dimension of size {}", size.symbol));
  if (place < -size.size)
    mismatch(name, fmt::format("{} or more along a dimension of {}", -size.size, size.size));
  return place + size.size;
}

double LayerArguments::real(std::string_view name) const {
  const Datum& datum = arguments_.at(name).value;
  if (const auto* integer = std::get_if<int64_t>(&datum)) return static_cast<double>(*integer);
  if (const auto* real = std::get_if<double>(&datum)) return *real;
  mismatch(name, "a number");
}

bool LayerArguments::boolean(std::string_view name) const {
  if (const auto* boolean = std::get_if<bool>(&arguments_.at(name).value)) return *boolean;
  mismatch(name, "true or false");
}

std::string LayerArguments::word(std::string_view name, std::span<const std::string_view> words) const {
  const auto* word = std::get_if<std::string>(&arguments_.at(name).value);
  if (word && std::ranges::count(words, *word)) return *word;
  mismatch(name, fmt::format("one of \"{}\"", fmt::join(words, "\", \"")));
}

std::optional<std::string> LayerArguments::word_if_any(std::string_view name,
                                                       std::span<const std::string_view> words) const {
  const auto* word = std::get_if<std::string>(&arguments_.at(name).value);
  if (!word) return std::nullopt;
  if (std::ranges::count(words, *word)) return *word;
  mismatch(name, fmt::format("integers or one of \"{}\"", fmt::join(words, "\", \"")));
}

Ints LayerArguments::integers(std::string_view name, std::string_view expected, int64_t least,
                              size_t most_items) const {
  const Datum& datum = arguments_.at(name).value;
  Ints items;
  if (const auto* integer = std::get_if<int64_t>(&datum)) items = {*integer, *integer};
  if (const auto* tuple = std::get_if<Ints>(&datum)) items = *tuple;
  const bool fits = (items.size() == 2 || items.size() == most_items) &&
                    std::ranges::all_of(items, [&](int64_t x) { return x >= least && x <= largest; });
  if (!fits) mismatch(name, expected);
  return items;
}

Ints LayerArguments::pair(std::string_view name) const {
  return integers(name, fmt::format("an integer or (height, width), each from 1 to {}", largest), 1, 2);
}

Ints LayerArguments::padding(std::string_view name) const {
  const Ints items = integers(
      name,
      fmt::format("an integer, (vertical, horizontal) or (top, left, bottom, right), each from 0 to {}",
                  largest),
      0, 4);
  return items.size() == 4 ? items : Ints{items[0], items[1], items[0], items[1]};
}

Value LayerArguments::parameter(std::string_view name, DType dtype, const Shape& shape) const {
  double elements = 1;
  for (const Dim& dim : shape) elements *= static_cast<double>(dim.size);
  if (elements > most_elements)
    reject(
        fmt::format("{}: expected a {} of at most 2^40 elements, found {}", layer_, name, to_string(shape)));
  return graph_.parameter(fmt::format("{}.{}", place_.path, name), {dtype, shape, {}});
}

Value LayerArguments::state(std::string_view name, DType dtype, const Shape& shape) const {
  return graph_.state(fmt::format("{}.{}", place_.path, name), {dtype, shape, {}});
}

}  // namespace sinter::language
