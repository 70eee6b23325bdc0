#pragma once

#include "runtime/files/read_file.h"

namespace sinter {

/// The bytes of a file, expanded if it is gzip-compressed (RFC 1952), which its first two bytes tell and not
/// its name. Several compressed members one after another are one file, as gzip has it.
/// Throws InputError, naming the file, if the gzip data is truncated or corrupt, is followed by anything
/// else, or expands to more than `limit` bytes, and as read_file does.
std::vector<uint8_t> read_gzip_file(const std::filesystem::path& path, int64_t limit = largest_file);

}  // namespace sinter
