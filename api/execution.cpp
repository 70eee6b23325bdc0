#include "api/execution.h"

#include "runtime/kernel_cache.h"

namespace sinter {

void check_option(std::string_view name, double value, double least, double most) {
  if (value >= least && value <= most) return;  // not so of NaN
  fail_input("{} is {}; expected a number from {} to {}", name, value, least, most);
}

std::shared_ptr<ThreadPool> make_pool(const ExecutionOptions& options) {
  check_option("threads", options.threads, 0, 1024);
  return std::make_shared<ThreadPool>(options.threads > 0 ? options.threads : usable_cores());
}

BackendOptions backend_options(const ExecutionOptions& options) {
  BackendOptions result{.warn = options.warn};
  if (!options.kernel_cache.empty())
    result.kernels = std::make_shared<KernelCache>(
        KernelCacheOptions{.folder = options.kernel_cache, .warn = options.warn});
  return result;
}

}  // namespace sinter
