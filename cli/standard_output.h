#pragma once

#include <string_view>

namespace sinter::cli {

/// Writes a command's result to standard output, to the last byte. Throws Error where that fails, as on a
/// full disk. A reader that has had enough, such as `head`, ends the process without a word (SIGPIPE).
void write_result(std::string_view text);

}  // namespace sinter::cli
