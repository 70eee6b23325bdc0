#pragma once

#include <functional>
#include <optional>
#include <string>

namespace sinter::jit {

/// Runs `work`, in which LLVM may give up: where it would end the process (llvm::report_fatal_error), `work`
/// is left as it stands instead. Gives why; nothing: it came to its end. What abandoned work had under
/// construction must neither be used nor destroyed any more: it is lost. Exceptions pass.
std::optional<std::string> failure_of(const std::function<void()>& work);

}  // namespace sinter::jit
