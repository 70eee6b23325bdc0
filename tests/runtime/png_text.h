#pragma once

#include <zlib.h>

#include <cstdint>
#include <string>

namespace sinter {

inline void append_big_endian(std::string& text, uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) text += static_cast<char>(value >> shift);
}

inline std::string png_chunk(const std::string& type, const std::string& data) {
  std::string text;
  append_big_endian(text, static_cast<uint32_t>(data.size()));
  text += type + data;
  const std::string summed = type + data;
  const auto* bytes = reinterpret_cast<const Bytef*>(summed.data());
  append_big_endian(text, static_cast<uint32_t>(crc32(0, bytes, static_cast<uInt>(summed.size()))));
  return text;
}

/// A PNG from its parts, of kinds that write_png does not make. `rows` has a filter byte before each row.
inline std::string png(uint32_t width, uint32_t height, char depth, char colour, const std::string& rows,
                       const std::string& more_chunks = "") {
  std::string header;
  append_big_endian(header, width);
  append_big_endian(header, height);
  header += {depth, colour, 0, 0, 0};
  uLongf length = compressBound(rows.size());
  std::string packed(length, '\0');
  compress(reinterpret_cast<Bytef*>(packed.data()), &length, reinterpret_cast<const Bytef*>(rows.data()),
           rows.size());
  packed.resize(length);
  return "\x89PNG\r\n\x1a\n" + png_chunk("IHDR", header) + more_chunks + png_chunk("IDAT", packed) +
         png_chunk("IEND", "");
}

}  // namespace sinter
