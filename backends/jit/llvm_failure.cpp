#include "backends/jit/llvm_failure.h"

#include <llvm/Support/ErrorHandling.h>

#include <csetjmp>

namespace sinter::jit {
namespace {

thread_local std::jmp_buf* way_out = nullptr;
thread_local std::string reason;

// No exception: LLVM's frames are not made for any.
void leave(void*, const char* message, bool) {
  if (way_out == nullptr) return;  // not our work: the process ends as it would without us
  reason = message;
  std::longjmp(*way_out, 1);
}

struct NoWayOut {
  ~NoWayOut() { way_out = nullptr; }
};

}  // namespace

std::optional<std::string> failure_of(const std::function<void()>& work) {
  [[maybe_unused]] static const bool installed = (llvm::install_fatal_error_handler(leave), true);
  const NoWayOut at_the_end;
  std::jmp_buf here;
  if (setjmp(here) != 0) return reason;
  way_out = &here;
  work();
  return std::nullopt;
}

}  // namespace sinter::jit
