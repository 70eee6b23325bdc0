#include "backends/jit/engine.h"

#include <llvm/ExecutionEngine/Orc/LLJIT.h>
#include <llvm/Support/MemoryBuffer.h>

#include <future>
#include <map>
#include <mutex>

#include "backends/jit/code_generator.h"
#include "ir/error.h"

namespace sinter::jit {
namespace {

template <typename T>
T value_or_fail(llvm::Expected<T> expected, std::string_view doing) {
  if (!expected) fail("LLVM failed {}: {}", doing, llvm::toString(expected.takeError()));
  return std::move(*expected);
}

}  // namespace

struct Engine::State {
  CpuTarget cpu;
  std::unique_ptr<llvm::orc::LLJIT> jit;
  std::mutex mutex;
  std::map<std::string, std::shared_future<Function>> functions;  ///< by the kernel's text

  Function make(const Kernel& kernel, const std::string& name) {
    CodeGenerator generator(cpu);
    auto object = generator.object(kernel, name);
    if (auto error = jit->addObjectFile(std::move(object)))
      fail("LLVM failed to link kernel {}: {}", kernel.name, llvm::toString(std::move(error)));
    return value_or_fail(jit->lookup(name), "to find a kernel").toPtr<Function>();
  }
};

Engine::Engine(const CpuTarget& cpu) : state_(std::make_unique<State>()) {
  state_->cpu = cpu;
  CodeGenerator generator(cpu);  // makes LLVM know the target
  state_->jit = value_or_fail(llvm::orc::LLJITBuilder().create(), "to start its JIT");
}

Engine::~Engine() = default;
const CpuTarget& Engine::cpu() const { return state_->cpu; }

Engine::Function Engine::compile(const Kernel& kernel) {
  std::promise<Function> promise;
  std::shared_future<Function> made_by_another;
  std::string name;
  {
    const std::lock_guard lock(state_->mutex);
    const auto [entry, is_new] = state_->functions.try_emplace(to_string(kernel));
    if (is_new)
      entry->second = promise.get_future().share();
    else
      made_by_another = entry->second;
    name = fmt::format("sinter_{}_{}", kernel.name, state_->functions.size());
  }
  if (made_by_another.valid()) return made_by_another.get();
  try {
    const Function function = state_->make(kernel, name);
    promise.set_value(function);
    return function;
  } catch (...) {
    promise.set_exception(std::current_exception());
    throw;
  }
}

}  // namespace sinter::jit
