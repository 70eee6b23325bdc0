#include "backends/jit/instruction_set.h"

#include <llvm/ADT/StringMap.h>
#include <llvm/TargetParser/Host.h>

#include <vector>

#include "ir/error.h"

namespace sinter::jit {
namespace {

// Of vectors of 512 bits: AVX-512 has 32 registers of that size, AVX2 16 of half, SSE2 16 of a quarter.
constexpr int avx512_registers = 32, avx2_registers = 8, baseline_registers = 4;

int registers_of(bool avx512, bool avx2) {
  return avx512 ? avx512_registers : avx2 ? avx2_registers : baseline_registers;
}

CpuTarget host_target(const llvm::StringMap<bool>& features) {
  std::vector<std::string> words;
  for (const auto& feature : features) words.push_back((feature.second ? "+" : "-") + feature.first().str());
  const auto has = [&](llvm::StringRef name) { return features.lookup(name); };
  const bool avx512 = has("avx512f") && has("avx512vl");
  return {llvm::sys::getHostCPUName().str(), fmt::format("{}", fmt::join(words, ",")), avx512,
          registers_of(avx512, has("avx2") && has("fma"))};
}

}  // namespace

CpuTarget cpu_target(InstructionSet set) {
  const llvm::StringMap<bool> features = llvm::sys::getHostCPUFeatures();
  const auto needs = [&](std::initializer_list<llvm::StringRef> names, std::string_view what) {
    for (const llvm::StringRef name : names)
      if (!features.lookup(name)) fail_input("this CPU has no {} ({})", what, name.str());
  };
  switch (set) {
    case InstructionSet::host:
      return host_target(features);
    case InstructionSet::baseline:
      return {"x86-64", "", false, baseline_registers};
    case InstructionSet::avx2:
      needs({"avx2", "fma", "bmi2"}, "AVX2");
      return {"x86-64-v3", "", false, avx2_registers};
    case InstructionSet::avx512:
      needs({"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"}, "AVX-512");
      return {"x86-64-v4", "", true, avx512_registers};
  }
  require(false, "a known instruction set");
  return {};
}

std::string_view instruction_set_name(const CpuTarget& target) {
  return target.has_avx512 ? "AVX-512" : target.vector_registers == avx2_registers ? "AVX2" : "SSE2";
}

}  // namespace sinter::jit
