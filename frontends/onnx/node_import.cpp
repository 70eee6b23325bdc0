#include "frontends/onnx/node_import.h"

#include <algorithm>
#include <array>

namespace sinter::onnx {
namespace {

// By ModelAttribute's index.
constexpr std::array<std::string_view, 7> kinds = {"INT",    "FLOAT",   "STRING", "INTS",
                                                   "FLOATS", "STRINGS", "TENSOR"};

std::string kind_of(const ModelAttribute& attribute) {
  if (const auto* other = std::get_if<OtherAttribute>(&attribute)) return other->kind;
  return std::string(kinds[attribute.index()]);
}

Tensor tensor_of(const Dims& dims) {
  const auto values = sizes(dims.values);
  return Tensor::of<int64_t>(dims.scalar ? Ints{} : Ints{static_cast<int64_t>(values.size())}, values);
}

}  // namespace

void NodeImport::reject(std::string_view message, std::string_view rule) const {
  throw InputError(Location{}, message, rule.empty() ? "" : fmt::format("  {:<9} {}", "rule", rule));
}

const Named& NodeImport::named(size_t i) const {
  if (!has(i)) reject(fmt::format("input {} is missing; the node has {}", i, input_count()));
  return names_.find(node_.inputs[i])->second;
}

Value NodeImport::value(size_t i) {
  named(i);
  Named& named = names_.find(node_.inputs[i])->second;
  if (!named.value && named.dims)
    reject(fmt::format("input {} (\"{}\") is a shape, {}, which has no numbers before its symbols have", i,
                       node_.inputs[i], to_string(named.dims->values)));
  if (!named.value) named.value = graph_.constant(named.constant.value()).id();
  return graph_.value(*named.value);
}

std::vector<Value> NodeImport::values() {
  if (input_count() == 0) reject("no inputs; expected at least one");
  std::vector<Value> all;
  for (size_t i = 0; i < input_count(); ++i) all.push_back(value(i));
  return all;
}

std::optional<Tensor> NodeImport::fixed(size_t i) const {
  return has(i) && named(i).is_fixed() ? named(i).constant : std::nullopt;
}

Tensor NodeImport::constant(size_t i, std::string_view what) const {
  const Named& input = named(i);
  if (!input.constant)
    reject(fmt::format("{} (input {}, \"{}\") is computed as the model runs; expected a constant", what, i,
                       node_.inputs[i]));
  return *input.constant;
}

Ints NodeImport::integers(size_t i, std::string_view what) const {
  const Tensor tensor = constant(i, what);
  if (!is_integer(tensor.dtype()))
    reject(fmt::format("{} (input {}, \"{}\") is {}; expected integers", what, i, node_.inputs[i],
                       to_string(tensor.type())));
  const Tensor wide = tensor.cast(DType::i64);
  const auto values = wide.values<int64_t>();
  return {values.begin(), values.end()};
}

Dims NodeImport::dims(size_t i, std::string_view what) const {
  if (named(i).dims) return *named(i).dims;
  const Ints values = integers(i, what);
  const size_t rank = named(i).constant->shape().size();
  if (rank > 1) reject(fmt::format("{} (input {}) has {} dimensions; expected one", what, i, rank));
  return {Shape(values.begin(), values.end()), rank == 0};
}

const ModelAttribute* NodeImport::attribute(std::string_view name) const {
  const auto found = node_.attributes.find(name);
  if (found == node_.attributes.end()) return nullptr;
  read_.emplace(name);
  return &found->second;
}

std::optional<std::string> NodeImport::unread_attribute() const {
  for (const auto& [name, _] : node_.attributes)
    if (!read_.contains(name)) return name;
  return std::nullopt;
}

template <typename T>
T NodeImport::get(std::string_view name, const std::optional<T>& fallback) const {
  const ModelAttribute* found = attribute(name);
  if (!found && !fallback) reject(fmt::format("attribute {} is missing", name));
  if (!found) return *fallback;
  const T* value = std::get_if<T>(found);
  if (!value)
    reject(fmt::format("attribute {} is of type {}; expected {}", name, kind_of(*found),
                       kind_of(ModelAttribute(T{}))));
  return *value;
}

int64_t NodeImport::integer(std::string_view name, std::optional<int64_t> fallback) const {
  return get<int64_t>(name, fallback);
}
double NodeImport::real(std::string_view name, std::optional<double> fallback) const {
  return get<double>(name, fallback);
}
std::string NodeImport::word(std::string_view name, std::optional<std::string> fallback) const {
  return get<std::string>(name, fallback);
}
Ints NodeImport::ints(std::string_view name, std::optional<Ints> fallback) const {
  return get<Ints>(name, fallback);
}

size_t NodeImport::axis(int64_t given, size_t rank, bool end_too) const {
  const auto size = static_cast<int64_t>(rank);
  if (given < -size || given > (end_too ? size : size - 1))
    reject(fmt::format("axis {} of a value of {} dimensions", given, rank));
  return static_cast<size_t>(given < 0 ? given + size : given);
}

Ints NodeImport::axes(Ints given, size_t rank) const {
  for (int64_t& each : given) each = static_cast<int64_t>(axis(each, rank));
  if (std::set(given.begin(), given.end()).size() != given.size())
    reject(fmt::format("axes [{}] have one twice", fmt::join(given, ", ")));
  return given;
}

bool NodeImport::wants(size_t i) const {
  known_outputs_ = std::max(known_outputs_, i + 1);
  return i < node_.outputs.size() && !node_.outputs[i].empty() && read_names_.contains(node_.outputs[i]);
}

std::optional<std::string> NodeImport::missing_output() const {
  for (size_t i = 0; i < node_.outputs.size(); ++i) {
    const std::string& name = node_.outputs[i];
    const bool missing = read_names_.contains(name) ? !names_.contains(name) : i >= known_outputs_;
    if (!name.empty() && missing) return name;
  }
  return std::nullopt;
}

void NodeImport::define(size_t i, Named named) {
  if (!wants(i)) return;
  named.origin = fmt::format("node \"{}\"", node_.name);
  if (!names_.emplace(node_.outputs[i], std::move(named)).second)
    reject(fmt::format("output \"{}\" has a name that stands before", node_.outputs[i]));
}

void NodeImport::result(size_t i, Value value) { define(i, {.value = value.id()}); }
void NodeImport::result(size_t i, Tensor constant) { define(i, {.constant = std::move(constant)}); }
void NodeImport::result(size_t i, Dims dims) {
  if (is_concrete(dims.values)) return result(i, tensor_of(dims));
  define(i, {.dims = std::move(dims)});
}

}  // namespace sinter::onnx
