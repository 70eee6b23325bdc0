#pragma once

#include <span>

#include "frontends/sinter/datum.h"

namespace sinter::language {

/// What one call of a layer is given, checked as it is asked for. Everything here throws InputError at the
/// argument, saying what it must be and what was found.
class LayerArguments {
 public:
  /// `place` is the layer's name in the source, `path` the layer's, which its parameters' names begin with.
  LayerArguments(std::string_view layer, const Scope& arguments, const Source& source, size_t place,
                 std::string_view path, Graph& graph, std::vector<Value> values = {})
      : layer_(layer),
        arguments_(arguments),
        source_(source),
        place_(place),
        path_(path),
        graph_(graph),
        values_(std::move(values)) {}

  Value value(std::string_view name) const;
  /// What a layer of any number of values is given, at least one.
  const std::vector<Value>& values() const { return values_; }
  int64_t integer(std::string_view name) const;
  /// A number of things, from 1 on.
  int64_t count(std::string_view name) const;
  /// A place along a dimension of that size: a negative one counts from the end.
  int64_t place(std::string_view name, const Dim& size) const;
  double real(std::string_view name) const;
  bool boolean(std::string_view name) const;
  /// An integer for both or (height, width), each at least 1.
  Ints pair(std::string_view name) const;
  /// (top, left, bottom, right), from an integer, (vertical, horizontal) or all four, each at least 0.
  Ints padding(std::string_view name) const;
  /// The word, if the argument is one of these.
  std::optional<std::string_view> word(std::string_view name, std::span<const std::string_view> words) const;

  /// A trained tensor of the layer. Refuses one of more than 2^40 elements.
  Value parameter(std::string_view name, DType dtype, const Shape& shape) const;
  /// A tensor that training moves but no gradient reaches, such as a running mean.
  Value state(std::string_view name, DType dtype, const Shape& shape) const;
  /// Throws InputError at the layer itself.
  [[noreturn]] void reject(std::string_view message) const;

 private:
  [[noreturn]] void mismatch(std::string_view name, std::string_view expected) const;
  Ints integers(std::string_view name, std::string_view expected, int64_t least, size_t most_items) const;

  std::string_view layer_;
  const Scope& arguments_;
  const Source& source_;
  size_t place_;
  std::string_view path_;
  Graph& graph_;
  std::vector<Value> values_;
};

/// One layer of the language; docs/language.md describes each.
struct LayerDef {
  std::string_view signature;  ///< in the language itself: name, operands, arguments with PyTorch's defaults
  Value (*build)(const LayerArguments&);
  bool joins = false;  ///< all arguments without a keyword are values, of which the first parameter is one
};

std::span<const LayerDef> layer_table();

}  // namespace sinter::language
