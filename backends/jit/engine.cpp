#include "backends/jit/engine.h"

#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

#include "backends/jit/code_generator.h"
#include "backends/jit/debug_symbols.h"
#include "backends/jit/kernel_key.h"
#include "backends/jit/machine_code.h"
#include "backends/jit/verify_kernel.h"
#include "ir/error.h"

namespace sinter::jit {
namespace {

/// A kernel on its way to code.
struct Job {
  Kernel kernel;  ///< until it is done
  const std::string* key = nullptr;
  bool taken = false;  ///< by the thread that makes its code
  bool done = false;
  std::exception_ptr error = nullptr;
  std::optional<MachineCode> code = {};
  std::optional<DebugSymbols> symbols = {};
};

std::string first_line(std::string_view text) { return std::string(text.substr(0, text.find('\n'))); }

}  // namespace

struct Engine::State {
  /// A generator that no other thread uses meanwhile: making one takes a while.
  class GeneratorLoan {
   public:
    explicit GeneratorLoan(State& state) : state_(state) {
      {
        const std::lock_guard lock(state_.mutex);
        if (!state_.idle.empty()) {
          generator_ = std::move(state_.idle.back());
          state_.idle.pop_back();
        }
      }
      if (generator_ == nullptr) generator_ = make_code_generator(state_.cpu);
    }
    ~GeneratorLoan() {
      const std::lock_guard lock(state_.mutex);
      state_.idle.push_back(std::move(generator_));
    }
    GeneratorLoan(const GeneratorLoan&) = delete;
    GeneratorLoan& operator=(const GeneratorLoan&) = delete;
    CodeGenerator* operator->() const { return generator_.get(); }

   private:
    State& state_;
    std::unique_ptr<CodeGenerator> generator_;
  };

  CpuTarget cpu;
  EngineOptions options;
  std::mutex mutex;
  std::condition_variable done;
  std::map<std::string, Job> jobs;  ///< by key_of()
  std::vector<Job*> waiting;        ///< started, some of them taken since
  unsigned workers = 0;             ///< running
  std::vector<std::unique_ptr<CodeGenerator>> idle;
  std::vector<std::jthread> threads;

  // Gives the kernel's job, and whether it is new.
  std::pair<Job&, bool> job_of(const Kernel& kernel) {
    std::string key = key_of(kernel, cpu);
    const auto found = jobs.find(key);
    if (found != jobs.end()) return {found->second, false};
    const auto entry = jobs.try_emplace(std::move(key)).first;
    entry->second.kernel = kernel;
    entry->second.key = &entry->first;
    return {entry->second, true};
  }

  void work() {
    std::unique_lock lock(mutex);
    while (Job* job = next()) run(*job, lock);
    --workers;
  }

  // The kernel that waits with the longest text, which takes the longest to compile: left to the last, it
  // would keep one thread at work and the others idle. Null: none waits.
  Job* next() {
    std::erase_if(waiting, [](const Job* job) { return job->taken; });
    const auto longest =
        std::ranges::max_element(waiting, {}, [](const Job* job) { return job->key->size(); });
    return longest == waiting.end() ? nullptr : *longest;
  }

  // Lets go of the lock while it works.
  void run(Job& job, std::unique_lock<std::mutex>& lock) {
    job.taken = true;
    lock.unlock();
    try {
      make(job);
    } catch (...) {
      job.error = std::current_exception();
    }
    lock.lock();
    job.kernel = {};
    job.done = true;
    done.notify_all();
  }

  void make(Job& job) {
    const std::string symbol = symbol_of(job.kernel, *job.key);
    auto object = options.store != nullptr ? options.store->find(*job.key) : std::nullopt;
    if (!object || !loads(*object, symbol, job)) {
      object = compile(job, symbol);
      if (options.store != nullptr) options.store->keep(*job.key, *object);
    }
    if (options.debug_symbols) job.symbols.emplace(*job.code, *object, symbol);
  }

  // An object of the store may be no code after all: it is made anew then, and replaced.
  static bool loads(std::span<const std::byte> object, const std::string& symbol, Job& job) {
    try {
      job.code.emplace(object, symbol);
      return true;
    } catch (const Error&) {
      return false;
    }
  }

  std::vector<std::byte> compile(Job& job, const std::string& symbol) {
    const GeneratorLoan generator(*this);  // throws where there is no LLVM: no fault of the kernel's
    try {
      verify_kernel(job.kernel);
      auto object = generator->object(job.kernel, symbol);
      job.code.emplace(object, symbol);
      return object;
    } catch (const InternalError& error) {
      refuse(job.kernel, symbol, error.what());
    } catch (const Error& error) {
      refuse(job.kernel, symbol, error.what());
    }
  }

  [[noreturn]] void refuse(const Kernel& kernel, const std::string& symbol, const std::string& why) {
    const std::string text = fmt::format("# {}\n{}", first_line(why), to_string(kernel));
    const auto file = options.store != nullptr ? options.store->keep_refused(symbol, text) : std::nullopt;
    fail("kernel {} is refused: {}; {}", kernel.name, first_line(why),
         file ? "its text is in " + *file : "its text is\n" + to_string(kernel));
  }
};

Engine::Engine(const CpuTarget& cpu, EngineOptions options) : state_(std::make_unique<State>()) {
  state_->cpu = cpu;
  state_->options = std::move(options);
}

Engine::~Engine() {
  const std::lock_guard lock(state_->mutex);
  // Its threads end after what they are at, and are waited for as they are destroyed.
  state_->waiting.clear();
}

const CpuTarget& Engine::cpu() const { return state_->cpu; }

void Engine::start(const Kernel& kernel) {
  const std::lock_guard lock(state_->mutex);
  const auto [job, is_new] = state_->job_of(kernel);
  if (!is_new) return;
  state_->waiting.push_back(&job);
  const unsigned others = std::max(1U, std::thread::hardware_concurrency()) - 1;
  if (state_->workers >= others) return;
  ++state_->workers;
  state_->threads.emplace_back([state = state_.get()] { state->work(); });
}

Engine::Function Engine::compile(const Kernel& kernel) {
  std::unique_lock lock(state_->mutex);
  Job& job = state_->job_of(kernel).first;
  while (!job.done) {
    Job* other = state_->next();
    if (other != nullptr || !job.taken)
      state_->run(other != nullptr ? *other : job, lock);
    else
      state_->done.wait(lock);
  }
  if (job.error) std::rethrow_exception(job.error);
  return reinterpret_cast<Function>(reinterpret_cast<uintptr_t>(job.code->entry()));
}

}  // namespace sinter::jit
