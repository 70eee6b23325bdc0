#include "backends/jit/debug_symbols.h"

#include <elf.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>
#include <mutex>
#include <vector>

// What gdb looks for by name: a list of object files in memory, and a function in which it stops to read it.
extern "C" {

struct jit_code_entry {
  jit_code_entry* next;
  jit_code_entry* previous;
  const std::byte* object;
  uint64_t object_bytes;
};

struct jit_descriptor {
  uint32_t version;
  uint32_t action;  // none, register, unregister
  jit_code_entry* relevant;
  jit_code_entry* first;
};

[[gnu::used]] jit_descriptor __jit_debug_descriptor = {1, 0, nullptr, nullptr};
[[gnu::used, gnu::noinline]] void __jit_debug_register_code() { asm volatile("" ::: "memory"); }
}

namespace sinter::jit {
namespace {

std::mutex list_mutex;

enum class Action : uint32_t { none, add, remove };

void tell_gdb(Action action, jit_code_entry& entry) {
  __jit_debug_descriptor.action = static_cast<uint32_t>(action);
  __jit_debug_descriptor.relevant = &entry;
  __jit_debug_register_code();
}

// A copy of the object whose sections say where they lie in memory.
std::vector<std::byte> placed(const MachineCode& code, std::span<const std::byte> object) {
  std::vector<std::byte> copy(object.begin(), object.end());
  Elf64_Ehdr header;
  std::memcpy(&header, copy.data(), sizeof header);
  for (size_t i = 0; i < header.e_shnum; ++i) {
    const auto address = reinterpret_cast<uint64_t>(code.section(i));
    std::byte* const section = copy.data() + header.e_shoff + i * sizeof(Elf64_Shdr);
    std::memcpy(section + offsetof(Elf64_Shdr, sh_addr), &address, sizeof address);
  }
  return copy;
}

// One write a line, so that those of several threads do not mix.
void write_perf_map(const MachineCode& code, const std::string& name) {
  const std::string path = fmt::format("/tmp/perf-{}.map", getpid());
  const int file = open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0644);
  if (file < 0) return;
  const std::string line =
      fmt::format("{:x} {:x} {}\n", reinterpret_cast<uintptr_t>(code.entry()), code.function_bytes(), name);
  [[maybe_unused]] const ssize_t written = write(file, line.data(), line.size());
  close(file);
}

}  // namespace

struct DebugSymbols::Entry {
  std::vector<std::byte> object;
  jit_code_entry listed = {};
};

DebugSymbols::DebugSymbols(const MachineCode& code, std::span<const std::byte> object,
                           const std::string& name)
    : entry_(std::make_unique<Entry>(Entry{placed(code, object)})) {
  write_perf_map(code, name);
  const std::lock_guard lock(list_mutex);
  jit_code_entry& entry = entry_->listed;
  entry = {__jit_debug_descriptor.first, nullptr, entry_->object.data(), entry_->object.size()};
  if (entry.next != nullptr) entry.next->previous = &entry;
  __jit_debug_descriptor.first = &entry;
  tell_gdb(Action::add, entry);
}

DebugSymbols::~DebugSymbols() {
  const std::lock_guard lock(list_mutex);
  jit_code_entry& entry = entry_->listed;
  (entry.previous != nullptr ? entry.previous->next : __jit_debug_descriptor.first) = entry.next;
  if (entry.next != nullptr) entry.next->previous = entry.previous;
  tell_gdb(Action::remove, entry);
}

}  // namespace sinter::jit
