#include "cli/standard_output.h"

#include <cerrno>
#include <cstdio>
#include <system_error>

#include "ir/error.h"

namespace sinter::cli {

void write_result(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0) return;
  fail("cannot write to standard output: {}", std::generic_category().message(errno));
}

}  // namespace sinter::cli
