#include "backends/jit/debug_symbols.h"

#include <elf.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>

#include "backends/jit/engine.h"
#include "backends/jit/kernel_builder.h"

// As gdb knows them.
extern "C" {
struct jit_code_entry {
  jit_code_entry *next, *previous;
  const std::byte* object;
  uint64_t object_bytes;
};
struct jit_descriptor {
  uint32_t version, action;
  jit_code_entry *relevant, *first;
};
extern jit_descriptor __jit_debug_descriptor;
}

namespace sinter::jit {
namespace {

Kernel copy_of(int64_t elements) {
  KernelBuilder k("copy + nothing");
  const Type type{DType::f32, {elements}, {}};
  const BufferId x = k.argument("x", type, 0), y = k.argument("y", type, 1);
  const Index at = 16 * k.parallel({{"block", elements / 16}})[0];
  k.store({.buffer = y, .index = at}, k.load({.buffer = x, .index = at}, true));
  return k.finish();
}

// The address of the first section of code, as the object says it.
uint64_t code_address(const jit_code_entry& entry) {
  Elf64_Ehdr header;
  std::memcpy(&header, entry.object, sizeof header);
  for (size_t i = 0; i < header.e_shnum; ++i) {
    Elf64_Shdr section;
    std::memcpy(&section, entry.object + header.e_shoff + i * sizeof section, sizeof section);
    if ((section.sh_flags & SHF_EXECINSTR) != 0 && section.sh_size > 0) return section.sh_addr;
  }
  return 0;
}

TEST(JitDebugSymbols, PerfAndGdbAreToldWhereAKernelIs) {
  const std::filesystem::path map = fmt::format("/tmp/perf-{}.map", getpid());
  std::filesystem::remove(map);
  {
    Engine engine(cpu_target(InstructionSet::host), {.debug_symbols = true});
    const auto address = reinterpret_cast<uint64_t>(engine.compile(copy_of(32)));
    std::string line;
    std::getline(std::ifstream(map) >> std::ws, line);
    EXPECT_EQ(line.find(fmt::format("{:x} ", address)), 0U) << line;
    EXPECT_NE(line.find(" sinter_copy___nothing_"), std::string::npos) << line;
    ASSERT_NE(__jit_debug_descriptor.first, nullptr);
    EXPECT_EQ(__jit_debug_descriptor.first, __jit_debug_descriptor.relevant);
    EXPECT_EQ(code_address(*__jit_debug_descriptor.first), address);
    engine.compile(copy_of(48));
    EXPECT_NE(__jit_debug_descriptor.first->next, nullptr);
  }
  EXPECT_EQ(__jit_debug_descriptor.first, nullptr);
  std::filesystem::remove(map);
}

TEST(JitDebugSymbols, AreNotMadeUnlessAskedFor) {
  Engine engine(cpu_target(InstructionSet::host));
  engine.compile(copy_of(32));
  EXPECT_FALSE(std::filesystem::exists(fmt::format("/tmp/perf-{}.map", getpid())));
  EXPECT_EQ(__jit_debug_descriptor.first, nullptr);
}

}  // namespace
}  // namespace sinter::jit
