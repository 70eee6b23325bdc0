#include "cli/wrong_cases.h"

#include <zlib.h>

#include <algorithm>
#include <array>

#include "runtime/files/read_file.h"

namespace sinter::cli {
namespace {

struct WrongCase {
  uint32_t checksum;  ///< CRC-32 of output_0.pb
  std::string_view reason;
};

constexpr std::array wrong_cases = {
    WrongCase{0x9f418843,  // test_adam_multiple, ONNX 1.12
              "its expected numbers are for epsilon = 0.01, where its model has the default, 1e-06"},
};

}  // namespace

std::optional<std::string_view> why_wrong(const std::filesystem::path& data_set) {
  const auto bytes = read_file(data_set / "output_0.pb");
  const auto checksum = static_cast<uint32_t>(crc32_z(0, bytes.data(), bytes.size()));
  const auto found = std::ranges::find(wrong_cases, checksum, &WrongCase::checksum);
  if (found == wrong_cases.end()) return std::nullopt;
  return found->reason;
}

}  // namespace sinter::cli
