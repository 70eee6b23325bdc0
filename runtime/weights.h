#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "ir/graph.h"
#include "runtime/files/safetensors.h"

namespace sinter {

/// Parameters and states by name, in whatever layouts the programs that run on them want. Each layout asked
/// for has one copy, and the newest counts: a program that trains keeps its weights in its own layout from
/// step to step, and others convert them when they next need them. A handle: copies of it share the values.
/// Thread safety: programs may read side by side; nothing else may happen while one writes.
class Weights {
 public:
  /// One value in one layout.
  class Copy;

  Weights();
  explicit Weights(NamedTensors tensors);

  bool contains(std::string_view name) const;
  /// Adds a value; needs: none of that name.
  void add(std::string name, Tensor tensor);
  /// Replaces a value, in the copies that programs run on too. Needs: contains(name), of that type.
  void set(std::string_view name, const Tensor& tensor);
  /// Needs: contains(name); no program runs on it, and no derived value is made of it.
  void remove(std::string_view name);
  /// The newest value in plain layout; it stays so until a program writes. Needs: contains(name).
  const Tensor& at(std::string_view name) const;
  std::vector<std::string> names() const;
  /// All of them, as at().
  NamedTensors tensors() const;

  /// Whether there is memory for it in the layout of `type` already.
  bool holds(std::string_view name, const Type& type) const;
  /// The copy in the layout of `type`, allocated where there is none yet; it stays where it is as long as the
  /// weights do. Needs: contains(name), of that element type and shape. Throws Error when memory runs out.
  Copy& copy(std::string_view name, const Type& type);
  /// The same of a value that `definition`, a graph of one result, makes of weights, its parameters and
  /// states: computed when it is first asked for, and again where a refresh finds that one of them has been
  /// written. Programs that ask with equal definitions share it; it has no name and is in no file. Needs:
  /// the weights are there, of those types.
  Copy& derived(const std::shared_ptr<const Graph>& definition, const Type& type);
  bool holds(const Graph& definition, const Type& type) const;
  /// Brings a copy up to date; nothing to do where it is. Allocates nothing then.
  static void refresh(Copy& copy);
  /// Says that a program has written into an up-to-date copy, which thereby is the newest.
  static void written(Copy& copy);

 private:
  struct Entry;
  struct Entries;
  Entry& entry(std::string_view name) const;
  static Copy& copy(Entry& entry, const Type& type);
  static void compute(Entry& entry);
  static void drop(Copy& plain);
  static void hold(Copy& copy, Tensor tensor);

  std::shared_ptr<Entries> entries_;
};

class Weights::Copy {
 public:
  Copy(Entry& entry, Type type) : entry_(&entry), type_(std::move(type)) {}
  const Type& type() const { return type_; }
  void* data() const { return memory_.get(); }

 private:
  friend class Weights;
  Entry* entry_;
  Type type_;
  Tensor tensor_;                      ///< of the plain copy: what `memory_` lies in
  std::shared_ptr<std::byte> memory_;  ///< none: to be allocated when it is needed
  uint64_t version_ = 0;
  bool in_use_ = false;  ///< a program knows where it lies
};

}  // namespace sinter
