#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

namespace sinter {

/// Files are read whole, so what is larger is taken for a mistake. Bytes.
inline constexpr int64_t largest_file = int64_t{8} << 30;

/// The bytes of a file. Throws InputError, naming the file and the reason, if it cannot be read or holds more
/// than `limit` bytes.
std::vector<uint8_t> read_file(const std::filesystem::path& path, int64_t limit = largest_file);

}  // namespace sinter
