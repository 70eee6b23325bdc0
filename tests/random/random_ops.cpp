#include "tests/random/random_ops.h"

#include <algorithm>
#include <map>
#include <numeric>

#include "ir/build.h"
#include "ir/text.h"

namespace sinter {

namespace {

// Gradient ops take the size that a forward op would give: about one draw in a hundred fits.
constexpr int most_draws = 4000;

std::vector<std::string_view> split(std::string_view text, std::string_view separator) {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    const size_t end = std::min(text.find(separator), text.size());
    parts.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + separator.size(), text.size()));
  }
  return parts;
}

template <typename T>
const T& one_of(RandomEngine& random, const std::vector<T>& items) {
  return items[random_integer(random, 0, static_cast<int64_t>(items.size()) - 1)];
}

const OperandDef& operand_def(const OpDef& op, size_t i) {
  return op.operands[std::min(i, op.operands.size() - 1)];  // the last may be variadic
}

class Draw {
 public:
  Draw(const OpDef& op, RandomEngine& random, const InstanceOptions& options, std::span<const Type> available)
      : op_(op), random_(random), options_(options), available_(available) {}

  OpInstance instance() {
    for (size_t i = 0; i < op_.operands.size(); ++i) {
      const OperandDef& def = op_.operands[i];
      const int64_t count = def.variadic ? random_integer(random_, 1, 3) : 1;
      for (int64_t k = 0; k < count; ++k) operand(def);
    }
    std::vector<Attributes::Named> given;
    for (const AttributeDef& def : op_.attributes)
      if (def.fallback.empty() || chance(random_, 0.65)) given.emplace_back(def.name, attribute(def));
    return {op_.kind, Attributes(op_.kind, given), operands_, {}, taken_};
  }

 private:
  void operand(const OperandDef& def) {
    taken_.emplace_back();
    if (def.optional && chance(random_, 0.4)) {
      operands_.emplace_back();
      return;
    }
    std::vector<size_t> fitting;
    for (size_t i = 0; i < available_.size(); ++i)
      if (fits(available_[i], def)) fitting.push_back(i);
    if (!fitting.empty() && chance(random_, 0.85)) taken_.back() = one_of(random_, fitting);
    const Type type = taken_.back() ? available_[*taken_.back()] : Type{element_type(def), shape(def), {}};
    bind(def, type);
    operands_.emplace_back(type);
  }

  bool fits(const Type& type, const OperandDef& def) const {
    const bool shares = def.elements == Elements::floating || def.elements == Elements::same;
    if (shares && shared_ && *shared_ != type.dtype) return false;
    if (def.elements == Elements::floating && type.dtype != options_.floating) return false;
    if (def.elements == Elements::boolean && type.dtype != DType::boolean) return false;
    if (def.elements == Elements::index && !is_integer(type.dtype)) return false;
    const auto letters = split(def.pattern.substr(1, def.pattern.size() - 2), ", ");
    const bool open = !letters.empty() && letters[0] == "...";
    const size_t named = letters.size() - open;
    if (open ? type.shape.size() < named : type.shape.size() != named) return false;
    for (size_t k = 0; k < named; ++k) {
      const auto bound = letters_.find(letters[letters.size() - named + k]);
      if (bound != letters_.end() && Dim(bound->second) != type.shape[type.shape.size() - named + k])
        return false;
    }
    return true;
  }

  void bind(const OperandDef& def, const Type& type) {
    if (def.elements == Elements::floating || def.elements == Elements::same) shared_ = type.dtype;
    const auto letters = split(def.pattern.substr(1, def.pattern.size() - 2), ", ");
    for (size_t back = 1; back <= letters.size() && letters[letters.size() - back] != "..."; ++back)
      letters_.emplace(letters[letters.size() - back], type.shape[type.shape.size() - back].size);
  }

  DType any_type() {
    if (!options_.integers || chance(random_, 0.6)) return options_.floating;
    return one_of(random_, std::vector{DType::i8, DType::u8, DType::i32, DType::i64, DType::boolean});
  }

  DType element_type(const OperandDef& def) {
    switch (def.elements) {
      case Elements::floating:
        return options_.floating;
      case Elements::same:
        return shared_ ? *shared_ : any_type();
      case Elements::index:
        return one_of(random_, std::vector{DType::u8, DType::i32, DType::i64});
      case Elements::boolean:
        return DType::boolean;
      case Elements::any:
        // The lesser operands of gradient ops are indices, whatever the floating type.
        return operands_.empty() || op_.operands[op_.operands.size() - 1].variadic
                   ? any_type()
                   : one_of(random_, std::vector{DType::u8, DType::i32});
    }
    return options_.floating;
  }

  // Small sizes more often: gradient ops take only sizes that fit together.
  int64_t size() {
    const int64_t most =
        chance(random_, 0.5) ? std::min<int64_t>(6, options_.largest_size) : options_.largest_size;
    return random_integer(random_, options_.smallest_size, most);
  }

  Shape shape(const OperandDef& def) {
    const auto letters = split(def.pattern.substr(1, def.pattern.size() - 2), ", ");
    Shape shape;
    for (const std::string_view letter : letters) {
      if (letter == "...")
        shape = letters.size() == 1 ? open_shape() : some_shape(0, 2);
      else
        shape.emplace_back(letters_.try_emplace(letter, size()).first->second);
    }
    return shape;
  }

  Shape some_shape(int64_t lowest_rank, int64_t highest_rank) {
    Shape shape;
    const int64_t rank = random_integer(random_, lowest_rank, highest_rank);
    for (int64_t i = 0; i < rank; ++i) shape.emplace_back(size());
    return shape;
  }

  // Most ops want operands of one shape, or shapes that broadcast.
  Shape open_shape() {
    std::vector<Shape> earlier;
    for (const auto& operand : operands_)
      if (operand) earlier.push_back(operand->shape);
    if (earlier.empty() || chance(random_, 0.2)) return some_shape(0, 4);
    const Shape like = one_of(random_, earlier);
    return chance(random_, 0.5) ? like : chance(random_, 0.5) ? narrowed(like) : widened(like);
  }

  // A shape that broadcasts to `like`.
  Shape narrowed(const Shape& like) {
    Shape shape(like.begin() + random_integer(random_, 0, static_cast<int64_t>(like.size())), like.end());
    for (Dim& dim : shape)
      if (chance(random_, 0.3)) dim = 1;
    return shape;
  }

  // A shape that `like` broadcasts to.
  Shape widened(const Shape& like) {
    Shape shape = like;
    for (Dim& dim : shape)
      if (dim == Dim(1)) dim = size();
    if (shape.size() < 4 && chance(random_, 0.5)) shape.insert(shape.begin(), size());
    return shape;
  }

  AttributeValue attribute(const AttributeDef& def) {
    const auto rank = static_cast<int64_t>(operands_[0] ? operands_[0]->shape.size() : 0);
    switch (def.kind) {
      case AttrKind::integer:
        return static_cast<int64_t>(std::max(def.min, 0.0)) + random_integer(random_, 0, 3);
      case AttrKind::real: {
        const double low = std::max(def.min, -1.0);
        return random_real(random_, low, std::min(def.max, low + 2));
      }
      case AttrKind::boolean:
        return chance(random_, 0.5);
      case AttrKind::word:
        return std::string(one_of(random_, split(def.words, " ")));
      case AttrKind::ints:
        return integers(def);
      case AttrKind::dtype:
        return one_of(random_, std::vector{DType::f32, DType::f64, DType::i8, DType::u8, DType::i32,
                                           DType::i64, DType::boolean});
      case AttrKind::body:
        return def.fallback.empty() ? body() : Body();
      case AttrKind::axis:
        return rank == 0 ? int64_t{0} : random_integer(random_, -rank, rank - 1);
      case AttrKind::axes: {
        Ints axes;
        for (int64_t axis = 0; axis < rank; ++axis)
          if (chance(random_, 0.5)) axes.push_back(chance(random_, 0.5) ? axis : axis - rank);
        return axes;
      }
      case AttrKind::permutation: {
        Ints order(rank);
        std::iota(order.begin(), order.end(), 0);
        std::ranges::shuffle(order, random_);
        return order;
      }
      case AttrKind::shape:
        return wanted_shape();
    }
    return {};
  }

  // Small numbers mostly: strides, kernels and paddings; sometimes larger: sizes.
  Ints integers(const AttributeDef& def) {
    const int64_t least = static_cast<int64_t>(std::max(def.min, 0.0));
    Ints values;
    for (int64_t i = def.length < 0 ? -random_integer(random_, 0, 3) : -def.length; i < 0; ++i)
      values.push_back(least +
                       random_integer(random_, 0, chance(random_, 0.6) ? 2 : options_.largest_size + 1));
    return values;
  }

  // What the first operand could be reshaped to, or broadcast to, or summed to.
  Ints wanted_shape() {
    const Shape& x = operands_[0]->shape;
    const int64_t way = random_integer(random_, 0, 3);
    Ints shape = sizes(way == 0 ? narrowed(x) : way == 1 ? widened(x) : x);
    if (way < 2) return shape;
    std::ranges::shuffle(shape, random_);
    if (way == 3 && shape.size() > 1) {  // joins two dimensions
      shape[0] *= shape[1];
      shape.erase(shape.begin() + 1);
    }
    if (!shape.empty() && chance(random_, 0.3)) one_of_mutable(shape) = -1;
    return shape;
  }

  int64_t& one_of_mutable(Ints& values) {
    return values[random_integer(random_, 0, static_cast<int64_t>(values.size()) - 1)];
  }

  // Each floating operand through an op, the others as they are.
  Body body() {
    auto graph = std::make_shared<Graph>();
    std::vector<Value> inputs;
    for (const auto& operand : operands_)
      inputs.push_back(graph->input(fmt::format("a{}", inputs.size()), *operand));
    for (const Value input : inputs)
      graph->add_result(is_floating(input.dtype()) ? tanh(input * 0.5) : input);
    return graph;
  }

  const OpDef& op_;
  RandomEngine& random_;
  const InstanceOptions& options_;
  std::span<const Type> available_;
  std::vector<std::optional<Type>> operands_;
  std::vector<std::optional<size_t>> taken_;
  std::map<std::string_view, int64_t> letters_;
  std::optional<DType> shared_;
};

}  // namespace

std::optional<OpInstance> random_instance(const OpDef& op, RandomEngine& random,
                                          const InstanceOptions& options, std::span<const Type> available) {
  for (int draw = 0; draw < most_draws; ++draw) {
    try {
      OpInstance instance = Draw(op, random, options, available).instance();
      instance.results = infer_types(op.kind, instance.attributes, instance.operands);
      return instance;
    } catch (const InputError&) {  // does not fit: draw again
    }
  }
  return std::nullopt;
}

int64_t class_count(const OpInstance& instance) {
  const auto& first = instance.operands[0];
  return first && first->shape.size() > 1 ? first->shape[1].size : 1;
}

Domain operand_domain(OpKind op, size_t operand) { return operand_def(op_def(op), operand).domain; }

std::vector<std::optional<Tensor>> random_operands(const OpInstance& instance, RandomEngine& random) {
  std::vector<std::optional<Tensor>> tensors;
  for (size_t i = 0; i < instance.operands.size(); ++i) {
    const auto& type = instance.operands[i];
    const Domain domain = operand_domain(instance.op, i);
    tensors.push_back(type ? std::optional(random_tensor(*type, domain,
                                                         std::max<int64_t>(1, class_count(instance)), random))
                           : std::nullopt);
  }
  return tensors;
}

Graph graph_of(const OpInstance& instance) {
  Graph graph;
  std::vector<OptionalValue> operands;
  for (const auto& type : instance.operands)
    operands.push_back(type ? OptionalValue(graph.input(fmt::format("x{}", operands.size()), *type))
                            : std::nullopt);
  for (const Value result : graph.append(instance.op, operands, instance.attributes))
    graph.add_result(result);
  return graph;
}

std::string to_string(const OpInstance& instance) {
  std::string operands;
  for (const auto& type : instance.operands)
    operands += (operands.empty() ? "" : ", ") + (type ? to_string(*type) : "_");
  return fmt::format("{}({}) {}", to_string(instance.op), operands, print(instance.attributes));
}

}  // namespace sinter
