#pragma once

#include <array>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ir/attributes.h"
#include "ir/node_observer.h"
#include "ir/type.h"
#include "ir/value.h"

namespace sinter {

/// A short list that a constexpr table row can hold.
template <typename T, size_t Capacity>
class FixedList {
 public:
  constexpr FixedList() = default;
  constexpr FixedList(std::initializer_list<T> items) : size_(items.size()) {
    size_t i = 0;
    for (const T& item : items) items_[i++] = item;
  }
  constexpr size_t size() const { return size_; }
  constexpr const T* begin() const { return items_.data(); }
  constexpr const T* end() const { return items_.data() + size_; }
  constexpr const T& operator[](size_t i) const { return items_[i]; }

 private:
  std::array<T, Capacity> items_{};
  size_t size_ = 0;
};

/// Which element types an operand takes. Operands marked `floating` or `same` of one node share one type.
enum class Elements : uint8_t {
  floating,  ///< f32, f64 (bf16 and f16 where a backend has them); shared
  same,      ///< any numeric type; shared
  index,     ///< u8, i32 or i64, on its own
  boolean,   ///< bool
  any,       ///< anything, on its own
};

/// The values an operand may take: what fuzzing and finite differences draw from.
enum class Domain : uint8_t {
  any,          ///< about -2..2
  positive,     ///< 0.2..3
  non_zero,     ///< magnitude 0.2..2: away from a kink or a pole at 0
  distinct,     ///< all elements apart from each other, so that a maximum is a clear one
  class_index,  ///< 0 .. size of the first operand's dimension 1, exclusive
  rate,         ///< 0.01..0.1
};

/// What an operand is to its op: initialisers and importers ask.
enum class Role : uint8_t {
  data,
  weight,
  bias,
  scale,  ///< starts at 1: of a normalisation; a running variance
  slope,  ///< starts at 1/4: of a line below zero
  shift,  ///< starts at 0: of a normalisation; a running mean
};

struct OperandDef {
  std::string_view name;
  /// Dimensions by letter, `[N, C, H, W]`: one letter means one size within a node. `[..., I]` has any
  /// number of dimensions before, `[...]` any shape.
  std::string_view pattern = "[...]";
  Elements elements = Elements::floating;
  bool optional = false;
  Domain domain = Domain::any;
  Role role = Role::data;
  bool variadic = false;  ///< any number of these; the last operand only
};

enum class AttrKind : uint8_t {
  integer,
  real,
  boolean,
  word,
  ints,
  dtype,
  body,
  axis,         ///< integer, counted from the end where negative
  axes,         ///< ints, a set of axes; empty: all
  permutation,  ///< ints
  shape,        ///< ints
};

struct AttributeDef {
  std::string_view name;
  AttrKind kind;
  std::string_view fallback;  ///< the default in text form; "" where the attribute must be given
  double min = -std::numeric_limits<double>::infinity();  ///< each number's least value
  double max = std::numeric_limits<double>::infinity();
  int length = -1;              ///< of ints; -1: any
  std::string_view words = {};  ///< the words allowed, separated by spaces
};

/// What infer() is given. Operands are absent where optional and left out.
class Inference {
 public:
  Inference(OpKind kind, const Attributes& attributes, std::span<const std::optional<Type>> operands)
      : kind_(kind), attributes_(attributes), operands_(operands) {}

  const Attributes& attributes() const { return attributes_; }
  size_t operand_count() const { return operands_.size(); }
  bool has(size_t i) const { return i < operands_.size() && operands_[i].has_value(); }
  const Type& operator[](size_t i) const { return *operands_[i]; }
  OpKind kind() const { return kind_; }

  /// Operand i's sizes; rejects symbols.
  std::vector<int64_t> sizes(size_t i) const;
  /// Throws InputError: the op, `message`, the operands with their types, and the rule that was broken.
  [[noreturn]] void reject(std::string_view message, std::string_view rule = {}) const;

 private:
  OpKind kind_;
  const Attributes& attributes_;
  std::span<const std::optional<Type>> operands_;
};

/// Memory that a kernel reads or writes: row-major elements of a concrete shape.
struct TensorView {
  DType dtype = DType::f32;
  std::span<const int64_t> shape = {};
  int64_t count = 0;     ///< elements
  void* data = nullptr;  ///< null: an optional operand that was left out

  bool present() const { return data != nullptr; }
  template <typename T>
  T* as() const {
    return static_cast<T*>(data);
  }
  int64_t dim(size_t i) const { return shape[i]; }
};

/// What evaluate() is given.
struct Evaluation {
  const Attributes& attributes;
  std::span<const TensorView> operands;
  std::span<const TensorView> results;
  const NodeObserver* observer = nullptr;  ///< of the nodes of a loop's body
};

/// What gradient() is given: the forward values, and the gradient of the loss by each result (absent: zero).
struct Differentiation {
  Graph& graph;
  const Attributes& attributes;
  std::span<const std::optional<Value>> operands;
  std::span<const Value> results;
  std::span<const std::optional<Value>> gradients;

  Value x(size_t i) const { return operands[i].value(); }  ///< operand i, which must be present
  bool has(size_t i) const { return i < operands.size() && operands[i].has_value(); }
};

using OperandGradients = std::vector<std::optional<Value>>;
using InferFunction = std::vector<Type> (*)(const Inference&);
using GradientFunction = OperandGradients (*)(const Differentiation&);
/// Computes the parallel units [begin, end). Units are independent and each adds up in a fixed order, so the
/// bits do not depend on how units are spread over threads. Must not allocate, throw, or start threads.
using EvaluateFunction = void (*)(const Evaluation&, int64_t begin, int64_t end);
using UnitsFunction = int64_t (*)(const Evaluation&);
using FlopsFunction = double (*)(const Attributes&, std::span<const std::optional<Type>> operands,
                                 std::span<const Type> results);

/// An op whose operands may hold a batch: dimension 0 of some counts the same samples.
struct BatchQuery {
  const Attributes& attributes;
  std::span<const std::optional<Type>> operands;
  std::span<const Type> results;
  const std::vector<bool>& batched;  ///< by operand: whether its dimension 0 is the batch
  int64_t samples;                   ///< in the batch
  int64_t slab;                      ///< samples in the part of it that is to be computed

  bool is_batched(size_t i) const { return i < operands.size() && batched[i]; }
};

/// How an op is computed for some samples of a batch. Where results are summed, the results for all samples
/// are the sum of those for the parts, times `scale`.
struct SlabForm {
  Attributes attributes;     ///< of the op that runs on the part: this one, or another (sum for mean)
  std::vector<bool> summed;  ///< by result; else sample i needs only sample i of the batched operands
  double scale = 1;          ///< of all results that are summed
};

/// Nothing where samples mix, or where no operand is batched (but for ops that repeat a value for each
/// sample).
using SlabFunction = std::optional<SlabForm> (*)(const BatchQuery&);

/// What an op does with the samples of a batch.
struct SampleRule {
  std::string_view words = "Cross sample";  ///< for the op reference
  SlabFunction slab_form = nullptr;         ///< nullptr: samples mix
};

/// Whether element i of the results needs only element i of the operands that are not scalars. Such ops join
/// into chains, and run in any layout if the zeros that fill up blocks stay zeros.
enum class Elementwise : uint8_t {
  no,
  yes,
  keeps_zeros,  ///< and is zero where these are, whatever operands of pattern `[]` hold
};

/// Everything known about an op. Printer, parser, verifier, folding, autodiff, interpreter, fuzzing, the op
/// reference and the builders all read this row; nothing of it is said again elsewhere.
struct OpDef {
  OpKind kind;
  std::string_view name;
  std::string_view formula;
  std::string_view summary;
  FixedList<OperandDef, 8> operands;
  FixedList<AttributeDef, 6> attributes = {};
  FixedList<std::string_view, 4> results = {"y"};
  InferFunction infer;
  GradientFunction gradient = nullptr;  ///< nullptr: not differentiable
  EvaluateFunction evaluate;            ///< the definition of correct
  UnitsFunction units;
  FlopsFunction flops;
  SampleRule samples = {};
  bool commutative = false;
  Elementwise elementwise = Elementwise::no;
  /// For each result the operand whose memory it may take over, since element i of the result needs only
  /// element i of that operand. Shorter than the results: not in place. An optional operand that is left out
  /// has no result: ask in_place_operand().
  FixedList<int, 4> in_place = {};
  /// An optimizer's update: of operand 0, the parameter, by operand 1, its gradient, which it alone reads.
  bool updates = false;
  /// An op of the same operands and attributes whose first result is this one's, and whose further results
  /// the gradient reads: autodiff puts it in this op's place.
  OpKind train_as = kind;
  std::string_view source = {};
};

/// The rows, in the order of OpKind.
std::span<const OpDef> op_table();
const OpDef& op_def(OpKind kind);
inline std::string_view to_string(OpKind kind) { return op_def(kind).name; }
std::optional<OpKind> find_op(std::string_view name);
/// Differentiable with gradient zero: for ops whose results are steps or integers.
OperandGradients zero_gradient(const Differentiation&);

/// Checks operand count, element types and shape patterns of the row, then calls infer. Throws InputError.
std::vector<Type> infer_types(OpKind kind, const Attributes& attributes,
                              std::span<const std::optional<Type>> operands);

/// The operand that result `result` may be computed in the memory of, by position; -1: none. `present(i)`:
/// whether operand i is there.
template <typename Present>
int in_place_operand(const OpDef& op, size_t result, Present present) {
  for (const int operand : op.in_place)
    if (present(static_cast<size_t>(operand)) && result-- == 0) return operand;
  return -1;
}

/// The op reference in Markdown, from the table.
std::string op_reference();

}  // namespace sinter
