#include "api/execution.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <ranges>

#include "runtime/kernel_cache.h"

namespace sinter {
namespace {

InstructionSet instruction_set(std::string_view name) {
  const auto names = std::views::keys(instruction_set_names);
  const auto found = std::ranges::find(names, name);
  if (found == names.end())
    fail_input("instruction_set is \"{}\"; expected one of {}", name, fmt::join(names, ", "));
  return instruction_set_names[found - names.begin()].second;
}

}  // namespace

void check_option(std::string_view name, double value, double least, double most) {
  if (value >= least && value <= most) return;  // not so of NaN
  fail_input("{} is {}; expected a number from {} to {}", name, value, least, most);
}

std::shared_ptr<ThreadPool> make_pool(const ExecutionOptions& options) {
  check_option("threads", options.threads, 0, 1024);
  return std::make_shared<ThreadPool>(options.threads > 0 ? options.threads : usable_cores());
}

BackendOptions backend_options(const ExecutionOptions& options) {
  if (options.kernel_cache_limit < 0)
    fail_input("kernel_cache_limit is {}; expected 0 or more bytes", options.kernel_cache_limit);
  BackendOptions result{.debug_symbols = options.jit_symbols,
                        .instruction_set = instruction_set(options.instruction_set),
                        .warn = options.warn};
  if (!options.kernel_cache.empty())
    result.kernels = std::make_shared<KernelCache>(KernelCacheOptions{
        .folder = options.kernel_cache, .limit = options.kernel_cache_limit, .warn = options.warn});
  return result;
}

}  // namespace sinter
