#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "ir/dtype.h"
#include "ir/op_kind.h"

namespace sinter {

class Graph;

using Ints = std::vector<int64_t>;
/// A graph as an attribute: the body of a fusion or a loop. Shared, never changed; null: left out.
using Body = std::shared_ptr<const Graph>;
using AttributeValue = std::variant<int64_t, double, bool, std::string, Ints, DType, Body>;

/// A node's attributes: one value for each attribute of its op's table row, in the row's order.
class Attributes {
 public:
  using Named = std::pair<std::string_view, AttributeValue>;

  /// The defaults of `kind`, then `given`. Throws InputError for an unknown name, a value of the wrong kind
  /// or out of bounds, or a missing attribute that has no default.
  explicit Attributes(OpKind kind, const std::vector<Named>& given = {});

  OpKind kind() const { return kind_; }
  int64_t integer(std::string_view name) const { return as<int64_t>(name); }
  double real(std::string_view name) const { return as<double>(name); }
  bool boolean(std::string_view name) const { return as<bool>(name); }
  const std::string& word(std::string_view name) const { return as<std::string>(name); }
  const Ints& ints(std::string_view name) const { return as<Ints>(name); }
  DType dtype(std::string_view name) const { return as<DType>(name); }
  const Graph& body() const { return *as<Body>("body"); }
  /// A graph that may be left out: null then.
  const Graph* optional_graph(std::string_view name) const { return as<Body>(name).get(); }

  const std::vector<AttributeValue>& values() const { return values_; }
  /// All as name and value, to build an op that shares them.
  std::vector<Named> named() const;
  /// These with another value for one of them. Throws InputError as the constructor does.
  Attributes with(std::string_view name, AttributeValue value) const;

  /// Bodies compare by content.
  bool operator==(const Attributes& other) const;

 private:
  const AttributeValue& find(std::string_view name) const;
  template <typename T>
  const T& as(std::string_view name) const {
    return std::get<T>(find(name));
  }

  OpKind kind_;
  std::vector<AttributeValue> values_;
};

}  // namespace sinter
