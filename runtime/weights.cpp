#include "runtime/weights.h"

#include <algorithm>
#include <mutex>
#include <vector>

#include "ir/relayout.h"

namespace sinter {

struct Weights::Entry {
  uint64_t version = 1;                       ///< of the newest copy
  std::vector<std::unique_ptr<Copy>> copies;  ///< one for each layout; the first is plain
};

struct Weights::Entries {
  std::mutex mutex;  ///< held while copies are added or brought up to date from outside a run
  std::map<std::string, Entry, std::less<>> by_name;
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
  return found != entries_->by_name.end() && std::ranges::any_of(found->second.copies, [&](const auto& copy) {
           return copy->type_ == type && copy->memory_;
         });
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

NamedTensors Weights::tensors() const {
  NamedTensors all;
  for (const auto& [name, _] : entries_->by_name) all.emplace(name, at(name));
  return all;
}

Weights::Copy& Weights::copy(std::string_view name, const Type& type) {
  const std::scoped_lock lock(entries_->mutex);
  Entry& entry = this->entry(name);
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

void Weights::refresh(Copy& copy) {
  const Entry& entry = *copy.entry_;
  if (copy.version_ == entry.version && copy.memory_) return;
  if (!copy.memory_ && copy.type_.layout.is_plain()) hold(copy, {copy.type_.dtype, sizes(copy.type_.shape)});
  if (!copy.memory_) copy.memory_ = allocate_aligned(copy.type_.bytes());
  const auto newest =
      std::ranges::find(entry.copies, entry.version, [](const auto& c) { return c->version_; });
  require(newest != entry.copies.end(), "one copy is the newest");
  relayout((*newest)->type_, (*newest)->data(), copy.type_, copy.data());
  copy.version_ = entry.version;
}

void Weights::written(Copy& copy) {
  Entry& entry = *copy.entry_;
  copy.version_ = ++entry.version;
  Copy& plain = *entry.copies[0];
  if (plain.in_use_ || &plain == &copy) return;
  plain.memory_.reset();
  plain.tensor_ = {};
}

}  // namespace sinter
