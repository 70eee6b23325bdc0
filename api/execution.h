#pragma once

#include <memory>
#include <sinter/execution.hpp>

#include "backends/backend_options.h"
#include "ir/graph.h"
#include "runtime/thread_pool.h"

namespace sinter {

/// Throws InputError for a number of threads that is none.
std::shared_ptr<ThreadPool> make_pool(const ExecutionOptions& options);
/// Throws InputError for an instruction set that is none, and a limit below 0.
BackendOptions backend_options(const ExecutionOptions& options);

/// Throws InputError that names the option unless its value is a finite number within these.
void check_option(std::string_view name, double value, double least, double most);

inline constexpr double largest_batch = 1 << 20;

}  // namespace sinter
