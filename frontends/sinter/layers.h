#pragma once

#include <span>

#include "frontends/sinter/datum.h"

namespace sinter::language {

/// Where a layer is called: its name in a text, and its path, which its parameters' names begin with.
struct LayerPlace {
  const Source* source;  ///< null: it is called by a program
  size_t place;
  std::string_view path;
};

/// What one call of a layer is given, checked as it is asked for. Everything here throws InputError at the
/// argument, saying what it must be and what was found.
class LayerArguments {
 public:
  LayerArguments(std::string_view layer, const Scope& arguments, const LayerPlace& place, Graph& graph,
                 std::vector<Value> values = {})
      : layer_(layer), arguments_(arguments), place_(place), graph_(graph), values_(std::move(values)) {}

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
  /// One of these words.
  std::string word(std::string_view name, std::span<const std::string_view> words) const;
  /// One of these words, or nothing where the argument is no word.
  std::optional<std::string> word_if_any(std::string_view name,
                                         std::span<const std::string_view> words) const;

  /// A trained tensor of the layer. Refuses one of more than 2^40 elements.
  Value parameter(std::string_view name, DType dtype, const Shape& shape) const;
  /// A tensor that training moves but no gradient reaches, such as a running mean.
  Value state(std::string_view name, DType dtype, const Shape& shape) const;
  /// Throws InputError at the layer itself.
  [[noreturn]] void reject(std::string_view message) const;

 private:
  [[noreturn]] void fail_at(size_t place, std::string_view message) const;
  [[noreturn]] void mismatch(std::string_view name, std::string_view expected) const;
  Ints integers(std::string_view name, std::string_view expected, int64_t least, size_t most_items) const;

  std::string_view layer_;
  const Scope& arguments_;
  LayerPlace place_;
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
