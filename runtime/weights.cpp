#include "runtime/weights.h"

#include <algorithm>
#include <cstring>
#include <mutex>
#include <vector>

#include "ir/interpreter.h"
#include "ir/relayout.h"

namespace sinter {

struct Weights::Entry {
  uint64_t version = 1;                       ///< of the newest copy
  std::vector<std::unique_ptr<Copy>> copies;  ///< one for each layout; the first is plain
  /// Of a derived value, else null.
  std::shared_ptr<const Graph> definition = {};
  std::vector<Entry*> sources = {};      ///< the definition's parameters, then its states
  std::vector<uint64_t> made_from = {};  ///< versions of these; empty: not computed yet

  bool holds(const Type& type) const {
    return std::ranges::any_of(copies,
                               [&](const auto& copy) { return copy->type_ == type && copy->memory_; });
  }
  bool is_current() const {
    return std::ranges::equal(sources, made_from, {}, [](const Entry* source) { return source->version; });
  }
};

struct Weights::Entries {
  std::mutex mutex;  ///< held while copies are added or brought up to date from outside a run
  std::map<std::string, Entry, std::less<>> by_name;
  std::vector<std::unique_ptr<Entry>> derived;

  /// Null: none.
  Entry* find(const Graph& definition) const {
    const auto same = [&](const auto& entry) { return *entry->definition == definition; };
    const auto found = std::ranges::find_if(derived, same);
    return found == derived.end() ? nullptr : found->get();
  }
};

Weights::Weights() : entries_(std::make_shared<Entries>()) {}

Weights::Weights(NamedTensors tensors) : Weights() {
  for (auto& [name, tensor] : tensors) add(name, std::move(tensor));
}

bool Weights::contains(std::string_view name) const {
  const std::scoped_lock lock(entries_->mutex);
  return entries_->by_name.contains(name);
}

bool Weights::holds(std::string_view name, const Type& type) const {
  const std::scoped_lock lock(entries_->mutex);
  const auto found = entries_->by_name.find(name);
  return found != entries_->by_name.end() && found->second.holds(type);
}

bool Weights::holds(const Graph& definition, const Type& type) const {
  const std::scoped_lock lock(entries_->mutex);
  const Entry* const found = entries_->find(definition);
  return found != nullptr && found->holds(type);
}

void Weights::add(std::string name, Tensor tensor) {
  const std::scoped_lock lock(entries_->mutex);
  const auto [item, added] = entries_->by_name.try_emplace(std::move(name));
  require(added, "weights of different names");
  Entry& entry = item->second;
  entry.copies.push_back(std::make_unique<Copy>(entry, tensor.type()));
  hold(*entry.copies[0], std::move(tensor));
  entry.copies[0]->version_ = entry.version;
}

void Weights::set(std::string_view name, const Tensor& tensor) {
  const std::scoped_lock lock(entries_->mutex);
  Entry& changed = entry(name);
  Copy& plain = *changed.copies[0];
  require(tensor.type() == plain.type_, "weights of that type");
  if (plain.memory_)
    std::memcpy(plain.data(), tensor.data(), static_cast<size_t>(tensor.bytes()));
  else
    hold(plain, tensor.clone());
  plain.version_ = ++changed.version;
}

void Weights::remove(std::string_view name) {
  const std::scoped_lock lock(entries_->mutex);
  const auto found = entries_->by_name.find(name);
  require(found != entries_->by_name.end(), "weights of a known name");
  entries_->by_name.erase(found);
}

Weights::Entry& Weights::entry(std::string_view name) const {
  const auto found = entries_->by_name.find(name);
  require(found != entries_->by_name.end(), "weights of a known name");
  return found->second;
}

void Weights::hold(Copy& copy, Tensor tensor) {
  copy.tensor_ = std::move(tensor);
  // Lives as long as the tensor's elements, which `copy.tensor_` shares.
  copy.memory_ = {std::make_shared<Tensor>(copy.tensor_), static_cast<std::byte*>(copy.tensor_.data())};
}

const Tensor& Weights::at(std::string_view name) const {
  const std::scoped_lock lock(entries_->mutex);
  Copy& plain = *entry(name).copies[0];
  refresh(plain);
  return plain.tensor_;
}

std::vector<std::string> Weights::names() const {
  const std::scoped_lock lock(entries_->mutex);
  std::vector<std::string> all;
  for (const auto& [name, _] : entries_->by_name) all.push_back(name);
  return all;
}

NamedTensors Weights::tensors() const {
  NamedTensors all;
  for (const auto& [name, _] : entries_->by_name) all.emplace(name, at(name));
  return all;
}

Weights::Copy& Weights::copy(std::string_view name, const Type& type) {
  const std::scoped_lock lock(entries_->mutex);
  return copy(entry(name), type);
}

Weights::Copy& Weights::derived(const std::shared_ptr<const Graph>& definition, const Type& type) {
  const std::scoped_lock lock(entries_->mutex);
  if (Entry* const known = entries_->find(*definition)) return copy(*known, type);
  auto made = std::make_unique<Entry>();
  made->definition = definition;
  for (const auto ids : {definition->parameters(), definition->states()})
    for (const ValueId id : ids) made->sources.push_back(&entry(definition->info(id).name));
  made->copies.push_back(std::make_unique<Copy>(*made, definition->type(definition->results()[0].value)));
  entries_->derived.push_back(std::move(made));
  return copy(*entries_->derived.back(), type);
}

Weights::Copy& Weights::copy(Entry& entry, const Type& type) {
  const Type& plain = entry.copies[0]->type_;
  require(type.dtype == plain.dtype && type.shape == plain.shape, "weights of that type");
  auto found = std::ranges::find_if(entry.copies, [&](const auto& copy) { return copy->type_ == type; });
  if (found == entry.copies.end()) {
    entry.copies.push_back(std::make_unique<Copy>(entry, type));
    found = entry.copies.end() - 1;
  }
  refresh(**found);
  (*found)->in_use_ = true;
  return **found;
}

// Into the plain copy, which others are then made from.
void Weights::compute(Entry& entry) {
  std::vector<uint64_t> versions;
  Bindings weights;
  for (size_t i = 0; i < entry.sources.size(); ++i) {
    Copy& plain = *entry.sources[i]->copies[0];
    refresh(plain);
    versions.push_back(plain.version_);
    (i < entry.definition->parameters().size() ? weights.parameters : weights.states)
        .push_back(plain.tensor_);
  }
  Tensor made = interpret(*entry.definition, weights)[0];
  Copy& plain = *entry.copies[0];
  if (plain.memory_)
    std::memcpy(plain.data(), made.data(), static_cast<size_t>(made.bytes()));
  else
    hold(plain, std::move(made));
  plain.version_ = ++entry.version;
  entry.made_from = std::move(versions);
}

void Weights::refresh(Copy& copy) {
  Entry& entry = *copy.entry_;
  if (!entry.is_current()) compute(entry);
  if (copy.version_ == entry.version && copy.memory_) return;
  if (!copy.memory_ && copy.type_.layout.is_plain()) hold(copy, {copy.type_.dtype, sizes(copy.type_.shape)});
  if (!copy.memory_) copy.memory_ = allocate_aligned(copy.type_.bytes());
  const auto newest =
      std::ranges::find(entry.copies, entry.version, [](const auto& c) { return c->version_; });
  require(newest != entry.copies.end(), "one copy is the newest");
  relayout((*newest)->type_, (*newest)->data(), copy.type_, copy.data());
  copy.version_ = entry.version;
  if (entry.definition && !entry.copies[0]->in_use_) drop(*entry.copies[0]);
}

// The plain copy of a value that another copy has.
void Weights::drop(Copy& plain) {
  plain.memory_.reset();
  plain.tensor_ = {};
  plain.version_ = 0;
}

void Weights::written(Copy& copy) {
  Entry& entry = *copy.entry_;
  copy.version_ = ++entry.version;
  Copy& plain = *entry.copies[0];
  if (plain.in_use_ || &plain == &copy) return;
  drop(plain);
}

}  // namespace sinter
