#include <algorithm>
#include <map>

#include "ir/graph.h"
#include "ir/op_table.h"

/// The part of type inference that the op table's rows describe: operand counts, element types, shape
/// patterns.
namespace sinter {
namespace {

const OperandDef& operand_def(const OpDef& op, size_t i) {
  return op.operands[std::min(i, op.operands.size() - 1)];  // the last may be variadic
}

// The letters of "[N, C, ..]", "..." included.
std::vector<std::string_view> split_pattern(std::string_view pattern) {
  std::vector<std::string_view> letters;
  std::string_view rest = pattern.substr(1, pattern.size() - 2);
  while (!rest.empty()) {
    const size_t end = std::min(rest.find(", "), rest.size());
    letters.push_back(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 2, rest.size()));
  }
  return letters;
}

struct BoundLetter {
  Dim dim;
  std::string_view operand;
};

class RowCheck {
 public:
  RowCheck(const Inference& in, std::span<const std::optional<Type>> operands)
      : in_(in), op_(op_def(in.kind())), operands_(operands) {}

  void run() {
    check_count();
    for (size_t i = 0; i < operands_.size(); ++i) {
      if (!operands_[i]) continue;
      check_elements(i);
      check_shape(i);
    }
  }

 private:
  void check_count() const {
    const bool variadic = op_.operands.size() > 0 && op_.operands[op_.operands.size() - 1].variadic;
    if (operands_.size() > op_.operands.size() && !variadic)
      in_.reject(fmt::format("{} operands; expected at most {}", operands_.size(), op_.operands.size()));
    for (size_t i = 0; i < std::max(operands_.size(), op_.operands.size()); ++i) {
      const OperandDef& def = operand_def(op_, i);
      const bool may_end = def.variadic && i >= operands_.size();
      if (!def.optional && !may_end && !in_.has(i))
        in_.reject(fmt::format("operand {} is missing", def.name));
    }
  }

  void check_elements(size_t i) {
    const OperandDef& def = operand_def(op_, i);
    const DType type = operands_[i]->dtype;
    const auto expect = [&](bool holds, std::string_view what) {
      if (!holds) in_.reject(fmt::format("{} is of type {}; expected {}", def.name, to_string(type), what));
    };
    switch (def.elements) {
      case Elements::floating:
        expect(is_floating(type), "a floating type");
        break;
      case Elements::same:
        break;
      case Elements::index:
        return expect(type == DType::u8 || type == DType::i32 || type == DType::i64, "u8, i32 or i64");
      case Elements::boolean:
        return expect(type == DType::boolean, "bool");
      case Elements::any:
        return;
    }
    if (shared_ && *shared_ != type)
      in_.reject(fmt::format("{} is of type {}, the operands before it of {}", def.name, to_string(type),
                             to_string(*shared_)));
    shared_ = type;
  }

  void check_shape(size_t i) {
    const OperandDef& def = operand_def(op_, i);
    const Shape& shape = operands_[i]->shape;
    if (shape.size() > max_rank)
      in_.reject(
          fmt::format("{} has {} dimensions; at most {} are supported", def.name, shape.size(), max_rank));
    auto letters = split_pattern(def.pattern);
    size_t skip = 0;
    if (!letters.empty() && letters.front() == "...") {
      letters.erase(letters.begin());
      if (shape.size() < letters.size())
        in_.reject(fmt::format("{} has {} dimensions; expected {}", def.name, shape.size(), def.pattern));
      skip = shape.size() - letters.size();
    }
    if (shape.size() - skip != letters.size())
      in_.reject(fmt::format("{} has {} dimensions; expected {}, {}", def.name, shape.size(), letters.size(),
                             def.pattern));
    for (size_t d = 0; d < letters.size(); ++d) bind(letters[d], shape[skip + d], def);
  }

  void bind(std::string_view letter, const Dim& dim, const OperandDef& def) {
    const auto [bound, fresh] = letters_.try_emplace(letter, BoundLetter{dim, def.name});
    if (fresh || bound->second.dim == dim) return;
    const auto& [first, owner] = bound->second;
    in_.reject(
        fmt::format("{} has {} = {}, {} has {}", def.name, letter, to_string(dim), owner, to_string(first)),
        fmt::format("{} is the same in {} {} and {} {}", letter, owner, pattern_of(owner), def.name,
                    def.pattern));
  }

  std::string_view pattern_of(std::string_view operand) const {
    return std::ranges::find(op_.operands, operand, &OperandDef::name)->pattern;
  }

  const Inference& in_;
  const OpDef& op_;
  std::span<const std::optional<Type>> operands_;
  std::optional<DType> shared_;
  std::map<std::string_view, BoundLetter> letters_;
};

}  // namespace

std::vector<int64_t> Inference::sizes(size_t i) const {
  if (!is_concrete(operands_[i]->shape))
    reject(fmt::format("{} has a symbol among its dimensions; expected numbers",
                       operand_def(op_def(kind_), i).name));
  return sinter::sizes(operands_[i]->shape);
}

void Inference::reject(std::string_view message, std::string_view rule) const {
  const OpDef& op = op_def(kind_);
  std::string notes;
  for (size_t i = 0; i < operands_.size(); ++i)
    if (operands_[i]) notes += fmt::format("  {:<9} {}\n", operand_def(op, i).name, to_string(*operands_[i]));
  if (!rule.empty()) notes += fmt::format("  {:<9} {}\n", "rule", rule);
  if (!notes.empty()) notes.pop_back();
  throw InputError(Location{}, fmt::format("{}: {}", op.name, message), notes);
}

std::vector<Type> infer_types(OpKind kind, const Attributes& attributes,
                              std::span<const std::optional<Type>> operands) {
  const Inference in(kind, attributes, operands);
  RowCheck(in, operands).run();
  auto results = op_def(kind).infer(in);
  try {
    for (const Type& type : results)
      if (is_concrete(type.shape)) type.bytes();  // refuses sizes that overflow
  } catch (const InputError& error) {
    in.reject(error.message());
  }
  return results;
}

}  // namespace sinter
