#pragma once

#include "backends/jit/kernel_builder.h"

namespace sinter::jit {

/// Calls with the place of each vector of a run of elements, and with what is there of the last where it is
/// not whole.
void for_vectors(KernelBuilder& k, int64_t elements,
                 const std::function<void(const Index& at, const std::optional<Index>& count)>& body);

/// Zeros from place `from` on.
void zero_run(KernelBuilder& k, BufferId buffer, const Index& from, int64_t elements);

}  // namespace sinter::jit
